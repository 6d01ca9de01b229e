"""What is a file's own: headers, words, dates, groups, odd rows with their lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from provisioning.model.findings import Unreadable
from provisioning.model.screening import Screened
from sources.tables.csv import Csv, CsvOptions
from transport.door import Door

PEOPLE = """\
User Id;Login;E-mail;First name;Status;Start date;Teams
1;ada;ada@acme.test;Ada;Active;3 Jan 2024;dev, ops
2;bob;bob@acme.test;Bob;Terminated;2024-01-05;dev
3;eve;eve@acme.test;Eve;Suspended;;
"""


def source(folder: Path, content: str | bytes, **options: Any) -> Csv:
    path = folder / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Csv("hr", CsvOptions(path=path, **options), Door())


def read(csv: Csv) -> Screened:
    (page,) = csv.identities()
    return page


def told(page: Screened) -> list[tuple[Any, ...]]:
    return list(page.rejects[["key", "field", "problem"]].itertuples(index=False, name=None))


@pytest.mark.parametrize(
    "content",
    [
        PEOPLE,
        PEOPLE.replace(", ", " + ").replace(";", ","),
        PEOPLE.replace(";", "\t"),
        "\ufeff" + PEOPLE,
        PEOPLE.replace("\n", "\r\n"),
        PEOPLE.encode("utf-16"),
        PEOPLE.replace("\n", "\n\n"),
    ],
    ids=["semicolon", "comma", "tab", "mark", "crlf", "utf-16", "blank-lines"],
)
def test_a_file_is_read_however_it_was_saved(content: str | bytes, tmp_path: Path) -> None:
    """Delimiter, byte order mark, line ends, UTF-16 and blank lines make no difference."""
    page = read(source(tmp_path, content))

    assert page.frame["source_id"].tolist() == ["1", "2", "3"]
    assert page.frame["state"].tolist() == ["active", "departed", "suspended"]
    assert page.frame["email"].tolist() == ["ada@acme.test", "bob@acme.test", "eve@acme.test"]
    assert page.frame["hired_on"].dropna().dt.strftime("%F").tolist() == ["2024-01-03", "2024-01-05"]
    assert page.rejects.empty


def test_a_mapping_names_the_columns(tmp_path: Path) -> None:
    """Headers and words of the file's own are mapped in the connection, whatever their case."""
    content = "Kennung,Post,Zustand,Abteilung\n7,x@acme.test,Da,IT\n8,y@acme.test,WEG,HR\n"
    mapping = {"source_id": "Kennung", "email": "post", "state": "Zustand", "department": "Abteilung"}

    page = read(source(tmp_path, content, columns=mapping, states={"da": "active", "Weg": "departed"}))

    assert page.frame[["source_id", "email", "state", "source_state", "department"]].to_numpy().tolist() == [
        ["7", "x@acme.test", "active", "Da", "IT"],
        ["8", "y@acme.test", "departed", "WEG", "HR"],
    ]


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("id,mail,Stattus\n1,a@x.test,active\n", {}, ["people.csv", "state", "Stattus"]),
        ("a,b\n1,2\n", {"state": "active"}, ["people.csv", "email", "a, b"]),
        (
            "id,mail,status\n",
            {"columns": {"title": "Jobtitel"}},
            ["people.csv", "Jobtitel", "id, mail, status"],
        ),
        ("id,status\n1,x\n", {"groups": {"columns": ["Gruops"]}}, []),
    ],
)
def test_a_missing_column_is_named(
    content: str, options: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    """A column that is not there is told with the file, its name and the nearest header."""
    csv = source(tmp_path, content, **options)

    if not words:
        with pytest.raises(Unreadable, match="Gruops"):
            list(csv.memberships())
        return
    with pytest.raises(Unreadable) as failure:
        read(csv)

    assert all(word in str(failure.value) for word in words)
    assert "connection hr" in failure.value.remedy
    assert [finding.level for finding in csv.check()] == ["error"]


def test_a_file_without_states_needs_one_said(tmp_path: Path) -> None:
    """`state` fills the column a list of present staff lacks, and the empty fields of one that has it."""
    without = read(source(tmp_path, "email\na@x.test\n", state="active"))
    gaps = read(source(tmp_path, "email,status\na@x.test,\nb@x.test,Departed\n", state="active"))

    assert without.frame["state"].tolist() == ["active"]
    assert gaps.frame["state"].tolist() == ["active", "departed"]


def test_every_odd_row_is_told_with_its_line(tmp_path: Path) -> None:
    """Bad dates, unknown words, repeated people and ragged rows name their line; the rest go on."""
    content = (
        PEOPLE
        + '4;zed;zed@acme.test;"Z\ned";Active;soon;\n5;kim\n1;ada2;;;Active;;\n6;li;li@x.test;Li;Gone;;\n'
    )

    page = read(source(tmp_path, content))

    assert page.frame["source_id"].tolist() == ["1", "2", "3", "4", "6"]
    assert set(told(page)) == {
        ("4", "hired_on", "not a whole date (line 5)"),
        ("5", "row", "line 7 has 2 fields, the header 7"),
        ("1", "user_name", "lines 2, 8 of one person contradict each other, so none of them counts"),
        ("6", "state", "not a known state, so it counts as staged (line 9)"),
    }
    assert page.frame.set_index("source_id").loc["6", "state"] == "staged"


def test_dates_of_another_format_are_named(tmp_path: Path) -> None:
    """`dates` says how days and months stand, which no file tells by itself."""
    page = read(source(tmp_path, "id,status,hire date\n1,active,31/01/2024\n", dates=["%d/%m/%Y"]))

    assert page.frame["hired_on"].tolist() == [pd.Timestamp("2024-01-31", tz="UTC")]


def test_groups_come_from_lists_and_repeated_rows(tmp_path: Path) -> None:
    """A column may list groups, and a person may have one row per group; each membership is there once."""
    content = "id,status,Team,Also\n1,active,dev,a|b\n1,active,ops,a\n2,active,,\n"
    csv = source(tmp_path, content, groups={"columns": ["Team", "Also"], "separator": "|"})

    (page,) = csv.memberships()

    held = set(zip(page.frame["source_id"], page.frame["group_name"], strict=True))
    assert held == {("1", "dev"), ("1", "ops"), ("1", "a"), ("1", "b")}
    assert len(page.frame) == 4
    assert read(csv).rejects.empty


@pytest.mark.parametrize(
    "cell", ["#N/A", "?", "n/a", "unknown", "k.A.", "#REF!", "#DIV/0!", "#NAME?", "#SPILL!"]
)
@pytest.mark.parametrize("separator", [None, "/"])
def test_a_cell_that_leaves_open_the_groups_is_told(cell: str, separator: str | None, tmp_path: Path) -> None:
    """A lookup that failed is no person without groups, and no group of that name."""
    content = f"id,status,Team\n1,active,dev\n2,active,{cell}\n"

    (page,) = source(tmp_path, content, groups={"columns": ["Team"], "separator": separator}).memberships()

    assert page.frame["group_name"].tolist() == ["dev"]
    assert page.rejects[["key", "field", "value"]].to_numpy().tolist() == [["2", "group_name", cell]]


@pytest.mark.parametrize("cell", ["", "-", "none", "No groups", "\N{EN DASH}"])
def test_a_cell_may_say_that_somebody_is_in_no_group(cell: str, tmp_path: Path) -> None:
    """These words deny; nothing is unknown by them."""
    content = f"id,status,Team\n1,active,dev\n2,active,{cell}\n"

    (page,) = source(tmp_path, content, groups={"columns": ["Team"]}).memberships()

    assert (page.frame["group_name"].tolist(), len(page.rejects)) == (["dev"], 0)


@pytest.mark.parametrize("cell", ["#N/A", "?", "#REF!"])
def test_a_state_left_open_is_not_that_of_an_empty_cell(cell: str, tmp_path: Path) -> None:
    """`state` says what an empty cell means, not what a failed lookup does; the other cells are read."""
    content = f"id,email,active\n1,a@x.test,Y\n2,b@x.test,{cell}\n3,c@x.test,\n4,d@x.test,N\n"

    page = read(source(tmp_path, content, state="active"))

    assert page.frame["state"].tolist() == ["active", "staged", "active", "departed"]
    assert page.rejects[["key", "field", "value"]].to_numpy().tolist() == [["2", "state", cell]]


@pytest.mark.parametrize(
    ("header", "cells", "states"),
    [
        ("Status", "TF", ["staged", "staged"]),
        ("State", "YN", ["staged", "staged"]),
        ("Status", ("on", "off"), ["staged", "staged"]),
        ("Status", ("yes", "no"), ["active", "departed"]),
        ("Status", "10", ["active", "departed"]),
        ("Active", "TF", ["active", "departed"]),
        ("accountEnabled", "YN", ["active", "departed"]),
        ("Active", "10", ["active", "departed"]),
        ("Active", "11", ["active", "active"]),
        ("Status", "120", ["staged", "staged", "staged"]),
        ("Active", "120", ["staged", "staged", "staged"]),
    ],
)
def test_letters_and_figures_are_codes_but_for_yes_or_no(
    header: str, cells: str, states: list[str], tmp_path: Path
) -> None:
    """T and F of a Status may be tenured and fixed-term, and a 0 beside a 2 a grade: each is told."""
    rows = "".join(f"{n},p{n}@x.test,{cell}\n" for n, cell in enumerate(cells))

    page = read(source(tmp_path, f"id,email,{header}\n{rows}"))

    assert page.frame["state"].tolist() == states
    assert len(page.rejects) == states.count("staged")


def test_a_header_of_ones_own_may_ask_for_yes_or_no(tmp_path: Path) -> None:
    """By its words; one that asks the reverse makes nobody depart."""
    content = "id,email,{}\n1,a@x.test,J\n2,b@x.test,N\n"

    for header, states in {"Ist aktiv": ["active", "departed"], "Inaktiv": ["staged", "staged"]}.items():
        csv = source(tmp_path, content.format(header), columns={"state": header})
        assert read(csv).frame["state"].tolist() == states


def test_without_an_id_the_sign_in_name_stands_for_it(tmp_path: Path) -> None:
    """A file without identifiers names people by sign-in name, else by address, in lower case."""
    named = read(source(tmp_path, "login,email,status\nADA,a@x.test,active\n"))
    addressed = read(source(tmp_path, "email,status\nA@X.TEST,active\n"))

    assert (named.frame["source_id"][0], addressed.frame["source_id"][0]) == ("ada", "a@x.test")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"id,status\n1,\xe9ctive\n", "line 2 is not written in utf-8"),
        (b'id,status\n1,"active\n2,active\n', "begins on line 2"),
    ],
)
def test_a_file_that_cannot_be_read_whole_raises(content: bytes, words: str, tmp_path: Path) -> None:
    """A wrong encoding, or a quote left open that would swallow rows, uses nothing of the file."""
    with pytest.raises(Unreadable, match=words):
        read(source(tmp_path, content))


