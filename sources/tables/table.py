"""People in a table with headers of its own: what files and databases share.

Which header fills which column, what words for a state mean, where groups are named, and reports that
name the row. `sources.tables.csv` reads such tables from files, `sources.tables.sql` from databases.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from provisioning.model import delimited
from provisioning.model.findings import Finding, Unreadable
from provisioning.model.frames import Identities, Memberships, Rejects, columns, concat
from provisioning.model.intake import reject, screened
from provisioning.model.screening import Screened
from provisioning.model.terms import State
from provisioning.model.text import fold, folded
from sources.kit.states import STAGED, state_remedy

NAMES = {
    "source_id": ("user id", "id", "user_id", "source id", "object id", "external id", "uid"),
    "user_name": (
        "login",
        "user name",
        "username",
        "user_name",
        "user principal name",
        "upn",
        "sign-in name",
    ),
    "email": ("email", "e-mail", "mail", "email address", "e-mail address", "primary email", "work email"),
    "state": ("state", "status", "user status", "account status", "active", "enabled", "account enabled"),
    "given_name": ("given name", "first name", "firstname", "given_name", "forename"),
    "family_name": ("family name", "last name", "lastname", "family_name", "surname"),
    "display_name": ("display name", "displayname", "full name", "name", "display_name"),
    "department": ("department", "dept", "team"),
    "cost_center": ("cost center", "cost centre", "costcenter", "cost_center"),
    "organization": ("organization", "organisation", "company", "division", "business unit"),
    "title": ("title", "job title", "position", "jobtitle"),
    "user_type": ("user type", "usertype", "employee type", "worker type", "user_type"),
    "employee_number": (
        "employee number",
        "employee id",
        "personnel number",
        "employeenumber",
        "employee_number",
    ),
    "manager": ("manager", "manager email", "supervisor"),
    "hired_on": ("hired on", "hire date", "start date", "hired_on", "hiredate"),
    "leaves_on": ("leaves on", "termination date", "end date", "leaves_on", "last day"),
    "created_on": ("created", "created on", "created at", "created_on", "creation date"),
    "last_sign_in": ("last sign-in", "last login", "lastlogin", "last_sign_in", "last sign in", "last logon"),
}
"""Headers that are understood without a mapping, whatever their case."""

STATES = {
    "staged": State.STAGED,
    "pending": State.STAGED,
    "active": State.ACTIVE,
    "provisioned": State.ACTIVE,
    "password expired": State.ACTIVE,
    "password_expired": State.ACTIVE,
    "locked_out": State.ACTIVE,
    "locked out": State.ACTIVE,
    "recovery": State.ACTIVE,
    "enabled": State.ACTIVE,
    "true": State.ACTIVE,
    "yes": State.ACTIVE,
    "suspended": State.SUSPENDED,
    "on leave": State.SUSPENDED,
    "departed": State.DEPARTED,
    "deprovisioned": State.DEPARTED,
    "deactivated": State.DEPARTED,
    "inactive": State.DEPARTED,
    "disabled": State.DEPARTED,
    "terminated": State.DEPARTED,
    "false": State.DEPARTED,
    "no": State.DEPARTED,
}
"""Words for a state that are understood without a mapping, whatever their case."""


class Groups(BaseModel):
    """Where the table names a person's groups."""

    model_config = ConfigDict(extra="forbid")

    columns: list[str] = Field(description="Headers of the columns that hold names of groups.")
    separator: str | None = Field(None, description="What stands between several names in one field.")


class TableOptions(BaseModel):
    """What a connection to any table of people may say."""

    model_config = ConfigDict(extra="forbid")

    columns: dict[str, str] = Field({}, description="Column to header, where the header is not well known.")
    states: dict[str, State] = Field({}, description="What the table's words for a state mean.")
    state: State | None = Field(
        None, description="State of a row without one, or of a table without the column."
    )
    groups: Groups | None = Field(None, description="Where groups are named.")
    dates: list[str] = Field(
        [], description="Formats of dates such as %d/%m/%Y, beside 2026-01-31 and 31 Jan 2026."
    )

    @field_validator("states")
    @classmethod
    def _whatever_case(cls, states: dict[str, State]) -> dict[str, State]:
        return {fold(word): state for word, state in states.items()}

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        if unknown := set(self.columns) - set(NAMES):
            raise ValueError(f"columns: no column {sorted(unknown)}; columns are {sorted(NAMES)}")
        return self


