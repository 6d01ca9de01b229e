"""What tables beside CSV have of their own: types in Parquet, queries in databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet as pq
from pydantic import ValidationError

from provisioning.model.findings import Unreadable
from provisioning.model.screening import Screened
from sources.tables.csv import Csv, CsvOptions
from sources.tables.sql import Sql, SqlOptions
from transport.door import Door

PEOPLE = {
    "Employee ID": pa.array([7, None, 9], pa.float64()),
    "E-mail": pa.array(["ada@acme.test", "bob@acme.test", "eve@acme.test"]).dictionary_encode(),
    "Active": pa.array([True, False, None]),
    "Hire date": pa.array([date(2024, 1, 3), None, date(2024, 1, 5)]),
    "Last login": pa.array(
        [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")
    ),
    "Created": pa.array([pd.Timestamp("2020-01-02T03:00"), None, None], pa.timestamp("ns")),
    "Cost center": pa.array([Decimal("12.50"), None, Decimal("1.00")]),
    "Title": pa.array(["", "Boss", None]),
    "Department": pa.array([{"a": 1}, None, None]),
    "Teams": pa.array([["dev", " ops "], [], None]),
}


def parquet(folder: Path, table: dict[str, Any], **options: Any) -> Csv:
    path = folder / "people.PARQUET"
    pq.write_table(pa.table(table), path)
    return Csv("hr", CsvOptions(path=path, state="active", **options), Door())


def read(source: Csv | Sql) -> Screened:
    (page,) = source.identities()
    return page


def test_types_of_parquet_become_columns(tmp_path: Path) -> None:
    """Numbers, booleans, dates and times come as what they mean; a structure comes as nothing."""
    source = parquet(tmp_path, PEOPLE, columns={"source_id": "E-mail", "employee_number": "Employee ID"})

    page = read(source)

    found = page.frame.set_index("source_id")
    ada = found.loc["ada@acme.test"]
    assert ada["employee_number"] == "7"
    assert found["state"].tolist() == ["active", "departed", "active"]
    assert (ada["hired_on"], ada["last_sign_in"]) == (
        pd.Timestamp("2024-01-03", tz="UTC"),
        pd.Timestamp("2026-01-02T03:04:05Z"),
    )
    assert (ada["created_on"], ada["cost_center"]) == (pd.Timestamp("2020-01-02T03:00Z"), "12.50")
    assert found["title"].isna().tolist() == [True, False, True]
    assert found["department"].isna().all()
    assert page.rejects.empty


def test_lists_of_parquet_are_groups(tmp_path: Path) -> None:
    """A list of names needs no separator, and one given does no harm."""
    for groups in ({"columns": ["Teams"]}, {"columns": ["teams"], "separator": ","}):
        (page,) = parquet(tmp_path, PEOPLE, columns={"source_id": "E-mail"}, groups=groups).memberships()

        held = set(zip(page.frame["source_id"], page.frame["group_name"], strict=True))
        assert held == {("ada@acme.test", "dev"), ("ada@acme.test", "ops")}


def test_problems_name_the_row(tmp_path: Path) -> None:
    """What cannot be used is reported with its row."""
    page = read(parquet(tmp_path, {"Email": ["a@x.test", "b@x.test"], "Status": ["Active", "Orbiting"]}))

    assert page.rejects["problem"].tolist() == ["not a known state, so it counts as staged (row 2)"]


def test_a_file_that_is_no_parquet_is_told(tmp_path: Path) -> None:
    """A wrong file is Unreadable with its path and a remedy, for check too."""
    path = tmp_path / "people.parquet"
    path.write_text("Email\na@x\n")
    source = Csv("hr", CsvOptions(path=path, state="active"), Door())

    with pytest.raises(Unreadable, match=r"people\.parquet: it is no Parquet file") as failure:
        read(source)

    assert failure.value.remedy
    assert [finding.level for finding in source.check()] == ["error"]


# Databases


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """Make a database of three people."""
    path = tmp_path / "hr.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute(
            "CREATE TABLE staff (id INTEGER, mail TEXT, status TEXT, start DATE, teams TEXT, paid REAL)"
        )
        rows = [
            (1, "ada@acme.test", "Active", "2024-01-03", "dev,ops", 1.5),
            (2, "bob@acme.test", "", None, None, None),
            (3, "eve@acme.test", "Orbiting", "soon", "dev", 2.0),
        ]
        made.executemany("INSERT INTO staff VALUES (?, ?, ?, ?, ?, ?)", rows)
        made.commit()
    return path


QUERY = """
SELECT id, mail, status, start AS "start date", teams, '10:30 :x' AS title
FROM staff WHERE mail LIKE '%@acme%'
"""


def sql(database: Path, query: str = QUERY, **options: Any) -> Sql:
    return Sql("hr", SqlOptions(url=f"sqlite:///{database}", query=query, **options), Door())


def test_a_query_is_a_table(database: Path) -> None:
    """Names of columns are headers; colons and percent signs of a query are its own."""
    source = sql(database, state="staged", groups={"columns": ["teams"], "separator": ","})

    page = read(source)

    assert page.frame["source_id"].tolist() == ["1", "2", "3"]
    assert page.frame["state"].tolist() == ["active", "staged", "staged"]
    assert set(page.frame["title"]) == {"10:30 :x"}
    assert page.rejects[["key", "field"]].to_numpy().tolist() == [["3", "hired_on"], ["3", "state"]]
    assert all("(row 3)" in problem for problem in page.rejects["problem"])
    (held,) = source.memberships()
    assert len(held.frame) == 3
    assert [finding.level for finding in source.check()] == ["ok", "warning", "warning"]


def test_a_query_cannot_write(database: Path) -> None:
    """What does not begin like a question is refused at once, what hides a write when it runs."""
    with pytest.raises(ValidationError, match="begins with SELECT or WITH"):
        sql(database, "DELETE FROM staff")
    hidden = sql(database, "WITH gone AS (SELECT 1) DELETE FROM staff")

    with pytest.raises(Unreadable, match="failed"):
        read(hidden)

    with closing(sqlite3.connect(database)) as seen:
        assert seen.execute("SELECT count(*) FROM staff").fetchone() == (3,)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "cannot be used"),
        ("nodb://u:very-secret@host/x", "cannot be used"),
        ("sqlite:///no/such/file.db", "there is no database"),
        ("postgresql+psycopg://reader:very-secret@127.0.0.1:1/hr", "failed"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(url: str, words: str) -> None:
    """Unreadable, with a remedy and without the password."""
    source = Sql("hr", SqlOptions(url=url, query="SELECT 1"), Door())

    with pytest.raises(Unreadable, match=words) as failure:
        read(source)

    assert failure.value.remedy
    assert "very-secret" not in f"{failure.value} {source._options!r} {source.check()}"


def test_a_missing_header_is_told_with_the_nearest(database: Path) -> None:
    """The query's own names are shown."""
    source = sql(database, columns={"email": "e_mail"}, state="active")

    with pytest.raises(Unreadable, match="the query of connection hr has no column 'e_mail'"):
        read(source)


def test_never_is_a_word_of_last_sign_ins_and_an_empty_cell_says_nothing(tmp_path: Path) -> None:
    """Dates are as far behind as the connection says, in whole days; of the others nothing is behind."""
    path = tmp_path / "people.csv"
    path.write_text("Email,Last login\nada@acme.test,2026-01-02\nbob@acme.test,Never\ncyd@acme.test,\n")
    options = CsvOptions.model_validate({"path": path, "state": "active", "sign_in_staleness": "313h"})

    page = read(Csv("hr", options, Door()))

    people = page.frame.set_index("source_id")
    assert page.rejects.empty
    assert people.index[people["last_sign_in"].notna()].tolist() == ["ada@acme.test"]
    assert people.index[people["never_signed_in"].fillna(value=False)].tolist() == ["bob@acme.test"]
    assert people["sign_in_staleness"].dropna().to_dict() == {"ada@acme.test": 14}
