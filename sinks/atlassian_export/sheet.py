"""A file's accounts under our names, and all in it that cannot be used, each with its line.

Whatever reads a cell reads it here or through `screened`, so that nothing is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from provisioning.model import delimited
from provisioning.model.dates import Dates
from provisioning.model.findings import Unreadable
from provisioning.model.frames import Rejects, concat, empty
from provisioning.model.guessed_rows import BETWEEN, ROW
from provisioning.model.intake import NO_DATE, reject
from provisioning.model.words import DOUBTFUL, among, known
from sinks.atlassian_export.access import Meaning, stated
from sinks.atlassian_export.dates import read_times
from sinks.atlassian_export.headers import read_header
from sinks.atlassian_export.keys import NO_ACCOUNT, REMOVE, name_accounts
from sinks.atlassian_export.layout import Layout, lay_out
from sinks.atlassian_export.memberships import read_memberships
from sinks.atlassian_export.one_account import Spread, merge_rows
from sinks.atlassian_export.several import take_first
from sinks.atlassian_export.twins import refuse_twins

CONTRADICTS = "another row of this account states something else, so it is unknown and nothing is taken by it"
AGREE = "keep one row of this account, or rows that say the same, then run again"
SEVERAL = "several values where one is expected"
_SAID = DOUBTFUL | {"none", "(none)"}
"""What says something of a product or a state, and of anything else that nothing is known."""


class Options(Protocol):
    """What a connection says about reading its file."""

    encoding: str | None
    columns: dict[str, str]
    dates: list[str]
    roles: dict[str, Meaning]


class Sheet(NamedTuple):
    """A file under our names, the rows of each account merged.

    Attributes:
        name: connection.
        rows: cells of each account, one column a position.
        spread: which rows of the file are of which account.
        layout: what its columns mean.
        groups: account_id, kind, entitlement_id and name of every group assigned.
        untold: accounts whose groups the file does not tell for certain.
        dates: what the columns of dates hold, by position.
        doubted: accounts whose rows contradict each other, by position of the column.
        rejects: what of the file cannot be used.
    """

    name: str
    rows: pd.DataFrame
    spread: Spread
    layout: Layout
    groups: pd.DataFrame
    untold: frozenset[str]
    dates: Mapping[int, Dates]
    doubted: Mapping[int, pd.Series[bool]]
    rejects: pd.DataFrame

    @property
    def keys(self) -> pd.Series[str]:
        """The accounts."""
        return self.spread.keys

    def column(self, name: str) -> pd.Series[str]:
        """A plain column; null where the file has none."""
        place = self.layout.header.places.get(name)
        return pd.Series(None, index=self.keys.index, dtype="str") if place is None else self.rows[place]

    def times(self, name: str) -> pd.Series[pd.Timestamp]:
        """A plain column of dates; null where the file has none."""
        place = self.layout.header.places.get(name)
        return _no_times(self.keys.index) if place is None else self.dates[place].times

    def latest(self, places: Sequence[int]) -> pd.Series[pd.Timestamp]:
        """The latest of some columns of dates, of each account; null where one holds what is no date."""
        latest = _no_times(self.keys.index)
        for place in places:
            used = self.dates[place].times
            latest = latest.mask(latest.isna() | (used > latest), used)
        return latest.mask(self.unread(places))

    def unread(self, places: Sequence[int]) -> pd.Series[bool]:
        """Whether some columns of dates hold what is no date, of each account."""
        found = pd.Series(data=False, index=self.keys.index, dtype="bool")
        for place in places:
            found |= self.dates[place].unread
        return found

    def doubts(self, name: str) -> pd.Series[bool]:
        """Accounts whose rows contradict each other in a plain column."""
        return self.doubts_at(self.layout.header.places.get(name))

    def doubts_at(self, place: int | None) -> pd.Series[bool]:
        """Accounts whose rows contradict each other in the column at a position."""
        none = pd.Series(data=False, index=self.keys.index, dtype="bool")
        return none if place is None else self.doubted.get(place, none)

    def tell(
        self, which: pd.Series[bool], place: int, problem: str, remedy: str | None = None
    ) -> pd.DataFrame:
        """Rejects of cells of one column, one an account, with the lines of its rows."""
        field, cells = self.layout.header.field(place), self.rows[place][which]
        lines = self.spread.tell_lines(which.to_numpy(np.bool_))
        told = problem + " (" + lines + ")"
        return reject(self.keys[which], field, cells, told, origin=self.name, remedy=remedy)


def read_sheet(content: bytes, options: Options, name: str) -> Sheet:
    """Read a file whole.

    Raises:
        Unreadable: it is no list of people, two of its columns differ on whose an account is, or its dates
            can be read in two ways.
    """
    table = parse_even(delimited.decode(content, options.encoding))
    header = read_header(table.header, options.columns)
    rows, odd = take_first(table.rows.apply(known), header.places)
    refuse_twins(header, rows, options.columns)
    keys, strangers = name_accounts(rows, header, mapped="account_id" in options.columns)
    layout = lay_out(header, rows, stated(options.roles))
    rows = _with_words(rows, table.rows, layout)
    dates = _read_dates(rows, layout, options.dates, name)
    report = partial(tell_rows, name, keys, table.lines)
    members = read_memberships(rows, keys, header, report, name)
    spread = Spread.of(keys, table.lines)
    merged = merge_rows(rows, spread, dates, layout, options.roles)
    nothing = pd.Series(None, index=rows.index, dtype="str")
    rejects = [
        *(report(which, header.field(place), rows[place], SEVERAL) for place, which in odd.items()),
        *(report(read.unread, header.field(place), rows[place], NO_DATE) for place, read in dates.items()),
        *(
            report(which, header.field(place), rows[place], CONTRADICTS, AGREE)
            for place, which in merged.differing.items()
        ),
        report(strangers.notna(), ROW, strangers, NO_ACCOUNT, REMOVE),
        report(keys.isna() & strangers.isna(), ROW, nothing, "it names nobody"),
        _ragged(table, name),
        members.rejects,
    ]
    told = concat(Rejects, rejects)
    return Sheet(
        name, merged.rows, spread, layout, members.groups, members.unknown, merged.dates, merged.doubted, told
    )


def _with_words(rows: pd.DataFrame, raw: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Rows in which states and access stand as in the file where they deny or leave open what holds."""
    rows = rows.copy(deep=False)
    access = [column.place for column in layout.products if column.sort == "access"]
    state = layout.header.places.get("state")
    for place in access if state is None else [*access, state]:
        rows[place] = rows[place].fillna(raw[place].where(among(raw[place], _SAID)))
    return rows