def test_another_encoding_is_named(tmp_path: Path) -> None:
    """`encoding` reads what an older spreadsheet wrote."""
    page = read(source(tmp_path, "id,status,title\n1,active,Caf\xe9\n".encode("cp1252"), encoding="cp1252"))

    assert page.frame["title"].tolist() == ["Caf\xe9"]


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A path that leads nowhere is named with what to do."""
    csv = Csv("hr", CsvOptions(path=tmp_path / "none.csv"), Door())

    with pytest.raises(Unreadable, match=r"none\.csv"):
        read(csv)


def test_a_column_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    """Mapping a column we do not have is a mistake in the connection."""
    with pytest.raises(ValidationError, match="no column"):
        CsvOptions(path=tmp_path, columns={"favourite_colour": "Color"})


def test_a_last_day_far_back_by_two_figures_alone_ends_nothing(tmp_path: Path) -> None:
    """`31-Dec-99` is how sheets show an open end; of who departed by their state nothing is told."""
    rows = "1,active,31-Dec-99\n2,departed,31-Dec-99\n3,active,31-Dec-1999\n4,active,30-Jun-25\n"

    page = read(source(tmp_path, "id,status,end date\n" + rows))

    assert page.frame["leaves_on"].notna().tolist() == [False, False, True, True]
    assert page.frame["state"].tolist() == ["active", "departed", "active", "active"]
    ((key, field, problem),) = told(page)
    assert (key, field) == ("1", "leaves_on")
    assert "may be an open end and ends nothing (line 2)" in problem
