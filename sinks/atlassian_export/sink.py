"""The admin site's exported user list as a target: what it reads and writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar

import pandas as pd
from pydantic import BaseModel

from provisioning.model.findings import Finding, Refused, Unreadable
from provisioning.model.frames import Accounts, Change, Entitlements, Rejects, concat
from provisioning.model.intake import reject, screened
from provisioning.model.screening import Screened
from provisioning.model.terms import AccountState, Action, Deployment, EntitlementKind
from provisioning.model.text import fold, folded
from provisioning.model.words import booleans_among
from sinks import Applied, Observation, groups_named
from sinks.atlassian_export.access import stated
from sinks.atlassian_export.explain import describe_columns, explain
from sinks.atlassian_export.groups import Opens
from sinks.atlassian_export.options import AtlassianExportOptions
from sinks.atlassian_export.seats import SeatReader
from sinks.atlassian_export.sheet import Sheet, read_whole
from sinks.atlassian_export.states import PROBLEM, account_states
from sinks.kit.frames import GROUP, build_assignments
from transport.door import Door

UNNAMED = "site"
"""Name of the site in files that name none."""
NO_SITE = "it ends with no site of this file, so nobody knows whose seats it gives, and none is taken by it"


class AtlassianExport:
    """One exported file."""

    kind: ClassVar[str] = AtlassianExportOptions.kind
    Options: ClassVar[type[BaseModel]] = AtlassianExportOptions
    actions: ClassVar[frozenset[Action]] = frozenset()
    deployment: ClassVar[Deployment] = Deployment.CLOUD

    def __init__(self, name: str, options: AtlassianExportOptions, door: Door) -> None:  # noqa: ARG002 - no network
        self.name, self._options = name, options
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int], Sheet] | None = None

    @property
    def as_of(self) -> datetime:
        """When the file was exported: as the connection says, else the file's own time."""
        stated = self._options.as_of
        if stated is None:
            return datetime.fromtimestamp(self._options.path.stat().st_mtime, UTC)
        return stated if stated.tzinfo else stated.replace(tzinfo=UTC)

    @property
    def columns_told(self) -> list[str]:
        """Which column of the file feeds what, and which were not used, for the report."""
        return describe_columns(self._sheet())

    def accounts(self) -> Iterator[Screened]:
        """One page of Accounts, rows of one account merged; raises Unreadable unless read whole."""
        sheet = self._sheet()
        states = account_states(sheet.column("state"), sheet.doubts("state"))
        emails = sheet.column("email")
        raw: dict[str, Any] = {
            "account_id": sheet.keys,
            "user_name": sheet.column("user_name").fillna(emails),
            "email": emails,
            "display_name": sheet.column("display_name"),
            "directory": sheet.column("directory"),
            "added_on": sheet.times("added_on"),
            "state": states.told.fillna(AccountState.ACTIVE.value),
            "last_active": sheet.latest(sheet.layout.uses),
            "managed": _managed(sheet),
            "caller": folded(emails).eq(fold(self._options.caller or "")).fillna(value=False),
        }
        fixed = {"target": self.name, "kind": "person"}
        good = screened(Accounts, fixed | raw, origin=self.name, key="account_id")
        odd = []
        if "state" in (places := sheet.layout.header.places):
            odd.append(sheet.tell(states.odd, places["state"], PROBLEM))
        yield Screened(good.frame, concat(Rejects, [good.rejects, *odd, sheet.rejects]))

    def assignments(self) -> Iterator[Screened]:
        """One page of Assignments: groups and roles, as far as the file tells."""
        sheet = self._sheet()
        assigned = pd.concat([sheet.groups, _roles(sheet)], ignore_index=True)
        yield build_assignments(self.name, _series(assigned))

    def entitlements(self) -> Iterator[Screened]:
        """One page of Entitlements: the groups that occur, and what each is known to open."""
        sheet = self._sheet()
        groups = sheet.groups[["kind", "entitlement_id", "name"]].drop_duplicates(ignore_index=True)
        openings = [self._opens(sheet)(name) for name in groups["name"]]
        known = [opening if opening and opening.site else None for opening in openings]
        product = pd.Series([one and one.product for one in known], index=groups.index, dtype="str")
        raw = {
            "target": self.name,
            **_series(groups),
            "product": product,
            "site": pd.Series([one and one.site for one in known], index=groups.index, dtype="str"),
            "billable": product.notna(),
            "admin": groups["name"].str.contains("admin", case=False),
            "default": False,
            "modifiable": True,
        }
        good = screened(Entitlements, raw, origin=self.name, key="entitlement_id")
        lost = groups[pd.Series([bool(one and not one.site) for one in openings], groups.index, dtype=bool)]
        remedy = "say under `opens` of the connection which it is, such as opens: {'GROUP': 'Jira - acme'}"
        odd = reject(lost["entitlement_id"], "opens", lost["name"], NO_SITE, origin=self.name, remedy=remedy)
        yield Screened(good.frame, concat(Rejects, [good.rejects, odd]))

    def seats(self) -> Iterator[Screened]:
        """One page of Seats: from the access columns, or where there are none from those of last use."""
        sheet = self._sheet()
        yield SeatReader(sheet, self._opens(sheet), stated(self._options.roles), self._only).read()

    def capacity(self) -> Iterator[Screened]:
        """Nothing: the file does not tell how many seats there are."""
        return iter(())

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,  # noqa: ARG002  addresses find everybody here
    ) -> Observation:
        """Return what the file says of a few accounts, and which groups somebody in it holds."""
        accounts = next(self.accounts()).frame
        wanted = {fold(email) for email in emails}
        named = accounts["account_id"].isin(list(account_ids)) | folded(accounts["email"]).isin(wanted)
        accounts = accounts[named].reset_index(drop=True)
        whole = next(self.assignments()).frame
        assigned = whole[whole["account_id"].isin(accounts["account_id"])].reset_index(drop=True)
        group_names = whole.loc[whole["kind"] == GROUP, "name"].unique()
        sheet = self._sheet()
        silent = not sheet.layout.header.group_names
        unknown = frozenset((key, GROUP) for key in accounts["account_id"] if silent or key in sheet.untold)
        return Observation(accounts, assigned, groups_named(group_names) if groups else None, unknown)

    def bundle(self, change: Change) -> str:
        """Each change is its own."""
        return change.change_id

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Refuse: a file cannot be written back."""
        raise Refused(
            f"{self.name} is an exported file and cannot {changes[0].action} {changes[0].subject}",
            remedy="Follow todo.csv by hand on the admin site, then export again.",
        )

    def check(self) -> list[Finding]:
        """Say what the file tells, which column feeds what, and how old it is."""
        try:
            return explain(self._sheet(), self.as_of)
        except Unreadable as error:
            return [Finding("error", self.name, error.message, error.remedy)]

    def _sheet(self) -> Sheet:
        path = self._options.path
        with self._lock:
            try:
                stat = path.stat()
                version = (stat.st_mtime_ns, stat.st_size)
                if self._read is None or self._read[0] != version:
                    self._read = (version, read_whole(path.read_bytes(), self._options, self.name, path))
            except OSError as error:
                raise Unreadable(
                    f"{path}: {error.strerror}", remedy="Check the path and that the file may be read."
                ) from error
            return self._read[1]

    def _opens(self, sheet: Sheet) -> Opens:
        layout = sheet.layout
        sites = {column.product: layout.sites(column.product) for column in layout.products}
        return Opens(self._options.opens, sites, self._only)

    @cached_property
    def _only(self) -> str:
        """Site of what names none."""
        return self._options.site or UNNAMED


def _managed(sheet: Sheet) -> pd.Series:
    """Whether the organisation owns each account's domain; null where the file does not tell."""
    header = sheet.layout.header
    if "claimed" in header.places:
        claimed = sheet.column("claimed")
        return folded(claimed).map(booleans_among(claimed.dropna().unique())).astype("boolean")
    return pd.Series(True if header.managed else None, index=sheet.keys.index, dtype="boolean")


def _roles(sheet: Sheet) -> pd.DataFrame:
    roles = sheet.column("role")
    names = roles.dropna().str.split(r",\s*").explode().str.strip().str.lower().str.replace(" ", "-")
    names = names[names.notna() & ~names.isin(["", "none", "user"])].astype("str")
    return pd.DataFrame(
        {
            "account_id": sheet.keys.loc[names.index].to_numpy(),
            "kind": EntitlementKind.ROLE.value,
            "entitlement_id": ("atlassian/" + names).to_numpy(),
            "name": names.to_numpy(),
        }
    )


def _series(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(name): values for name, values in frame.items()}