class Sheet(NamedTuple):
    """A table's rows under our names.

    Attributes:
        header: the table's own names of its columns.
        rows: one text column per mapped column, and the table's own by position.
        places: position in the table of each mapped column.
        lines: number of each row, as reports name it.
        ragged: rows of another length.
    """

    header: list[str]
    rows: pd.DataFrame
    places: dict[str, int]
    lines: pd.Series[int]
    ragged: list[delimited.Ragged]


class Table:
    """One table of people; what it is read from says `_table`.

    Attributes:
        unit: what one row is called in reports.
    """

    unit: str = "row"

    def __init__(self, name: str, options: TableOptions) -> None:
        self.name, self._options = name, options

    @property
    def _where(self) -> str:
        """What the table is called in messages."""
        raise NotImplementedError

    def _table(self) -> delimited.Table:
        """Read the table whole; raises Unreadable otherwise."""
        raise NotImplementedError

    def identities(self) -> Iterator[Screened]:
        """One page of Identities; raises Unreadable unless the table is read whole."""
        sheet = self._sheet()
        raw: dict[str, Any] = {name: sheet.rows[place] for name, place in sheet.places.items()}
        raw["source_id"] = _key(sheet)
        raw["source_state"] = raw.pop("state", pd.Series(None, index=sheet.rows.index, dtype="str"))
        raw["state"], unknown = self._states(raw["source_state"])
        repeated = raw["source_id"].duplicated() & raw["source_id"].notna()
        report = partial(self._report, raw["source_id"], sheet.lines)
        words = raw["source_state"]
        odd = [report(unknown, words, "state", "not a known state, so it counts as staged")]
        if self._options.groups is None:
            odd.append(report(repeated, raw["source_id"], "source_id", "named twice"))
        kept = {name: values[~repeated].reset_index(drop=True) for name, values in raw.items()}
        good = screened(
            Identities,
            {"source": self.name, **kept},
            origin=self.name,
            key="source_id",
            instants=self._instants,
        )
        unread = self._with_lines(good.rejects, raw["source_id"], sheet)
        yield Screened(good.frame, concat(Rejects, [unread, *odd, self._ragged(sheet)]))

    def memberships(self) -> Iterator[Screened]:
        """One page of Memberships; none when the connection names no column of groups."""
        groups = self._options.groups
        if groups is None:
            return
        sheet = self._sheet()
        keys = _key(sheet)
        named = [sheet.rows[self._place(sheet.header, header)] for header in groups.columns]
        split = [_apart(names, groups.separator) for names in named]
        pairs = pd.concat(
            [pd.DataFrame({"source_id": keys, "group_name": names}).explode("group_name") for names in split]
        )
        pairs["group_name"] = pairs["group_name"].astype("str").str.strip()
        pairs = pairs[pairs["source_id"].notna() & pairs["group_name"].notna() & (pairs["group_name"] != "")]
        pairs = pairs.drop_duplicates(ignore_index=True)
        raw = {
            "source": self.name,
            "source_id": pairs["source_id"],
            "group_id": pairs["group_name"],
            "group_name": pairs["group_name"],
            "direct": True,
        }
        yield screened(Memberships, raw, origin=self.name, key="source_id")

    def check(self) -> list[Finding]:
        """Say whether the table can be read and which header fills which column."""
        try:
            sheet = self._sheet()
        except Unreadable as error:
            return [Finding("error", self.name, error.message, error.remedy)]
        mapped = ", ".join(f"{name} from '{sheet.header[place]}'" for name, place in sheet.places.items())
        findings = [Finding("ok", self.name, f"{len(sheet.rows)} rows; {mapped}")]
        if sheet.ragged:
            lines = ", ".join(str(row.line) for row in sheet.ragged[:5])
            remedy = "Quote fields that hold the delimiter."
            findings.append(Finding("warning", self.name, f"rows of another length on lines {lines}", remedy))
        return findings

    def _sheet(self) -> Sheet:
        table = self._table()
        return Sheet(table.header, table.rows, self._places(table.header), table.lines, table.ragged)

    def _places(self, header: list[str]) -> dict[str, int]:
        plain = {fold(name): place for place, name in reversed(list(enumerate(header)))}
        places = {name: self._place(header, own) for name, own in self._options.columns.items()}
        for name, known in NAMES.items():
            place = next((plain[word] for word in known if word in plain), None)
            if name not in places and place is not None and place not in places.values():
                places[name] = place
        if "state" not in places and self._options.state is None:
            raise self._missing("state", "status", header, ", or say which `state` all its rows have")
        if not {"source_id", "user_name", "email"} & set(places):
            raise self._missing("email", "email", header, "")
        return {name: places[name] for name in columns(Identities) if name in places}

    def _place(self, header: list[str], own: str) -> int:
        plain = [fold(name) for name in header]
        if fold(own) in plain:
            return plain.index(fold(own))
        near = delimited.nearest(own, header)
        hint = f"; the nearest header is '{near}'" if near else f"; its headers are {', '.join(header)}"
        raise Unreadable(
            f"{self._where} has no column '{own}'{hint}",
            remedy=f"Correct the header under `columns` or `groups` of connection {self.name}.",
        )

    def _missing(self, column: str, usual: str, header: list[str], otherwise: str) -> Unreadable:
        near = delimited.nearest(usual, header)
        hint = f"; the nearest header is '{near}'" if near else f"; its headers are {', '.join(header)}"
        return Unreadable(
            f"{self._where} has no column for {column}{hint}",
            remedy=f"Name it in connection {self.name}: columns: {{{column}: '{near or usual}'}}{otherwise}.",
        )

    def _states(self, words: pd.Series[str]) -> tuple[pd.Series[str], pd.Series[bool]]:
        """States of words, and which of the words are not known."""
        meaning = {word: state.value for word, state in (STATES | self._options.states).items()}
        states = folded(words).map(meaning).astype("str")
        if self._options.state is not None:
            states = states.mask(words.isna(), self._options.state.value)
        return states.fillna(STAGED), states.isna()

    def _instants(self, texts: pd.Series[str]) -> pd.Series[pd.Timestamp]:
        times = pd.to_datetime(texts, utc=True, format="ISO8601", errors="coerce")
        for pattern in [*self._options.dates, "%d %b %Y"]:
            if times.isna().sum() > texts.isna().sum():
                times = times.fillna(pd.to_datetime(texts, utc=True, format=pattern, errors="coerce"))
        return times

    def _report(
        self, keys: pd.Series[str], lines: pd.Series[int], which: pd.Series[bool], values: Any, *what: str
    ) -> pd.DataFrame:
        field, problem = what
        problems = problem + f" ({self.unit} " + lines[which].astype("str") + ")"
        reports = reject(keys[which], field, values[which], problems, origin=self.name)
        if field == "state":
            reports["remedy"] = state_remedy(self.name)
        return reports

    def _with_lines(self, rejects: pd.DataFrame, keys: pd.Series[str], sheet: Sheet) -> pd.DataFrame:
        lines = pd.Series(sheet.lines.to_numpy(), index=keys.to_numpy()).groupby(level=0).first()
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
                "row",
                ", ".join(row.fields)[:200],
                f"line {row.line} has {len(row.fields)} fields, the header {len(sheet.header)}",
                origin=self.name,
                remedy="quote fields that hold the delimiter, then run again",
            )
            for row in sheet.ragged
        ]
        return concat(Rejects, reports)


def _apart(names: pd.Series[Any], separator: str | None) -> pd.Series[Any]:
    """Names in one field, apart; a table may hold them as lists already."""
    return names.str.split(separator) if separator and names.dtype == "str" else names


def _key(sheet: Sheet) -> pd.Series[str]:
    """What names a row: its identifier, else its sign-in name or e-mail address as they are compared."""
    if "source_id" in sheet.places:
        return sheet.rows[sheet.places["source_id"]]
    name = "user_name" if "user_name" in sheet.places else "email"
    return folded(sheet.rows[sheet.places[name]])
