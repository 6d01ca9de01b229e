"""The rules a policy file states, as values: scope, mapping, lifecycle, limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from provisioning.policy.filters import Filter
from provisioning.policy.transform import Attribute, Rename
from provisioning.policy.values import Duration

AccountField = Literal[
    "email", "user_name", "display_name", "given_name", "family_name", "title", "department", "organization"
]
"""What of an account can be written."""
LinkKey = Literal["link", "external_id", "email", "user_name"]
Globs = list[str]


class Strict(BaseModel):
    """A part of the policy; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Scope(Strict):
    """Which identities of a source Seatwise provisions; all that is stated must hold."""

    groups: Globs = Field(
        [],
        description="Patterns or identifiers of IdP groups, one of which a person must be in; one that is "
        "renamed counts as before. Without any, everyone is in scope.",
        examples=[["atl-*"]],
    )
    exclude_groups: Globs = Field(
        [],
        description="Patterns or identifiers of IdP groups whose members are left out, whatever else they "
        "are in. By one that is renamed nobody gets and nobody loses anything.",
        examples=[["contractors-emea"]],
    )
    nested: bool = Field(
        True,
        description="Whether being in a group through another group counts, for the scope and for what "
        "people get.",
        examples=[False],
    )
    filter: Filter | None = Field(
        None,
        description="SCIM filter over the attributes of a person, such as department, title or userType. "
        "Times may be counted back: `60d ago`. Whoever it cannot decide about, because too little is known "
        "of the last sign-in, loses nothing and gets nothing.",
        examples=['userType eq "Employee" and not (department eq "Test")'],
    )


class SourceRules(Strict):
    """One source and its scope.

    Order is precedence when two sources state the same person; who departed from one of them and works by
    another, in scope, has moved there.
    """

    origin: str = Field(alias="from", description="Name of the connection to read.", examples=["okta-main"])
    scope: Scope = Field(
        Scope(),
        description="Which people of this source are provisioned.",
        examples=[{"groups": ["atl-*"], "nested": True}],
    )
    full_every: Duration = Field(
        timedelta(days=1),
        description="How often it is read whole; in between only what changed is, where the source tells. "
        "A deletion the source does not tell of is seen this late at most. 0d: always whole.",
        examples=["12h"],
    )


class Defaults(Strict):
    """Groups that accounts get without asking and that a sync never takes from someone who stays."""

    new: list[str] = Field(
        [], description="Groups for accounts that Seatwise creates.", examples=[["jira-software-users"]]
    )
    all: list[str] = Field(
        [], description="Groups for every active account in scope.", examples=[["all-staff"]]
    )


class Groups(Strict):
    """How IdP groups become groups of the target.

    `map` comes first, then the first rule of `rename` that fits, then `same_name`.
    """

    default: Defaults = Field(
        Defaults(),
        description="Groups that need no IdP group.",
        examples=[{"new": ["jira-software-users"], "all": ["all-staff"]}],
    )
    map: dict[str, list[str]] = Field(
        {},
        description="Name or identifier of an IdP group to the target groups its members get.",
        examples=[{"atl-jira-dev": ["jira-software-users", "developers"]}],
    )
    rename: list[Rename] = Field(
        [],
        description="Rules that make the target group's name out of the IdP group's; the first that fits "
        "counts.",
        examples=[[{"regex": "^APP-(.*)$", "to": "$1", "transform": ["lower"]}]],
    )
    same_name: bool = Field(
        False,
        description="Whether an IdP group that no rule names stands for the target group of the same name.",
        examples=[True],
    )
    may_add: Globs = Field(
        ["*"],
        description="Patterns of target groups that Seatwise may put people into.",
        examples=[["jira-*", "confluence-*"]],
    )
    may_remove: Globs = Field(
        [],
        description="Patterns of target groups that Seatwise may take people out of. Without any, nobody "
        "who stays leaves a group.",
        examples=[["jira-*", "developers"]],
    )
    manage: Globs = Field(
        [],
        description="Patterns of target groups to take over: also members whom others put there may be "
        "removed. From every other group only those are taken whom Seatwise put there.",
        examples=[["developers"]],
    )
    create_missing: bool = Field(
        False,
        description="Whether groups that people should be in and the target lacks are created. The next "
        "run fills them.",
        examples=[True],
    )


class Joiner(Strict):
    """What someone new gets."""

    create: bool = Field(
        True, description="Whether accounts are created for people who have none.", examples=[False]
    )
    reactivate: Literal["ours", "always", "never"] = Field(
        "ours",
        description="Whose suspended or deactivated accounts of active people are brought back: `ours` those "
        "that Seatwise suspended or deactivated, `always` also what others did by hand, `never` none.",
        examples=["always"],
    )
    products: list[str] = Field(
        [],
        description="Products for accounts that Seatwise creates, as the target names them.",
        examples=[["jira-software"]],
    )


class Mover(Strict):
    """What follows when someone's attributes or groups change."""

    update: list[AccountField] = Field(
        [], description="Fields of the account kept in step.", examples=[["display_name", "email"]]
    )
    mode: Literal["authoritative", "additive"] = Field(
        "authoritative",
        description="`authoritative` also takes groups that are no longer due, as far as `may_remove` "
        "allows; `additive` never takes a group from someone who stays.",
        examples=["additive"],
    )


