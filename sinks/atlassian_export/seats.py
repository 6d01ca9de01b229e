"""Seats of an exported user list: who holds which product on which site, its use, whether it is billed."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from provisioning.model.frames import Rejects, Seats, concat, empty
from provisioning.model.intake import screened
from provisioning.model.screening import Screened
from provisioning.model.terms import AccountState, Activity, Basis
from sinks.atlassian_export.access import Meaning, meanings_among, read_access
from sinks.atlassian_export.dates import is_never
from sinks.atlassian_export.groups import Opens
from sinks.atlassian_export.headers import site_name
from sinks.atlassian_export.layout import ProductColumn
from sinks.atlassian_export.sheet import Sheet
from sinks.atlassian_export.states import account_states
from sinks.kit.products import FREE_PRODUCTS

SEAT = ["account_id", "product", "site"]
PAYING = (AccountState.ACTIVE.value, AccountState.INVITED.value)
_APART = r"\s*[,;|\n]\s*"
_UNKNOWN_ROLE = "not a known role, so the product counts as held and not as billed"
_STATE_IT = "say under `roles` of the connection whether it is billed, free or none, then run again"


class SeatReader:
    """Reads the seats of one file.

    Args:
        sheet: the file.
        opens: what its groups open.
        roles: what words of access cells mean besides those that are known.
        only: site of a header that names none.
    """

    def __init__(self, sheet: Sheet, opens: Opens, roles: Mapping[str, Meaning], only: str) -> None:
        self._sheet, self._opens, self._roles, self._only = sheet, opens, roles, only
        self._rejects: list[pd.DataFrame] = []

    def read(self) -> Screened:
        """One page of Seats: from the access columns, or where there are none from those of last use."""
        layout = self._sheet.layout
        chosen = [c for c in layout.products if c.sort != "seen" or not layout.has_access]
        parts = [part for column in chosen if len(part := self._column(column))]
        if not parts:
            return Screened(empty(Seats), concat(Rejects, self._rejects))
        seats = pd.concat(parts, ignore_index=True).sort_values("billable", ascending=False, kind="stable")
        seats = seats.drop_duplicates(SEAT).sort_index(ignore_index=True)
        seats = seats.assign(target=self._sheet.name, granted_by=self._granted_by(seats))
        raw = {str(name): values for name, values in seats.items()}
        good = screened(Seats, raw, origin=self._sheet.name, key="account_id")
        return Screened(good.frame, concat(Rejects, [good.rejects, *self._rejects]))

    def _column(self, column: ProductColumn) -> pd.DataFrame:
        """Return the seats of one column, one row an account (and site, where the field lists sites)."""
        sheet = self._sheet
        cells = sheet.rows[column.place]
        if column.sort == "seen":
            used = sheet.dates[column.place].times.notna()
            return self._rows(column, cells[used], self._bills(column, cells[used]), Basis.USE)
        if column.sort == "access":
            held, billed = self._access(column, cells)
            rows = self._rows(column, cells[held], billed[held] & self._bills(column, cells[held]))
            return rows.assign(role=cells[held].to_numpy())
        cells = cells.dropna()
        rows = self._rows(column, cells, self._bills(column, cells))
        sites = cells.str.strip().str.split(_APART, regex=True).reset_index(drop=True).explode()
        named = rows.loc[sites.index].assign(site=sites.map(site_name).to_numpy())
        return named[named["site"] != ""]

    def _access(
        self, column: ProductColumn, cells: pd.Series[str]
    ) -> tuple[pd.Series[bool], pd.Series[bool]]:
        """Whether each cell says that the product is held, and that it is billed; each word is read once."""
        distinct = self._sheet.rows[column.place].dropna().unique()
        own = meanings_among(distinct, self._roles)
        meanings = {cell: read_access(cell, own) for cell in cells.dropna().unique()}
        odd = [cell for cell, access in meanings.items() if access.unknown]
        if odd:
            which = self._sheet.rows[column.place].isin(odd)
            self._rejects.append(self._sheet.tell(which, column.place, _UNKNOWN_ROLE, _STATE_IT))
        held = [cell for cell, access in meanings.items() if access.held]
        billed = [cell for cell, access in meanings.items() if access.billed]
        return cells.isin(held), cells.isin(billed)

    def _bills(self, column: ProductColumn, cells: pd.Series[str]) -> pd.Series[bool]:
        """Whether the seats of accounts are billed as far as product and state go, and as it is certain."""
        sheet = self._sheet
        states = account_states(sheet.column("state"), sheet.doubts("state"))
        paying = (states.told.isin(PAYING) | states.silent) & ~sheet.doubts_at(column.place)
        return paying.loc[cells.index] & (column.product not in FREE_PRODUCTS)

    def _rows(
        self,
        column: ProductColumn,
        cells: pd.Series[str],
        billed: pd.Series[bool],
        basis: Basis = Basis.ACCESS,
    ) -> pd.DataFrame:
        activity, at = self._use(column)
        rows = {
            "account_id": self._sheet.keys[cells.index],
            "activity": activity[cells.index],
            "last_active": at[cells.index],
            "billable": billed,
        }
        frame = pd.DataFrame(rows).reset_index(drop=True)
        return frame.assign(product=column.product, site=column.site or self._only, basis=basis.value)

    def _use(self, column: ProductColumn) -> tuple[pd.Series[str], pd.Series[pd.Timestamp]]:
        """What is known of the use of a product on a site, of every account; what is absent is unknown."""
        sheet = self._sheet
        activity = pd.Series(Activity.UNKNOWN.value, index=sheet.keys.index, dtype="str")
        places = [c.place for c in sheet.layout.products if c.sort == "seen" and self._same(c, column)]
        if not places:
            return activity.mask(self._never_active(), Activity.NEVER.value), sheet.latest([])
        for place in places:
            activity = activity.mask(is_never(sheet.rows[place]), Activity.NEVER.value)
        at = sheet.latest(places)
        activity = activity.mask(sheet.unread(places), Activity.UNKNOWN.value)
        return activity.mask(at.notna(), Activity.USED.value), at

    def _same(self, one: ProductColumn, other: ProductColumn) -> bool:
        """Whether two columns are about one product on one site."""
        sites = [column.site or self._only for column in (one, other)]
        return one.product == other.product and sites[0] == sites[1]

    def _never_active(self) -> pd.Series[bool]:
        """Whether the columns of an account's last activity say that it had none, in any product."""
        header = self._sheet.layout.header
        never = pd.Series(bool(header.last_active), index=self._sheet.keys.index)
        for place in header.last_active:
            cells = self._sheet.rows[place]
            # Only the list of managed accounts leaves the cell empty where there was no activity.
            never &= is_never(cells) | (cells.isna() & header.managed)
        return never

    def _granted_by(self, seats: pd.DataFrame) -> pd.Series[str]:
        """Return the names of the groups that open each seat's product on its site."""
        names = self._sheet.groups["name"].unique()
        opened = {name: opening for name in names if (opening := self._opens(name)) and opening.site}
        table = pd.DataFrame(
            [(name, *opening) for name, opening in opened.items()],
            columns=["name", "product", "site"],
            dtype="str",
        )
        granting = self._sheet.groups[["account_id", "name"]].merge(table, on="name", validate="many_to_one")
        granting = granting.sort_values("name")
        several = granting.duplicated(SEAT, keep=False)
        joined = granting[several].groupby(SEAT)["name"].agg(", ".join).reset_index()
        one = pd.concat([granting.loc[~several, [*SEAT, "name"]], joined], ignore_index=True)
        return seats[SEAT].merge(one, on=SEAT, how="left", validate="many_to_one")["name"]
