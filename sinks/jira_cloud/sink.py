"""A Jira Cloud site: what it reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import Fields
from provisioning.model.frames import Accounts, Change, concat
from provisioning.model.screening import Screened
from provisioning.model.terms import AccountState, Action
from provisioning.model.text import fold
from sinks import Applied, Observation, bundled_by_person, groups_named
from sinks.jira_cloud.options import JiraCloudOptions
from sinks.jira_cloud.site import Group, JiraSite, Role
from sinks.jira_cloud.write import ACTIONS, JiraWriter
from sinks.kit.cloud_site import CloudSite
from sinks.kit.connection_check import Limitation, Probe
from sinks.kit.frames import GROUP, Entitlement, ProductSeats, build_assignments_of_few
from sinks.kit.one_pass import Streams
from transport.errors import TransportError
from transport.parallel import beside

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
LIMITATIONS = (
    Limitation(
        "lifecycle of accounts",
        "a site cannot suspend, deactivate or delete accounts, nor change names and addresses",
        "Leavers lose their groups and are removed from the site; for more, use atlassian_org or "
        "atlassian_scim.",
    ),
    Limitation(
        "last activity",
        "Jira Cloud does not tell when anybody was last active, so no seat here is ever called idle",
        "Also connect the organisation (atlassian_org) or its export, which tell it.",
    ),
    Limitation(
        "seats without a group",
        "a product granted to a person without a group is shown, and cannot be revoked here",
        "Revoke it on the admin site, remove the person, or use atlassian_org.",
    ),
)
"""What this route cannot do: said by `check`, and refused before a request."""
MOST_ASKED = 1000
"""Users a read asks about one by one, where the site counts more than its groups explain."""


class JiraCloud(CloudSite[Group]):
    """One site."""

    kind: ClassVar[str] = JiraCloudOptions.kind
    Options: ClassVar[type[BaseModel]] = JiraCloudOptions
    actions: ClassVar[frozenset[Action]] = ACTIONS
    fields: ClassVar[Fields] = FIELDS
    limitations: ClassVar[Sequence[Limitation]] = LIMITATIONS

    # Reading

    def read(self) -> Streams:
        """One pass over the whole site; seats follow from groups or stand alone, their use is unknown."""
        site = self._site
        with beside() as begin:
            people = begin(lambda: self._build_pages(site.users()))
            roles = site.roles()
            members = site.members(site.groups(roles))
            for _ in members.pages():
                pass
            accounts = people.result()
        groups = self._remember(members.marked())
        capacity = [ProductSeats(role.key, self._site_name, role.seats, role.used) for role in roles]
        direct = self._find_direct(accounts, members.by_group, roles)
        entitled = self._entitlements(groups.values())
        return self._build_streams(accounts, members.by_group, entitled, capacity, direct)

    def _find_direct(
        self, accounts: Sequence[Screened], members: Mapping[str, list[str]], roles: Sequence[Role]
    ) -> list[tuple[str, str]]:
        """Find account and product of the seats that were given on the admin site without a group.

        No listing tells them, but the site counts them: who might hold one is asked until all are found.
        """
        people = _billable_people(accounts)
        explained = {role.key: _members_of(role, members) & people.keys() for role in roles}
        missing = _count_unexplained(roles, explained)
        asked = [key for key in people if any(key not in explained[product] for product in missing)]
        direct: list[tuple[str, str]] = []
        for key, opened in self._site.opened_to(asked[:MOST_ASKED]):
            products = [product for product in opened & missing.keys() if key not in explained[product]]
            direct += [(key, product) for product in products]
            missing = {product: number - (product in products) for product, number in missing.items()}
            if max(missing.values()) <= 0:
                break
        return sorted(direct)

    def list_groups(self) -> list[Group]:
        """Read all groups and the products they open."""
        return self._site.groups(self._site.roles())

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,  # noqa: ARG002  addresses find everybody here
    ) -> Observation:
        """Read a few accounts afresh, one request for each with its groups.

        Products held without a group are left out, for nothing can be done to them here.
        """
        by_email = {email: self._by_email.get(fold(email)) for email in emails}
        unknown = [email for email, key in by_email.items() if not key]
        by_email |= zip(unknown, self._site.find_all(unknown), strict=True)
        email_of = {key: email for email, key in by_email.items() if key}
        rows = self._site.some_users(list(dict.fromkeys([*account_ids, *email_of])))
        for row in rows:
            row.setdefault("emailAddress", email_of.get(row["accountId"]))
        accounts = self._build_observed(rows)
        assigned = [(row["accountId"], g["groupId"], g["name"]) for row in rows for g in row["groups"]]
        named = groups_named(self._site.group_names(groups)) if groups else None
        return Observation(concat(Accounts, accounts), build_assignments_of_few(self.name, assigned), named)

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
        return JiraWriter(self._client, self, self.groups).apply(changes)

    # Checking

    def probes(self) -> Mapping[str, Probe]:
        """What a check tries."""
        site = self._site
        return {
            "token": site.caller,
            "rights": self._check_rights,
            "users": lambda: site.get("users/search", maxResults="1"),
            "groups": lambda: site.get("group/bulk", maxResults="1"),
            "products": site.roles,
        }

    def _check_rights(self) -> None:
        """Ask for the two permissions without which lists come back empty or refused."""
        missing = self._site.missing_permissions("ADMINISTER", "USER_PICKER")
        if missing:
            raise TransportError(
                f"the token lacks {' and '.join(missing)}",
                remedy="Use the token of a site administrator, or grant that account the permission.",
            )

    @cached_property
    def caller(self) -> str:
        """The account whose token it is."""
        return self._site.caller()

    @cached_property
    def _site(self) -> JiraSite:
        return JiraSite(self._client, self._options.page_size)

    def _entitlements(self, groups: Iterable[Group]) -> list[Entitlement]:
        """One for each group and product it opens; a product is billed."""
        site = self._site_name
        return [
            Entitlement(
                GROUP,
                group.group_id,
                group.name,
                product,
                site if product else None,
                billable=product is not None,
                admin=group.admin,
                default=product in group.default_of,
                modifiable=group.modifiable and not group.unread,
            )
            for group in groups
            for product in group.opens or (None,)
        ]


def _billable_people(accounts: Sequence[Screened]) -> dict[str, None]:
    """Account ids of active people, in the order of the listing."""
    people = concat(Accounts, [page.frame for page in accounts])
    billable = (people["state"] == AccountState.ACTIVE.value) & (people["kind"] == "person")
    return dict.fromkeys(people.loc[billable, "account_id"])


def _count_unexplained(roles: Sequence[Role], explained: Mapping[str, set[str]]) -> dict[str, int]:
    """Count the seats of each product that the site counts and no group explains."""
    numbers = {role.key: role.used - len(explained[role.key]) for role in roles}
    return {product: number for product, number in numbers.items() if number > 0}


def _members_of(role: Role, members: Mapping[str, list[str]]) -> set[str]:
    return {account_id for group in role.groups for account_id in members.get(group, ())}