def parse_even(text: str) -> delimited.Table:
    """Parse a file; where all rows are of another length than the header, the rows count."""
    table = delimited.parse(text)
    if len(table.rows) or not table.ragged:
        return table
    lengths = pd.Series([len(row.fields) for row in table.ragged])
    return delimited.parse(text, width=int(lengths.mode().iloc[0]))


def tell_rows(
    name: str,
    keys: pd.Series[str],
    lines: pd.Series[int],
    which: pd.Series[bool],
    field: str,
    values: pd.Series[str],
    problem: str,
    remedy: str | None = None,
) -> pd.DataFrame:
    """Rejects of some rows, with their lines; what several rows of an account say alike is told once."""
    if not which.any():
        return empty(Rejects)
    again = pd.DataFrame({"key": keys, "value": values})[which & keys.notna()].duplicated()
    which = which & ~again.reindex(which.index, fill_value=False)
    problems = problem + " (line " + lines[which].astype("str") + ")"
    return reject(keys[which], field, values[which], problems, origin=name, remedy=remedy)


def _read_dates(rows: pd.DataFrame, layout: Layout, formats: Sequence[str], name: str) -> dict[int, Dates]:
    header = layout.header
    places = layout.uses
    if "added_on" in header.places:
        places.append(header.places["added_on"])
    return {
        place: read_times(rows[place], formats, column=header.names[place], connection=name)
        for place in dict.fromkeys(places)
    }


def _no_times(index: pd.Index) -> pd.Series[pd.Timestamp]:
    return pd.Series(pd.NaT, index=index, dtype="datetime64[us, UTC]")


def _ragged(table: delimited.Table, name: str) -> pd.DataFrame:
    rows = [
        reject(
            None,
            ROW,
            BETWEEN.join(row.fields)[:1000],
            f"line {row.line} has {len(row.fields)} fields, the others {table.rows.shape[1]}",
            origin=name,
            remedy="export the file again, or quote fields that hold the delimiter",
        )
        for row in table.ragged
    ]
    return concat(Rejects, rows)


def read_whole(content: bytes, options: Options, name: str, path: object) -> Sheet:
    """Read a file whole, its errors named by its path."""
    try:
        return read_sheet(content, options, name)
    except Unreadable as error:
        raise Unreadable(f"{path}: {error.message}", remedy=error.remedy) from error
