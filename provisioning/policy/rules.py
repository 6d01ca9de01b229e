"""The rules a policy file states, as values: scope, mapping, lifecycle, limits."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from provisioning.policy.filters import Filter
from provisioning.policy.transform import Attribute, Rename
from provisioning.policy.values import Duration, Share

Field_ = Literal[
    "email", "user_name", "display_name", "given_name", "family_name", "title", "department", "organization"
]
"""What of an account can be written."""
Key = Literal["link", "external_id", "email", "user_name"]
Globs = list[str]


class Strict(BaseModel):
    """A part of the policy; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Scope(Strict):
    """Which identities of a source Seatwise provisions; all that is stated must hold."""

    groups: Globs = Field([], description="IdP groups of which one must be held; none means everyone.")
    exclude_groups: Globs = Field([], description="IdP groups whose members are left out.")
    nested: bool = Field(True, description="Whether membership through another group counts.")
    filter: Filter | None = Field(None, description="SCIM filter over the identity's attributes.")


class SourceRules(Strict):
    """One source and its scope."""

    origin: str = Field(alias="from", description="Connection to read.")
    scope: Scope = Scope()
    full_every: Duration = Field(
        timedelta(days=1),
        description="How often it is read whole; in between only what changed is, where the source tells. "
        "A deletion the source does not tell of is seen this late at most. 0d: always whole.",
    )


class Defaults(Strict):
    """Groups that accounts get without asking and that a sync never takes from someone who stays."""

    new: list[str] = Field([], description="For accounts that Seatwise creates.")
    all: list[str] = Field([], description="For every active account in scope.")


class Groups(Strict):
    """How IdP groups become groups of the target."""

    default: Defaults = Defaults()
    map: dict[str, list[str]] = Field({}, description="IdP group to one or more target groups.")
    rename: list[Rename] = Field([], description="Rules for other IdP groups; the first that fits counts.")
    same_name: bool = Field(False, description="Whether other IdP groups stand for the group so named.")
    may_add: Globs = Field(["*"], description="Target groups Seatwise may put people into.")
    may_remove: Globs = Field([], description="Target groups Seatwise may take people out of.")
    manage: Globs = Field([], description="Target groups taken over, although other hands filled them.")
    create_missing: bool = Field(
        False, description="Whether groups that people should hold and the target lacks are made there."
    )


class Joiner(Strict):
    """What someone new gets."""

    create: bool = Field(True, description="Whether accounts are created.")
    reactivate: bool = Field(True, description="Whether the account of someone active is brought back.")
    products: list[str] = Field([], description="Products for accounts that Seatwise creates.")


class Mover(Strict):
    """What follows when someone's attributes or groups change."""

    update: list[Field_] = Field([], description="Fields of the account kept in step.")
    mode: Literal["authoritative", "additive"] = Field(
        "authoritative", description="Additive never takes a group away."
    )


class Stage(Strict):
    """One step of a leaver's way out, counted from when they were first seen as a leaver."""

    after: Duration = timedelta(0)
    do: Literal["revoke_seats", "suspend", "deactivate", "remove", "delete"]


class Inactive(Strict):
    """When an unused seat of someone who stays is taken back; unknown activity never counts."""

    product: str
    idle: Duration | None = Field(None, description="Time since the last use, inclusive.")
    never_used_after: Duration | None = Field(None, description="Time since the account was added.")
    do: Literal["revoke_seat"] = "revoke_seat"

    @model_validator(mode="after")
    def _says_when(self) -> Self:
        if self.idle is None and self.never_used_after is None:
            raise PydanticCustomError("inactive", "idle or never_used_after is expected")
        return self


class TargetRules(Strict):
    """Everything that decides what one target should hold."""

    to: str = Field(description="Connection to write.")
    correlate: list[Key] = ["link", "external_id", "email", "user_name"]
    attributes: dict[Field_, Attribute] = {}
    groups: Groups = Groups()
    joiner: Joiner = Joiner()
    mover: Mover = Mover()
    leaver: list[Stage] = []
    inactive: list[Inactive] = []
    sso_name_id: Literal["user_name", "email"] | None = Field(
        None, description="What the SSO sends as name id; user names that differ from it are reported."
    )
    capacity: Literal["stop", "fill"] = Field("stop", description="What to do when seats run out.")

    @model_validator(mode="after")
    def _stages_in_order(self) -> Self:
        waits = [stage.after for stage in self.leaver]
        if waits != sorted(waits):
            raise PydanticCustomError("stages", "leaver stages are expected in the order of their days")
        return self


class Protect(Strict):
    """Who and what is never in a destructive change."""

    emails: Globs = []
    groups: Globs = []
    kinds: list[Literal["app", "customer", "person"]] = ["app", "customer"]


class Destructive(Strict):
    """How much one run may take away without a person looking."""

    count: Annotated[int, Field(ge=0, description="Destructive changes.")] = 50
    share: Share = Field(0.05, description="Accounts that lose something, of all linked accounts.")


class Limits(Strict):
    """Above these a run holds for a person."""

    destructive: Destructive = Destructive()
    source_drop: Share = Field(0.10, description="Fewer rows than in the last complete read.")
    segment_drop: Share = Field(0.40, description="The same within one domain or department.")
    failures: Share = Field(0.20, description="Failed changes of those tried; then the run stops.")


class Approve(Strict):
    """When and how long a person is asked."""

    above: Literal["limits", "always"] = "limits"
    timeout: Duration = timedelta(hours=24)
    second_person_above: Annotated[int, Field(ge=0)] | None = None


class Report(Strict):
    """How the licence report counts and groups."""

    idle: Duration = timedelta(days=60)
    by: list[Literal["department", "cost_center", "organization", "user_type", "title", "manager"]] = [
        "department",
        "cost_center",
    ]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
