"""The admin site's exported user list as a target: what it reads and writes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pandas as pd
from pydantic import BaseModel, Field

from provisioning.model import delimited
from provisioning.model.findings import Finding, Refused, Unreadable
from provisioning.model.frames import Accounts, Change, Entitlements, Rejects, Seats, concat
from provisioning.model.intake import reject, screened
from provisioning.model.screening import Screened
from provisioning.model.terms import AccountState, Action, Activity, EntitlementKind
from provisioning.model.text import fold, folded
from sinks import Applied, Observation, groups_named
from sinks.atlassian_export.formats import (
    NO_ACCESS,
    STATES,
    Layout,
    ProductColumn,
    assigned_groups,
    is_billed,
    is_never,
    layout,
    opens,
    parse_even,
    times,
)
from sinks.kit.frames import GROUP, build_assignments
from sinks.kit.options import SinkOptions
from transport.door import Door

UNNAMED = "site"
"""Name of the site in files that name none."""


class AtlassianExportOptions(SinkOptions):
    """What a connection of kind `atlassian_export` may say."""

    path: Path = Field(description="The exported file.")
    site: str | None = Field(None, description="Name of the site, where the file's headers name none.")
    columns: dict[str, str] = Field({}, description="Column to header, for a file that is no known export.")
    opens: dict[str, str] = Field(
        {}, description="Group to the product it opens, beside Atlassian's default groups."
    )
    caller: str | None = Field(
        None, description="E-mail address of the administrator, whose account is protected."
    )
    as_of: datetime | None = Field(None, description="When the file was exported; its own time by default.")
    encoding: str | None = Field(None, description="UTF-8 or what the byte order mark says by default.")


class Sheet(NamedTuple):
    """A file under our names.

    Attributes:
        table: its rows.
        layout: what its columns mean.
        keys: account of each row.
        first: whether a row is the first of its account.
        groups: account_id, kind, entitlement_id and name of every group assigned.
    """

    table: delimited.Table
    layout: Layout
    keys: pd.Series[str]
    first: pd.Series[bool]
    groups: pd.DataFrame

    def column(self, name: str) -> pd.Series[str]:
        """A plain column; null where the file has none."""
        place = self.layout.places.get(name)
        return (
            pd.Series(None, index=self.keys.index, dtype="str") if place is None else self.table.rows[place]
        )


class AtlassianExport:
    """One exported file."""

    kind: ClassVar[str] = "atlassian_export"
    Options: ClassVar[type[BaseModel]] = AtlassianExportOptions
    actions: ClassVar[frozenset[Action]] = frozenset()

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

    def accounts(self) -> Iterator[Screened]:
        """One page of Accounts, rows of one account merged; raises Unreadable unless read whole."""
        sheet = self._sheet()
        words = sheet.column("state")
        states = words.str.strip().str.lower().map({word: state.value for word, state in STATES.items()})
        unknown = states.isna() & words.notna() & sheet.first
        raw: dict[str, Any] = {
            "account_id": sheet.keys,
            "user_name": sheet.column("user_name").fillna(sheet.column("email")),
            "email": sheet.column("email"),
            "display_name": sheet.column("display_name"),
            "directory": sheet.column("directory"),
            "added_on": sheet.column("added_on"),
            "state": states.astype("str").fillna(AccountState.ACTIVE.value),
            "last_active": self._last_active(sheet),
            "caller": sheet.column("email")
            .str.lower()
            .eq((self._options.caller or "").lower())
            .fillna(value=False),
        }
        raw = {name: values[sheet.first].reset_index(drop=True) for name, values in raw.items()}
        managed = True if sheet.layout.managed else None
        fixed = {"target": self.name, "kind": "person", "managed": managed}
        good = screened(Accounts, fixed | raw, origin=self.name, key="account_id", instants=times)
        odd = reject(
            sheet.keys[unknown],
            "state",
            words[unknown],
            "not a known status, so it counts as active",
            origin=self.name,
        )
        yield Screened(good.frame, concat(Rejects, [good.rejects, odd, self._ragged(sheet)]))

    def assignments(self) -> Iterator[Screened]:
        """One page of Assignments: groups and roles, as far as the file tells."""
        sheet = self._sheet()
        assigned = pd.concat([sheet.groups, _roles(sheet)], ignore_index=True)
        yield build_assignments(self.name, _series(assigned))

    def entitlements(self) -> Iterator[Screened]:
        """One page of Entitlements: the groups that occur, and the product each is known to open."""
        groups = self._sheet().groups[["kind", "entitlement_id", "name"]].drop_duplicates(ignore_index=True)
        product = groups["name"].map(lambda name: opens(name, self._options.opens)).astype("str")
        raw = {
            "target": self.name,
            **_series(groups),
            "product": product,
            "site": pd.Series(self._site(None), index=groups.index, dtype="str").where(product.notna()),
            "billable": product.notna(),
            "admin": groups["name"].str.contains("admin", case=False),
            "default": False,
            "modifiable": True,
        }
        yield screened(Entitlements, raw, origin=self.name, key="entitlement_id")

    def seats(self) -> Iterator[Screened]:
        """One page of Seats: from the access columns, or where there are none from those of last use."""
        sheet = self._sheet()
        chosen = [c for c in sheet.layout.products if c.sort != "seen" or not sheet.layout.has_access]
        parts = [self._seats_of(sheet, column) for column in chosen]
        seats = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        seats = seats.assign(granted_by=self._granted_by(sheet, seats)) if len(seats) else seats
        yield screened(Seats, {"target": self.name, **_series(seats)}, origin=self.name, key="account_id")

    def capacity(self) -> Iterator[Screened]:
        """Nothing: the file does not tell how many seats there are."""
        return iter(())

    def observe(
        self, account_ids: Sequence[str], emails: Sequence[str], groups: Sequence[str] = ()
    ) -> Observation:
        """Return what the file says of a few accounts, and which groups somebody in it holds."""
        accounts = next(self.accounts()).frame
        wanted = {fold(email) for email in emails}
        named = accounts["account_id"].isin(list(account_ids)) | folded(accounts["email"]).isin(wanted)
        accounts = accounts[named].reset_index(drop=True)
        whole = next(self.assignments()).frame
        assigned = whole[whole["account_id"].isin(accounts["account_id"])].reset_index(drop=True)
        group_names = whole.loc[whole["kind"] == GROUP, "name"].unique()
        return Observation(accounts, assigned, groups_named(group_names) if groups else None)

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
        """Say what the file tells and how old it is."""
        try:
            sheet = self._sheet()
        except Unreadable as error:
            return [Finding("error", self.name, error.message, error.remedy)]
        summary = f"{int(sheet.first.sum())} accounts as of {self.as_of:%Y-%m-%d}"
        findings = [Finding("ok", self.name, summary)]
        if not sheet.layout.has_access:
            message = "the file has no access columns, so seats that were never used do not show"
            findings.append(Finding("warning", self.name, message, "Export again with product access."))
        if not (sheet.layout.group_names or sheet.layout.group_ids):
            message = "the file has no groups, so a plan cannot know which are assigned already"
            findings.append(Finding("warning", self.name, message, "Export again with group data."))
        return findings

    def _sheet(self) -> Sheet:
        path = self._options.path
        with self._lock:
            try:
                stat = path.stat()
                version = (stat.st_mtime_ns, stat.st_size)
                if self._read is None or self._read[0] != version:
                    self._read = (version, self._parse(path.read_bytes()))
            except OSError as error:
                raise Unreadable(
                    f"{path}: {error.strerror}", remedy="Check the path and that the file may be read."
                ) from error
            except Unreadable as error:
                raise Unreadable(f"{path}: {error.message}", remedy=error.remedy) from error
            return self._read[1]

    def _parse(self, content: bytes) -> Sheet:
        table = parse_even(delimited.decode(content, self._options.encoding))
        columns = layout(table.header, self._options.columns)
        rows = table.rows
        keys = pd.Series(None, index=rows.index, dtype="str")
        for name in ("account_id", "email", "user_name"):
            if name in columns.places:
                own = rows[columns.places[name]]
                keys = keys.fillna(own if name == "account_id" else own.str.lower())
        return Sheet(table, columns, keys, ~keys.duplicated(), assigned_groups(rows, keys, columns))

    def _last_active(self, sheet: Sheet) -> pd.Series[pd.Timestamp]:
        seen = [column.place for column in sheet.layout.products if column.sort == "seen"]
        latest = times(sheet.column("last_active"))
        for place in seen:
            used = times(sheet.table.rows[place])
            latest = latest.mask(latest.isna() | (used > latest), used)
        return latest

    def _seats_of(self, sheet: Sheet, column: ProductColumn) -> pd.DataFrame:
        """Return the seats of one column, one row per account (and site, where the field lists sites)."""
        first = sheet.first & sheet.keys.notna()
        fields = sheet.table.rows[column.place][first]
        keys = sheet.keys[first]
        if column.sort == "seen":
            return self._seat_rows(sheet, column, keys[times(fields).notna()], None)
        has_seat = fields.notna() & ~fields.str.strip().str.lower().isin(NO_ACCESS)
        if column.sort == "access":
            return self._seat_rows(sheet, column, keys[has_seat], fields[has_seat])
        sites = fields[has_seat].str.split(",").explode().str.strip()
        rows = self._seat_rows(sheet, column, keys[has_seat].loc[sites.index], None)
        return rows.assign(site=sites.to_numpy())

    def _seat_rows(
        self, sheet: Sheet, column: ProductColumn, keys: pd.Series[str], access: pd.Series[str] | None
    ) -> pd.DataFrame:
        seen = self._seen(sheet, column).loc[keys.index]
        at = times(seen)
        activity = pd.Series(Activity.UNKNOWN.value, index=keys.index, dtype="str")
        activity = activity.mask(is_never(seen), Activity.NEVER.value).mask(at.notna(), Activity.USED.value)
        active = sheet.column("state").loc[keys.index].str.strip().str.lower().map(STATES)
        billable = is_billed(column.product, access, keys.index)
        return pd.DataFrame(
            {
                "account_id": keys,
                "product": column.product,
                "site": self._site(column.site),
                "activity": activity,
                "last_active": at,
                "billable": billable
                & (active.isna() | active.isin([AccountState.ACTIVE, AccountState.INVITED])),
            }
        )

    def _granted_by(self, sheet: Sheet, seats: pd.DataFrame) -> pd.Series[str]:
        """Return the names of the groups that open each seat's product."""
        names = sheet.groups["name"].unique()
        products = {name: product for name in names if (product := opens(name, self._options.opens))}
        assigned = sheet.groups.assign(product=sheet.groups["name"].map(products).astype("str"))
        assigned = assigned.dropna(subset="product").sort_values("name")
        pair = ["account_id", "product"]
        several = assigned.duplicated(pair, keep=False)
        joined = assigned[several].groupby(pair)["name"].agg(", ".join).reset_index()
        granting = pd.concat([assigned.loc[~several, [*pair, "name"]], joined], ignore_index=True)
        return seats.merge(granting, on=pair, how="left", validate="many_to_one")["name"]

    def _seen(self, sheet: Sheet, column: ProductColumn) -> pd.Series[str]:
        """Return the field that tells the last use of the column's product on its site."""
        rows = sheet.table.rows
        for other in sheet.layout.products:
            if other.sort == "seen" and (other.product, other.site) == (column.product, column.site):
                return rows[other.place]
        unknown = pd.Series(None, index=rows.index, dtype="str")
        if sheet.layout.managed:
            return unknown.mask(sheet.column("last_active").isna(), "never")
        return unknown

    def _site(self, named: str | None) -> str:
        return named or self._options.site or UNNAMED

    def _ragged(self, sheet: Sheet) -> pd.DataFrame:
        rows = [
            reject(
                None,
                "row",
                ", ".join(row.fields)[:200],
                f"line {row.line} has {len(row.fields)} fields, the others {sheet.table.rows.shape[1]}",
                origin=self.name,
                remedy="export the file again, or quote fields that hold the delimiter",
            )
            for row in sheet.table.ragged
        ]
        return concat(Rejects, rows)


def _roles(sheet: Sheet) -> pd.DataFrame:
    roles = sheet.column("role")[sheet.first]
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