class Stage(Strict):
    """One step of a leaver's way out. Stages are listed in the order of their days."""

    after: Duration = Field(
        timedelta(0),
        description="How long after someone was first seen as a leaver.",
        examples=["7d"],
    )
    do: Literal["revoke_seats", "suspend", "deactivate", "remove", "delete"] = Field(
        description="What is done. `delete` and `remove` cannot be undone.", examples=["deactivate"]
    )


def _in_order(stages: list[Stage]) -> list[Stage]:
    waits = [stage.after for stage in stages]
    if waits != sorted(waits):
        raise PydanticCustomError("stages", "leaver stages are expected in the order of their days")
    return stages


Stages = Annotated[list[Stage], AfterValidator(_in_order)]


Cause = Literal["departed", "suspended", "vanished", "outside"]
"""What makes someone a leaver."""


class Leaver(Strict):
    """Stages by what made someone a leaver. Where a cause has none, nothing is taken for it.

    Each cause counts its own days, but whoever departed and is no longer listed afterwards left once.
    """

    departed: Stages = Field(
        [],
        description="For those whom the source calls departed, or whose last working day is over.",
        examples=[[{"after": "0d", "do": "revoke_seats"}, {"after": "90d", "do": "delete"}]],
    )
    suspended: Stages = Field(
        [],
        description="For those suspended at the identity provider, who may be back: nothing is removed or "
        "deleted.",
        examples=[[{"after": "7d", "do": "suspend"}]],
    )
    vanished: Stages = Field(
        [],
        description="For those whom a whole read does not list any more.",
        examples=[[{"after": "3d", "do": "revoke_seats"}]],
    )
    outside: Stages = Field(
        [],
        description="For those who are no longer in the scope of their source.",
        examples=[[{"after": "14d", "do": "revoke_seats"}]],
    )


class Inactive(Strict):
    """When an unused seat of someone who stays is taken back; unknown activity never counts.

    `idle`, `never_used_after` or both must be stated.
    """

    product: str = Field(
        description="Product the rule is for, as the target names it.", examples=["jira-software"]
    )
    idle: Duration | None = Field(
        None, description="A seat last used this long ago, or longer, is taken.", examples=["60d"]
    )
    never_used_after: Duration | None = Field(
        None,
        description="A seat that was never used is taken this long after the account was added.",
        examples=["30d"],
    )
    evidence_within: Duration = Field(
        timedelta(days=30),
        description="How old what is known of last use may be. From older evidence, such as an export that "
        "was kept, nothing is taken.",
        examples=["7d"],
    )
    do: Literal["revoke_seat"] = Field("revoke_seat", description="What is done.", examples=["revoke_seat"])

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.idle is None and self.never_used_after is None:
            raise PydanticCustomError("inactive", "idle or never_used_after is expected")
        return self


class TargetRules(Strict):
    """Everything that decides what one target should hold."""

    to: str = Field(description="Name of the connection to write.", examples=["acme-cloud"])
    full_every: Duration = Field(
        timedelta(days=1),
        description="How often it is read whole; in between only what changed is, where the target tells. "
        "Last use stays as it was read whole. 0d: always whole.",
        examples=["12h"],
    )
    correlate: list[LinkKey] = Field(
        ["link", "external_id", "email", "user_name"],
        description="How a person's account is found, in order: by what an earlier run stored, by the "
        "identifier from the IdP, by address, by user name. Two candidates are listed, never guessed.",
        examples=[["link", "email"]],
    )
    attributes: dict[AccountField, Attribute] = Field(
        {},
        description="Where each field of an account comes from, where not from the attribute of the same "
        "name.",
        examples=[{"display_name": {"template": "{given_name} {family_name}"}}],
    )
    groups: Groups = Field(
        Groups(),
        description="Which groups people get.",
        examples=[{"map": {"atl-jira-dev": ["developers"]}, "may_remove": ["developers"]}],
    )
    joiner: Joiner = Field(
        Joiner(),
        description="Which accounts and products someone new gets.",
        examples=[{"products": ["jira-software"]}],
    )
    mover: Mover = Field(
        Mover(),
        description="What is kept in step when someone's attributes or groups change.",
        examples=[{"update": ["display_name", "email"]}],
    )
    leaver: Stages | Leaver = Field(
        [],
        description="What happens to the account of someone who left, stage by stage: one list for all, or "
        "one for each cause. Without stages nothing is taken from leavers.",
        examples=[[{"after": "0d", "do": "revoke_seats"}, {"after": "7d", "do": "deactivate"}]],
    )
    inactive: list[Inactive] = Field(
        [],
        description="Which unused seats of people who stay are taken back.",
        examples=[[{"product": "jira-software", "idle": "60d"}]],
    )
    sso_name_id: Literal["user_name", "email"] | None = Field(
        None,
        description="What your SSO sends as name id; people whose user name in the target differs from it "
        "could not sign in and are reported.",
        examples=["email"],
    )
    capacity: Literal["stop", "fill"] = Field(
        "stop",
        description="When a plan needs more seats than there are: `stop` waits for approval, `fill` grants "
        "what there are seats for and the rest the next time.",
        examples=["fill"],
    )


class Protect(Strict):
    """Who and what is never in a destructive change, whatever the rest of the policy says."""

    emails: Globs = Field(
        [],
        description="Patterns of addresses or user names of people and service accounts.",
        examples=[["*-svc@acme.test"]],
    )
    groups: Globs = Field(
        [],
        description="Patterns of target groups that nobody is taken out of.",
        examples=[["site-admins", "org-admins"]],
    )
    kinds: list[Literal["app", "customer", "person"]] = Field(
        ["app", "customer"], description="Kinds of accounts.", examples=[["app", "customer"]]
    )
