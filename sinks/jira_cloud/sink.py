"""A Jira Cloud site: what it reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from pydantic import BaseModel, Field

from provisioning.model.frames import Accounts, AccountState, Action, Change, Screened, concat
from provisioning.model.intake import Fields
from sinks import Applied, Observation, bundled_by_person, groups_named
from sinks.jira_cloud.site import USERS_A_PAGE, Group, JiraSite, Role
from sinks.jira_cloud.write import ACTIONS, JiraWriter
from sinks.kit import cloud_rows
from sinks.kit.cloud_site import CloudSite, Inability, SiteOptions
from sinks.kit.one_pass import Streams
from transport.errors import TransportError

FIELDS = Fields(
    {
        "account_id": "accountId",
        "email": "emailAddress",
        "display_name": "displayName",
        "kind": "accountType",
        "active": "active",
    }
)
"""Which field of a user fills which column."""
CANNOT = (
    ("life of accounts",
     "a site cannot suspend, deactivate or delete accounts, nor change names and addresses",
     "Leavers are revoked and removed here; for more use atlassian_org or atlassian_scim."),
    ("last activity", "Jira Cloud tells nobody's last activity, so no seat here is ever called idle",
     "Read the organisation (atlassian_org) or its export beside, which know it."),
    ("seats without a group", "a product given to a person without a group is seen, and cannot be taken here",
     "Take it on the admin site, remove the person, or use atlassian_org."),
)  # fmt: skip
"""What this route cannot do: said by `check`, and refused before a request."""
ASKED = 1000
"""Users a read asks one by one about a product, where the site counts more than its groups explain."""


class JiraCloudOptions(SiteOptions):
    """What a connection of kind `jira_cloud` may say."""

    page_size: int = Field(USERS_A_PAGE, ge=1, le=USERS_A_PAGE, description="Users a page.")


class JiraCloud(CloudSite[Group]):
    """One site."""

    kind: ClassVar[str] = "jira_cloud"
    Options: ClassVar[type[BaseModel]] = JiraCloudOptions
    actions: ClassVar[frozenset[Action]] = ACTIONS
    look_size: ClassVar[int] = 1
    fields: ClassVar[Fields] = FIELDS
    cannot: ClassVar[Inability] = CANNOT

    # Reading

    def read(self) -> Streams:
        """One pass over the whole site; seats follow from groups or stand alone, their use is unknown."""
        roles = self._site.roles()
        groups = self._remember(self._site.groups(roles))
        accounts = self._pages(self._site.users())
        members = self._site.members(list(groups.values()))
        counts = {role.key: (role.seats, role.used) for role in roles}
        direct = self._direct(accounts, members, roles)
        return self._streams(accounts, members, _openings(groups.values()), counts, direct)

    def _direct(
        self, accounts: Sequence[Screened], members: Mapping[str, list[str]], roles: Sequence[Role]
    ) -> list[tuple[str, str]]:
        """Account and product of the seats that were given on the admin site without a group.

        No listing tells them, but the site counts them: who might hold one is asked until all are found.
        """
        people = concat(Accounts, [page.frame for page in accounts])
        paying = (people["state"] == AccountState.ACTIVE.value) & (people["kind"] == "person")
        ids = dict.fromkeys(people.loc[paying, "account_id"])
        seated = {
            role.key: {key for group in role.groups for key in members.get(group, ())} & ids.keys()
            for role in roles
        }
        missing = {role.key: role.used - len(seated[role.key]) for role in roles}
        missing = {product: number for product, number in missing.items() if number > 0}
        asked = [key for key in ids if any(key not in seated[product] for product in missing)]
        found: list[tuple[str, str]] = []
        for key, opened in self._site.opened_to(asked[:ASKED]):
            mine = [product for product in opened & missing.keys() if key not in seated[product]]
            found += [(key, product) for product in mine]
            missing = {product: number - (product in mine) for product, number in missing.items()}
            if not any(number > 0 for number in missing.values()):
                break
        return sorted(found)

    def list_groups(self) -> list[Group]:
        """Read all groups and the products they open."""
        return self._site.groups(self._site.roles())

    def observe(
        self, account_ids: Sequence[str], emails: Sequence[str], groups: Sequence[str] = ()
    ) -> Observation:
        """Read a few accounts afresh, one request for each with its groups.

        Products held without a group are left out, for nothing can be done to them here.
        """
        asked = {email: self._by_email.get(email.casefold()) or self._site.find(email) for email in emails}
        shown = {key: email for email, key in asked.items() if key}
        rows = self._site.some_users(list(dict.fromkeys([*account_ids, *shown])))
        for row in rows:
            row.setdefault("emailAddress", shown.get(row["accountId"]))
        accounts = [page.frame for page in self._pages([rows])]
        held = [(row["accountId"], g["groupId"], g["name"]) for row in rows for g in row["groups"]]
        there = groups_named(self._site.group_names(groups)) if groups else None
        return Observation(concat(Accounts, accounts), cloud_rows.held_by(self.name, held), there)

    # Writing

    def bundle(self, change: Change) -> str:
        """Letting a person in takes the products of the granted groups along; any other change goes alone."""
        return bundled_by_person(change)

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle.

        Raises:
            Refused: it must not be made; nothing was sent.
            TransportError: it did not happen, or its outcome is not known.
        """
        self.end_pass()
        return JiraWriter(self._client, self).apply(changes)

    # Checking

    def sights(self) -> Mapping[str, Callable[[], object]]:
        """What a check tries."""
        site = self._site
        return {
            "token": lambda: site.get("myself"),
            "rights": self._rights,
            "users": lambda: site.get("users/search", maxResults="1"),
            "groups": lambda: site.get("group/bulk", maxResults="1"),
            "products": site.roles,
        }

    def _rights(self) -> None:
        """Ask for the two permissions without which lists come back empty or refused."""
        told = self._site.get("mypermissions", permissions="ADMINISTER,USER_PICKER")["permissions"]
        lacking = [row["name"] for row in told.values() if not row["havePermission"]]
        if lacking:
            raise TransportError(
                f"the token lacks {' and '.join(lacking)}",
                remedy="Use the token of a site administrator, or give that account the permission.",
            )

    @cached_property
    def caller(self) -> str:
        """The account whose token it is."""
        return str(self._site.get("myself")["accountId"])

    @cached_property
    def _site(self) -> JiraSite:
        return JiraSite(self._client, self._options.page_size)


def _openings(groups: Iterable[Group]) -> list[cloud_rows.Opening]:
    """One row per group and product it opens."""
    return [
        cloud_rows.Opening(
            group.group_id, group.name, product, group.admin, product in group.default_of, group.modifiable
        )
        for group in groups
        for product in group.opens or (None,)
    ]
