"""People in a table with headers of its own: what files and databases share.

Which header fills which column, what words for a state mean, where groups are named, and reports that
name the row. `sources.tables.csv` reads such tables from files, `sources.tables.sql` from databases.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from provisioning.model import delimited
from provisioning.model.attributes import LAST, NEVER, STALENESS, TIMES
from provisioning.model.dates import read_dates
from provisioning.model.findings import Finding, Unreadable
from provisioning.model.frames import Identities, Rejects, concat
from provisioning.model.guessed_rows import BETWEEN, ROW
from provisioning.model.intake import NO_DATE, reject, screened
from provisioning.model.keys import positions
from provisioning.model.last_days import OPEN_END, may_be_open
from provisioning.model.screening import Screened
from provisioning.model.terms import State
from provisioning.model.text import fold, folded
from provisioning.model.words import NOTHING, SHORT, STATES, asks, known, states_among, without
from sources.kit.states import STAGED, state_remedy
from sources.tables.groups import add_unread, read_groups
from sources.tables.headers import Header
from sources.tables.one_row_each import People, merge_rows
from sources.tables.options import TableOptions
from sources.tables.rivals import Settled, settle

NO_SIGN_IN = ("never", "never logged in", "never signed in")
"""What stands for the last sign-in of someone who never signed in; an empty cell says nothing."""


class Sheet(NamedTuple):
    """A table's rows under our names.

    Attributes:
        header: the table's own names of its columns.
        rows: one text column per mapped column, and the table's own by position.
        cells: those of states and groups as they stand, with the words that leave open what holds.
        places: position in the table of each mapped column.
        passed: positions of the headers that may have filled a column and were passed over.
        lines: number of each row, as reports name it.
        ragged: rows of another length.
    """

    header: Header
    rows: pd.DataFrame
    cells: pd.DataFrame
    places: dict[str, int]
    passed: dict[str, list[int]]
    lines: pd.Series[int]
    ragged: list[delimited.Ragged]

    @property
    def asks_state(self) -> bool:
        """Whether the column of states asks for yes or no."""
        return "state" in self.places and asks(self.header.names[self.places["state"]])


class Table:
    """One table of people; what it is read from says `_table`.

    Attributes:
        unit: what one row is called in reports.
        columns_told: which column of the table feeds what, and which were not used, once it was read.
    """

    unit: str = "row"
    columns_told: Sequence[str] = ()

    def __init__(self, name: str, options: TableOptions) -> None:
        self.name, self._options = name, options
        self._reading = threading.Lock()
        self._kept: dict[str, Sheet] = {}

    @property
    def _where(self) -> str:
        """What the table is called in messages."""
        raise NotImplementedError

    def _table(self) -> delimited.Table:
        """Read the table whole; raises Unreadable otherwise."""
        raise NotImplementedError

    def identities(self) -> Iterator[Screened]:
        """One page of Identities; raises Unreadable unless the table is read whole."""
        sheet = self._sheet_for("identities")
        self.columns_told = self._describe_columns(sheet)
        rows = pd.DataFrame({name: sheet.rows[place] for name, place in sheet.places.items()})
        rows = rows.rename(columns={"state": "source_state"})
        rows["source_state"] = _states_told(sheet, _key(sheet))
        groups = self._group_places(sheet.header)
        people = merge_rows(
            People.of(rows, _key(sheet), sheet.lines),
            self._meanings(rows["source_state"], rows["source_state"], asked=sheet.asks_state),
            {name for name, place in sheet.places.items() if place in groups},
            origin=self.name,
            unit=self.unit,
        )
        raw, odd = self._typed(people, sheet)
        good = screened(Identities, {"source": self.name, **raw}, origin=self.name, key="source_id")
        unread = self._with_lines(good.rejects, people)
        yield Screened(good.frame, concat(Rejects, [unread, people.rejects, *odd, self._ragged(sheet)]))

    def memberships(self) -> Iterator[Screened]:
        """One page of Memberships; none when the connection names no column of groups."""
        groups = self._options.groups
        if groups is None:
            return
        sheet = self._sheet_for("memberships")
        keys = _key(sheet)
        named = [sheet.cells[sheet.header.place(header)] for header in groups.columns]
        page = read_groups(named, keys, groups.separator, source=self.name)
        unread = len(sheet.ragged) + int(keys.isna().sum())
        yield add_unread(page, unread if unread and _may_be_listed(sheet, keys) else 0, source=self.name)

    def check(self) -> list[Finding]:
        """Say whether the table can be read, which header fills which column, and what is not understood."""
        try:
            sheet = self._sheet()
            page = next(self.identities())
        except Unreadable as error:
            return [Finding("error", self.name, error.message, error.remedy)]
        feeds, *unused = self.columns_told
        findings = [Finding("ok", self.name, f"{len(sheet.rows)} rows; {feeds}")]
        findings += [Finding("ok", self.name, words) for words in unused]
        if sheet.ragged:
            lines = ", ".join(str(row.line) for row in sheet.ragged[:5])
            remedy = "Quote fields that hold the delimiter."
            findings.append(Finding("warning", self.name, f"rows of another length on lines {lines}", remedy))
        told = page.rejects[page.rejects["field"] != ROW]
        for field, rejects in told.groupby("field"):
            message = f"{field}: {len(rejects)} not understood, the first {rejects['value'].iloc[0]!r}"
            findings.append(Finding("warning", self.name, message, rejects["remedy"].iloc[0]))
        return findings

    def _describe_columns(self, sheet: Sheet) -> list[str]:
        names, unused = sheet.header.names, sheet.header.unused(self._used(sheet))
        instead = {
            name: "".join(f" and not '{names[place]}'" for place in others)
            for name, others in sheet.passed.items()
        }
        mapped = ", ".join(
            f"{name} from '{names[place]}'{instead.get(name, '')}" for name, place in sheet.places.items()
        )
        return [mapped, *([f"not used: {', '.join(unused)}"] if unused else [])]

    def _sheet_for(self, part: str) -> Sheet:
        """The table for one of the two parts that are made of it; one reading serves each part once."""
        with self._reading:
            if part not in self._kept:
                sheet = self._sheet()
                parts = ["identities", *(["memberships"] if self._options.groups else [])]
                self._kept = dict.fromkeys(parts, sheet)
            return self._kept.pop(part)

    def _sheet(self) -> Sheet:
        table = self._table()
        header = Header(table.header, where=self._where, connection=self.name)
        if not any(table.header):
            raise Unreadable(f"{self._where} is empty", remedy="Export it again; nothing of it is used.")
        rows = table.rows.apply(known)
        empty = [place for place in range(len(table.header)) if rows[place].isna().all()]
        told = self._options.state is not None
        places = header.places(self._options.columns, empty, state_is_told=told)
        header.refuse_twins(rows, [*places.values(), *self._group_places(header)])
        settled = self._settle(header, rows, places)
        state = [place for name, place in settled.places.items() if name == "state"]
        cells = table.rows[sorted({*state, *self._group_places(header)})]
        return Sheet(header, rows, cells, settled.places, settled.passed, table.lines, table.ragged)

    def _settle(self, header: Header, rows: pd.DataFrame, places: dict[str, int]) -> Settled:
        """Say which header fills each column where several may."""
        stated = {*map(header.place, self._options.columns.values()), *self._group_places(header)}
        # A short word, such as ON, is a state in one table and a province in another: it may be a state.
        states = {*STATES, *SHORT, *self._options.states}
        return settle(header, rows, places, stated, states, self._compared)

    def _compared(self, name: str, cells: pd.Series[str]) -> pd.Series[str]:
        """Cells of a column as they are compared: words for a state by what they mean."""
        words = folded(cells.astype("str"))
        return self._meanings(words, words).fillna(words) if name == "state" else words

    def _used(self, sheet: Sheet) -> list[int]:
        """Positions of the columns that something is read from."""
        return [*sheet.places.values(), *self._group_places(sheet.header)]

    def _group_places(self, header: Header) -> list[int]:
        groups = self._options.groups
        return [header.place(name) for name in groups.columns] if groups else []

    def _meanings(
        self, words: pd.Series[str], column: pd.Series[str], *, asked: bool = True
    ) -> pd.Series[str]:
        """States of words, as all cells of their column tell them; null for a word that is not known."""
        meant = {**states_among(column.dropna().unique(), asked=asked), **self._options.states}
        meaning = {word: state.value for word, state in meant.items()}
        states = folded(words).map(meaning).astype("str")
        if self._options.state is not None:
            states = states.mask(words.isna(), self._options.state.value)
        return states

    def _typed(self, people: People, sheet: Sheet) -> tuple[dict[str, Any], list[pd.DataFrame]]:
        """Columns with their types, and what could not be read of them.

        Somebody whose state is not known or contested waits, whatever their first working day.
        """
        raw: dict[str, Any] = {str(name): values for name, values in people.rows.items()}
        raw["source_id"] = people.keys
        report = partial(self._report, people.keys, people.lines)
        odd = []
        never = folded(raw[LAST]).isin(NO_SIGN_IN) if LAST in raw else None
        if never is not None:
            raw[LAST] = raw[LAST].mask(never)
        for name in set(TIMES) & set(raw):
            column = sheet.header.names[sheet.places[name]]
            dates = read_dates(raw[name], self._options.dates, column=column, connection=self.name)
            odd.append(report(dates.unread, raw[name], name, NO_DATE))
            raw[name] = dates.times
        if never is not None:
            raw |= self._state_sign_ins(raw[LAST], never)
        words = sheet.rows[sheet.places["state"]] if "state" in sheet.places else raw["source_state"]
        states = self._meanings(raw["source_state"], words, asked=sheet.asks_state)
        if "leaves_on" in raw:
            open_end = may_be_open(people.rows["leaves_on"], raw["leaves_on"], datetime.now(UTC))
            raw["leaves_on"] = raw["leaves_on"].mask(open_end)
            # Whoever departed by their state is gone whatever their last day: it needs nobody's hand.
            doubted = open_end & (states != State.DEPARTED.value)
            odd.append(report(doubted, people.rows["leaves_on"], "leaves_on", OPEN_END))
        unknown = states.isna() & ~people.contested
        problem = "not a known state, so it counts as staged"
        odd.append(report(unknown, raw["source_state"], "state", problem))
        waits = unknown | people.contested
        raw["state"] = states.mask(waits, STAGED)
        if "hired_on" in raw:
            raw["hired_on"] = raw["hired_on"].mask(waits)
        return raw, odd

    def _state_sign_ins(self, last: pd.Series[pd.Timestamp], never: pd.Series[bool]) -> dict[str, Any]:
        """Who never signed in, and how far behind the dates of the others may be."""
        days = -(-self._options.sign_in_staleness // timedelta(days=1))
        behind = pd.Series(days or None, index=last.index, dtype="Int64")
        return {NEVER: never.astype("boolean").where(never), STALENESS: behind.where(last.notna())}

    def _report(
        self, keys: pd.Series[str], lines: pd.Series[int], which: pd.Series[bool], values: Any, *what: str
    ) -> pd.DataFrame:
        field, problem = what
        problems = problem + f" ({self.unit} " + lines[which].astype("str") + ")"
        reports = reject(keys[which], field, values[which], problems, origin=self.name)
        if field == "state":
            reports["remedy"] = state_remedy(self.name)
        return reports

    def _with_lines(self, rejects: pd.DataFrame, people: People) -> pd.DataFrame:
        lines = pd.Series(people.lines.to_numpy(), index=people.keys.to_numpy()).groupby(level=0).first()
        numbers = rejects["key"].map(lines).astype("Int64").astype("str")
        problems = rejects["problem"] + f" ({self.unit} " + numbers + ")"
        return rejects.assign(problem=problems.where(numbers.notna(), rejects["problem"]))

    def _ragged(self, sheet: Sheet) -> pd.DataFrame:
        place = next(
            sheet.places[name] for name in ("source_id", "user_name", "email") if name in sheet.places
        )
        reports = [
            reject(
                row.fields[place] if place < len(row.fields) else None,
                ROW,
                BETWEEN.join(row.fields)[:1000],
                f"line {row.line} has {len(row.fields)} fields, the header {len(sheet.header.names)}",
                origin=self.name,
                remedy="quote fields that hold the delimiter, then run again",
            )
            for row in sheet.ragged
        ]
        return concat(Rejects, reports)


def _states_told(sheet: Sheet, keys: pd.Series[str]) -> pd.Series[str]:
    """Words for states; one that leaves it open is no empty cell, unless another row of the person tells."""
    if "state" not in sheet.places:
        return pd.Series(None, index=sheet.rows.index, dtype="str")
    place = sheet.places["state"]
    said = positions(keys, keys[sheet.rows[place].notna()]) >= 0
    return sheet.rows[place].where(said, without(sheet.cells[place], NOTHING | {""}))


def _may_be_listed(sheet: Sheet, keys: pd.Series[str]) -> bool:
    """Whether a row that could not be read may be of somebody listed: it shows one, or some have several."""
    nameless = sheet.rows[keys.isna()].to_numpy(object).ravel().tolist()
    cells = [*nameless, *(field for row in sheet.ragged for field in row.fields)]
    shown = {fold(cell) for cell in cells if isinstance(cell, str)}
    places = [sheet.places[name] for name in ("source_id", "user_name", "email") if name in sheet.places]
    listed = (folded(sheet.rows.loc[keys.notna(), place]).isin(shown - {""}).any() for place in places)
    return bool(keys.dropna().duplicated().any()) or any(listed)


def _key(sheet: Sheet) -> pd.Series[str]:
    """What names a row: its identifier, else its sign-in name or e-mail address as they are compared."""
    if "source_id" in sheet.places:
        return sheet.rows[sheet.places["source_id"]]
    name = "user_name" if "user_name" in sheet.places else "email"
    return folded(sheet.rows[sheet.places[name]])
