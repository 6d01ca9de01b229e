"""A Confluence Cloud site: what it reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import Fields
from provisioning.model.findings import Refused
from provisioning.model.frames import Accounts, Change, concat
from provisioning.model.screening import Screened
from provisioning.model.terms import Action
from provisioning.model.text import fold
from sinks import Applied, Observation, groups_named
from sinks.confluence_cloud.options import ConfluenceCloudOptions
from sinks.confluence_cloud.site import API, ConfluenceSite, Group
from sinks.kit.cloud_rows import Columns
from sinks.kit.cloud_site import IMPOSSIBLE, CloudSite
from sinks.kit.connection_check import Limitation, Probe
from sinks.kit.frames import GROUP, Entitlement, build_assignments_of_few
from sinks.kit.new_group import make_group
from sinks.kit.one_pass import Streams
from sinks.kit.permission import Reason, permit, refuse_synced
from transport.door import Door
from transport.parallel import beside

FIELDS = Fields(
    {
        "account_id": "accountId",
        "email": "email",
        "display_name": "displayName",
        "kind": "accountType",
    }
)
"""Which field of a user fills which column."""
KINDS = {"atlassian": "person", "app": "app", "": "customer"}
"""Whoever has no type in Confluence is neither a person nor an app, and is left alone."""
PRODUCT = "confluence"
ACTIONS = frozenset({Action.CREATE_GROUP, Action.GRANT, Action.REVOKE})
NOBODY = Reason(
    "Confluence can neither invite nor remove anybody",
    "Use a connection of kind jira_cloud or atlassian_org for it, or do it on the admin site.",
)
LIMITATIONS = (
    Limitation(
        "lifecycle of accounts",
        "Confluence can neither invite, suspend nor remove anybody; it only grants and revokes groups",
        NOBODY.remedy,
    ),
    Limitation(
        "suspended accounts",
        "Confluence leaves suspended accounts out of its lists without saying so",
        "Also connect the organisation (atlassian_org), which shows them.",
    ),
    Limitation(
        "last activity",
        "Confluence does not tell when anybody was last active, so no seat here is ever called idle",
        "Also connect the organisation (atlassian_org) or its export, which tell it.",
    ),
)
"""What this route cannot do: said by `check`, and refused before a request."""


class ConfluenceCloud(CloudSite[Group]):
    """One site."""

    kind: ClassVar[str] = ConfluenceCloudOptions.kind
    Options: ClassVar[type[BaseModel]] = ConfluenceCloudOptions
    actions: ClassVar[frozenset[Action]] = ACTIONS
    fields: ClassVar[Fields] = FIELDS
    kinds: ClassVar[Mapping[str, str]] = KINDS
    limitations: ClassVar[Sequence[Limitation]] = LIMITATIONS

    def __init__(self, name: str, options: ConfluenceCloudOptions, door: Door) -> None:
        super().__init__(name, options, door)
        self._knows_all = False

    # Reading

    def read(self) -> Streams:
        """One pass over the whole site: all who may use Confluence, and the members of any group."""
        with beside() as begin:
            listed = begin(lambda: list(self._site.users()))
            members = self._site.members(self._site.groups())
            others = list(members.pages())
            accounts = self._build_pages(chain(listed.result(), others))
        groups = self._remember(members.marked())
        self._knows_all = True
        return self._build_streams(accounts, members.by_group, self._entitlements(groups))

    def list_groups(self) -> list[Group]:
        """Read all groups."""
        return self._site.groups()

    def _build_accounts(self, columns: Columns) -> Screened:
        """Build Accounts of a batch of users; Confluence lists only the active."""
        return super()._build_accounts({**columns, "active": [True] * len(columns["account_id"])})

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,  # noqa: ARG002  nobody is created here
    ) -> Observation:
        """Read a few accounts afresh; addresses are those that the last whole read showed."""
        by_email = [self._address_book.get(fold(email)) for email in emails]
        rows = self._site.some_users(list(dict.fromkeys([*account_ids, *filter(None, by_email)])))
        accounts = self._build_observed(rows)
        assigned = [(row["accountId"], group["id"], group["name"]) for row in rows for group in row["groups"]]
        named = groups_named(self._site.group_names()) if groups else None
        return Observation(concat(Accounts, accounts), build_assignments_of_few(self.name, assigned), named)

    @property
    def _address_book(self) -> Mapping[str, str]:
        """Account by e-mail address; Confluence finds nobody by it, so it takes a whole read."""
        with self._lock:
            if not self._knows_all:
                self.read()
            return self._by_email

    # Writing

    def bundle(self, change: Change) -> str:
        """Each change goes alone."""
        return change.change_id

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make one change.

        Raises:
            Refused: it must not be made; nothing was sent.
            TransportError: it did not happen, or its outcome is not known.
        """
        (change,) = changes
        self._permit(change)
        if change.action == Action.CREATE_GROUP:
            name = str(change.entitlement)
            self.end_pass()
            send = partial(self._client.write, "POST", f"{API}/group", {"name": name})
            return make_group(name, send, self)
        if change.account_id is None:
            raise Refused(f"{change.subject} has no account here", remedy=NOBODY.remedy)
        self.end_pass()
        params = {"groupId": str(change.entitlement_id)}
        if change.action == Action.GRANT:
            body = {"accountId": change.account_id}
            self._client.write("POST", f"{API}/group/userByGroupId", body, params)
        else:
            params["accountId"] = change.account_id
            self._client.write("DELETE", f"{API}/group/userByGroupId", params=params)
        return Applied(change.account_id)

    def _permit(self, change: Change) -> None:
        permit(change, ACTIONS, {**IMPOSSIBLE, Action.CREATE: NOBODY, Action.REMOVE: NOBODY})
        refuse_synced(self.groups().get(str(change.entitlement_id)))

    # Checking

    def probes(self) -> Mapping[str, Probe]:
        """What a check tries."""
        site = self._site
        return {
            "token": site.caller,
            "users": lambda: site.get("search/user", cql="type=user", limit="1"),
            "groups": lambda: site.get("group", limit="1"),
        }

    @cached_property
    def caller(self) -> str:
        """The account whose token it is."""
        return self._site.caller()

    @cached_property
    def _site(self) -> ConfluenceSite:
        return ConfluenceSite(self._client, self._options.page_size)

    def _entitlements(self, groups: Mapping[str, Group]) -> list[Entitlement]:
        """One for each group; whatever opens Confluence is billed."""
        return [
            Entitlement(
                GROUP,
                group.group_id,
                group.name,
                PRODUCT if group.opens else None,
                self._site_name if group.opens else None,
                billable=group.opens,
                admin=group.admin,
                modifiable=group.modifiable and not group.unread,
            )
            for group in groups.values()
        ]
