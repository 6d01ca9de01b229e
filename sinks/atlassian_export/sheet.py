"""A file's rows under our names, and all in it that cannot be used, each with its line.

Whatever reads a cell reads it here or through `screened`, so that nothing is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd

from provisioning.model import delimited
from provisioning.model.dates import Dates
from provisioning.model.findings import Unreadable
from provisioning.model.frames import Rejects, concat
from provisioning.model.intake import reject
from provisioning.model.text import folded
from provisioning.model.words import known
from sinks.atlassian_export.access import Meaning, stated
from sinks.atlassian_export.dates import read_times
from sinks.atlassian_export.headers import read_header
from sinks.atlassian_export.layout import Layout, lay_out
from sinks.atlassian_export.memberships import read_memberships
from sinks.atlassian_export.several import take_first
from sinks.atlassian_export.twins import refuse_twins

KEYS = ("account_id", "email", "user_name")
"""What may name a row, best first."""
AGREE = ("email", "user_name", "display_name", "state", "directory", "claimed")
"""Columns in which all rows of one account must agree."""


CONTRADICTS = "another row of this account states something else, and the first one counts"


class Options(Protocol):
    """What a connection says about reading its file."""

    encoding: str | None
    columns: dict[str, str]
    dates: list[str]
    roles: dict[str, Meaning]


class Sheet(NamedTuple):
    """A file under our names.

    Attributes:
        name: connection.
        rows: its cells, one column a position.
        lines: line of each row.
        layout: what its columns mean.
        keys: account of each row.
        first: whether a row is the first of its account.
        groups: account_id, kind, entitlement_id and name of every group assigned.
        untold: accounts whose groups the file does not tell for certain.
        dates: what the columns of dates hold, by position.
        rejects: what of the file cannot be used.
    """

    name: str
    rows: pd.DataFrame
    lines: pd.Series[int]
    layout: Layout
    keys: pd.Series[str]
    first: pd.Series[bool]
    groups: pd.DataFrame
    untold: frozenset[str]
    dates: Mapping[int, Dates]
    rejects: pd.DataFrame

    def column(self, name: str) -> pd.Series[str]:
        """A plain column; null where the file has none."""
        place = self.layout.header.places.get(name)
        return pd.Series(None, index=self.keys.index, dtype="str") if place is None else self.rows[place]

    def times(self, name: str) -> pd.Series[pd.Timestamp]:
        """A plain column of dates; null where the file has none."""
        place = self.layout.header.places.get(name)
        return _no_times(self.keys.index) if place is None else self.dates[place].times

    def latest(self, places: Sequence[int]) -> pd.Series[pd.Timestamp]:
        """The latest of some columns of dates, of each row; null where one of them holds what is no date."""
        latest = _no_times(self.keys.index)
        for place in places:
            used = self.dates[place].times
            latest = latest.mask(latest.isna() | (used > latest), used)
        return latest.mask(self.unread(places))

    def unread(self, places: Sequence[int]) -> pd.Series[bool]:
        """Whether some columns of dates hold what is no date, of each row."""
        found = pd.Series(data=False, index=self.keys.index, dtype="bool")
        for place in places:
            found |= self.dates[place].unread
        return found

    def tell(
        self, which: pd.Series[bool], place: int, problem: str, remedy: str | None = None
    ) -> pd.DataFrame:
        """Rejects of cells of one column, each once an account, with their lines."""
        field = self.layout.header.field(place)
        return tell(
            self.name, self.keys, self.lines, which & self.first, field, self.rows[place], problem, remedy
        )


def read_sheet(content: bytes, options: Options, name: str) -> Sheet:
    """Read a file whole.

    Raises:
        Unreadable: it is no list of people, or its dates can be read in two ways.
    """
    table = parse_even(delimited.decode(content, options.encoding))
    header = read_header(table.header, options.columns)
    rows, odd = take_first(table.rows.apply(known), header.places)
    refuse_twins(header, rows, options.columns)
    keys = pd.Series(None, index=rows.index, dtype="str")
    for key in KEYS:
        if key in header.places:
            own = rows[header.places[key]]
            keys = keys.fillna(own.str.strip() if key == "account_id" else folded(own))
    layout = lay_out(header, rows, stated(options.roles))
    dates = _read_dates(rows, layout, options.dates, name)
    report = partial(tell, name, keys, table.lines)
    first = ~keys.duplicated() & keys.notna()
    members = read_memberships(rows, keys, header, report, name)
    rejects = [
        *(report(which, header.field(place), rows[place], "several values where one is expected")
          for place, which in odd.items()),
        *(report(read.unread & first, header.field(place), rows[place], "not a date")
          for place, read in dates.items()),
        *_contradictions(rows, keys, table.lines, layout, name),
        report(keys.isna(), "row", pd.Series(None, index=rows.index, dtype="str"), "it names nobody"),
        _ragged(table, name),
        members.rejects,
    ]  # fmt: skip
    return Sheet(
        name,
        rows,
        table.lines,
        layout,
        keys,
        first,
        members.groups,
        members.unknown,
        dates,
        concat(Rejects, rejects),
    )


def parse_even(text: str) -> delimited.Table:
    """Parse a file; where all rows are of another length than the header, the rows count."""
    table = delimited.parse(text)
    if len(table.rows) or not table.ragged:
        return table
    lengths = pd.Series([len(row.fields) for row in table.ragged])
    return delimited.parse(text, width=int(lengths.mode().iloc[0]))


def tell(
    name: str,
    keys: pd.Series[str],
    lines: pd.Series[int],
    which: pd.Series[bool],
    field: str,
    values: pd.Series[str],
    problem: str,
    remedy: str | None = None,
) -> pd.DataFrame:
    """Rejects of some rows, with their lines."""
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


def _contradictions(
    rows: pd.DataFrame, keys: pd.Series[str], lines: pd.Series[int], layout: Layout, name: str
) -> Iterator[pd.DataFrame]:
    """Rejects of rows of one account that differ where all must agree; the first row counts."""
    accounts, _ = pd.factorize(keys)
    _, firsts = np.unique(accounts, return_index=True)
    first_of = firsts[accounts - accounts.min()] if len(accounts) else accounts
    header = layout.header
    agreeing = [header.places[column] for column in AGREE if column in header.places]
    for place in (*agreeing, *(column.place for column in layout.products)):
        values, texts = pd.factorize(rows[place])
        alike = np.append(pd.factorize(folded(pd.Series(texts, dtype="str")))[0], -1)[values]
        mine, theirs = alike, alike[first_of]
        differs = (accounts >= 0) & (mine >= 0) & (theirs >= 0) & (mine != theirs)
        if differs.any():
            which = pd.Series(differs, index=keys.index)
            yield tell(name, keys, lines, which, header.field(place), rows[place], CONTRADICTS)


def _no_times(index: pd.Index) -> pd.Series[pd.Timestamp]:
    return pd.Series(pd.NaT, index=index, dtype="datetime64[us, UTC]")


def _ragged(table: delimited.Table, name: str) -> pd.DataFrame:
    rows = [
        reject(
            None,
            "row",
            ", ".join(row.fields)[:200],
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
