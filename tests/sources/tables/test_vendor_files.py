"""Files as vendors and people write them: understood, or named with what to do about them."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.model.findings import Unreadable
from provisioning.model.guessed_rows import MEMBERS, ROW
from provisioning.model.screening import Screened
from sources.tables.csv import Csv, CsvOptions
from sources.tables.groups import ANY
from sources.tables.headers import spell
from transport.door import Door

HEAD = "Id,Email,Status,First name,Teams\n"
ROWS = "1,ada@acme.test,Active,Ada,dev\n2,bo@acme.test,Active,Bo,\n"


def source(folder: Path, content: str | bytes, **options: Any) -> Csv:
    path = folder / "people.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Csv("hr", CsvOptions(path=path, **options), Door())


def read(csv: Csv) -> Screened:
    (page,) = csv.identities()
    return page


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\n" + (HEAD + ROWS).replace(",", ";"),
        "SEP=|\r\n" + (HEAD + ROWS).replace(",", "|"),
        HEAD + ROWS.replace("\n", ",\n"),
        HEAD + ROWS.replace("\n", ",,,\n"),
        (HEAD + ROWS).encode("utf-16-le"),
        (HEAD + ROWS).encode("utf-16-be"),
    ],
    ids=["sep", "SEP", "one too many", "three too many", "utf-16-le", "utf-16-be"],
)
def test_a_file_is_read_as_its_program_left_it(content: str | bytes, tmp_path: Path) -> None:
    """Excel's first line, empty fields at the end of rows, and UTF-16 without a mark lose nobody."""
    page = read(source(tmp_path, content))

    assert page.frame["email"].tolist() == ["ada@acme.test", "bo@acme.test"]
    assert page.rejects.empty


def test_a_first_line_that_states_the_delimiter_counts_as_a_line(tmp_path: Path) -> None:
    """Reports name the line of the file."""
    page = read(source(tmp_path, "sep=;\n" + (HEAD + ROWS.replace("Bo", "Bo;x;y")).replace(",", ";")))

    assert page.rejects["problem"].tolist() == ["line 4 has 7 fields, the header 5"]


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (b"PK\x03\x04\x14\x00rest", "workbook", "CSV UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1rest", "workbook", "CSV UTF-8"),
        (b"", "is empty", "Export it again"),
        (b" \n\n", "is empty", "Export it again"),
        (
            b"Id,Email,Status,email\n1,a@x.test,Active,b@x.test\n",
            "two columns 'Email', number 2 and",
            "Rename",
        ),
    ],
)
def test_a_file_that_is_none_is_named(content: bytes, words: str, remedy: str, tmp_path: Path) -> None:
    """A workbook, nothing at all, and a header over two columns that differ."""
    csv = source(tmp_path, content)

    with pytest.raises(Unreadable, match=words) as failure:
        read(csv)

    assert remedy in failure.value.remedy
    assert [finding.level for finding in csv.check()] == ["error"]


def test_a_header_that_stands_twice_over_the_same_cells_is_one(tmp_path: Path) -> None:
    """Nothing is uncertain about it."""
    page = read(source(tmp_path, "Id,Email,Status,Email\n1,a@x.test,Active,a@x.test\n"))

    assert page.frame["email"].tolist() == ["a@x.test"]


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("State,Status", "ON,Active", "ON,Terminated"),
        ("Status,Account enabled", "Active,True", "Active,False"),
        ("Status,Account enabled", "Active,", "Terminated,False"),
        ("Status,Status code,Active", "Active,1,Y", "Terminated,2,Y"),
    ],
)
def test_two_headers_that_may_be_one_column_are_refused(
    header: str, first: str, second: str, tmp_path: Path
) -> None:
    """Where they differ both are named, with the option that settles it."""
    content = f"Id,Email,{header}\n1,a@x.test,{first}\n2,b@x.test,{second}\n"
    one, other = (name for name in header.split(",") if name != "Status code")

    with pytest.raises(Unreadable, match="may be state") as failure:
        read(source(tmp_path, content))
    settled = read(source(tmp_path, content, columns={"state": "Status"}))

    assert f"'{one}'" in str(failure.value)
    assert f"'{other}'" in str(failure.value)
    assert "connection hr" in failure.value.remedy
    assert "columns: {state: 'Status'}" in failure.value.remedy
    assert settled.frame["source_state"].iloc[0] == "Active"


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Status,Account enabled", ("Active,True", "Terminated,False")),
        ("Status,Active", ("Active,Y", "Left,N")),
        ("State,Status", (",Active", ",Left")),
    ],
)
def test_two_headers_of_one_column_that_mean_the_same_are_one(
    header: str, rows: tuple[str, str], tmp_path: Path
) -> None:
    """An empty one says nothing."""
    content = f"Id,Email,{header}\n1,a@x.test,{rows[0]}\n2,b@x.test,{rows[1]}\n"

    page = read(source(tmp_path, content))

    assert page.frame["state"].tolist() == ["active", "departed"]


def test_the_export_of_the_entra_portal_is_understood(tmp_path: Path) -> None:
    """Headers in camel case fill their columns, and accountEnabled says who is active."""
    header = (
        "userPrincipalName,displayName,surname,mail,givenName,id,jobTitle,accountEnabled,createdDateTime\n"
    )
    rows = (
        "ada@x.test,Ada L,L,ada@x.test,Ada,a1,Engineer,True,2025-11-03T08:15:44Z\n"
        "bo@x.test,Bo L,L,bo@x.test,Bo,a2,,False,2025-11-03T08:15:44Z\n"
    )

    page = read(source(tmp_path, header + rows))

    assert page.frame[["source_id", "state", "user_name", "title"]].to_numpy()[0].tolist() == [
        "a1",
        "active",
        "ada@x.test",
        "Engineer",
    ]
    assert page.frame["state"].tolist() == ["active", "departed"]
    assert page.frame["created_on"].notna().all()


@pytest.mark.parametrize(
    "header", ["accountEnabled", "Account-Enabled", "ACCOUNT_ENABLED", " account  enabled "]
)
def test_a_header_is_known_however_it_is_spelt(header: str) -> None:
    """Case, humps and joints make no difference."""
    assert spell(header) == "account enabled"


def test_check_says_what_feeds_what_and_what_is_not_used(tmp_path: Path) -> None:
    """And what of the cells is not understood."""
    content = "Id,Email,Status,Shoe size\n1,a@x.test,Active,38\n2,NULL,Orbiting,39\n3,nobody,Active,40\n"

    told = source(tmp_path, content).check()

    messages = " | ".join(finding.message for finding in told)
    assert "email from 'Email'" in messages
    assert "not used: Shoe size" in messages
    assert "state: 1 not understood, the first 'Orbiting'" in messages
    assert "email: 1 not understood, the first 'nobody'" in messages
    assert all(finding.remedy for finding in told if finding.level == "warning")


@pytest.mark.parametrize(
    "words", [("1", "0"), ("Y", "N"), ("T", "F"), ("ja", "nein"), ("aktiv", "ausgeschieden")]
)
def test_states_are_known_by_one_table(words: tuple[str, str], tmp_path: Path) -> None:
    """Whatever pair of words a file uses."""
    page = read(source(tmp_path, f"Id,Email,Active\n1,a@x.test, {words[0]} \n2,b@x.test,{words[1]}\n"))

    assert (page.frame["state"].tolist(), len(page.rejects)) == (["active", "departed"], 0)


@pytest.mark.parametrize(
    "words", [("F", "P"), ("F", "Active"), ("A", "T"), ("L", "T"), ("ON", "ON"), ("F", "F")]
)
def test_letters_of_a_code_are_no_yes_and_no(words: tuple[str, str], tmp_path: Path) -> None:
    """Full-time, terminated and a province are reported, and `states` says what they mean."""
    content = f"Id,Email,Status\n1,a@x.test,{words[0]}\n2,b@x.test,{words[1]}\n"
    codes = [word for word in words if word != "Active"]

    page = read(source(tmp_path, content))
    told = read(source(tmp_path, content, states=dict.fromkeys(codes, "active")))

    assert page.frame["state"].tolist() == ["active" if word == "Active" else "staged" for word in words]
    assert page.rejects["value"].tolist() == codes
    assert (set(told.frame["state"]), len(told.rejects)) == ({"active"}, 0)


def test_an_unknown_state_is_neither_active_nor_departed(tmp_path: Path) -> None:
    """Nor does a first working day in the past make somebody active."""
    page = read(source(tmp_path, "Id,Email,Status,Hire date\n1,a@x.test,Orbiting,2020-01-01\n"))

    assert page.frame["state"].tolist() == ["staged"]
    assert page.frame["hired_on"].isna().all()
    assert page.rejects["field"].tolist() == ["state"]


def test_an_order_of_dates_that_nothing_proves_stops_the_file(tmp_path: Path) -> None:
    """The column is named, and the option that settles it."""
    csv = source(tmp_path, "Id,Email,Status,Last day\n1,a@x.test,Active,02/03/2026\n")

    with pytest.raises(Unreadable, match="'Last day'") as failure:
        read(csv)

    assert "dates: ['%d/%m/%Y']" in failure.value.remedy


# Several rows of one person

CELL = st.sampled_from(["", "Active", "aktiv", "Terminated", "NULL"])
NAME = st.sampled_from(["", "Ada", "ada ", "Eve"])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_rows_that_contradict_each_other_count_for_nothing(order: tuple[int, ...], tmp_path: Path) -> None:
    """In whatever order: the person waits, and both lines are told with both values."""
    rows = [
        "1,ada@acme.test,Terminated,Ada,\n",
        "1,ada@acme.test,Active,Ada,dev\n",
        "2,bo@acme.test,Active,Bo,\n",
    ]

    page = read(source(tmp_path, HEAD + "".join(rows[n] for n in order)))

    states = page.frame.set_index("source_id")["state"]
    assert (states["1"], states["2"], len(states)) == ("staged", "active", 2)
    [told] = page.rejects.to_dict("records")
    lines = sorted(order.index(n) + 2 for n in (0, 1))
    assert told["problem"].startswith(f"lines {lines[0]}, {lines[1]} of one person contradict each other")
    assert (told["key"], told["field"]) == ("1", "source_state")
    assert {"Active", "Terminated"} == set(told["value"].split(" / "))


def test_a_row_that_only_adds_a_group_adds_it(tmp_path: Path) -> None:
    """What a row leaves out, another may say."""
    content = HEAD + "1,ada@acme.test,Active,Ada,dev\n1,,,,ops\n1,ADA@acme.test,aktiv,,qa\n"
    csv = source(tmp_path, content, groups={"columns": ["Teams"]})

    page = read(csv)
    (held,) = csv.memberships()

    assert page.rejects.empty
    assert page.frame[["email", "state", "given_name"]].to_numpy().tolist() == [
        ["ada@acme.test", "active", "Ada"]
    ]
    assert set(held.frame["group_name"]) == {"dev", "ops", "qa"}


@pytest.mark.parametrize(
    ("row", "key", "field"),
    [
        (",Cy@acme.test,Active,Cy,ops\n", "Cy@acme.test", "source_id"),
        (",,Active,Cy,ops\n", None, "source_id"),
        ("Cy, 3,cy@acme.test,Active,Cy,ops\n", "Cy", ROW),
    ],
)
def test_a_row_that_names_nobody_for_certain_says_so(
    row: str, key: str | None, field: str, tmp_path: Path
) -> None:
    """By its field, for its key is only what a person may find it by."""
    rejects = read(source(tmp_path, HEAD + ROWS + row)).rejects

    assert rejects["key"].dropna().tolist() == ([key] if key else [])
    assert rejects["field"].tolist() == [field]


@pytest.mark.parametrize("row", ["1,ada@acme.test,Active,Ada, L,ops\n", ",ada@acme.test,Active,Ada,ops\n"])
def test_a_row_that_may_be_anybodys_may_name_any_group(row: str, tmp_path: Path) -> None:
    """Nobody leaves a group because a row that names them could not be read."""
    csv = source(tmp_path, HEAD + ROWS + row, groups={"columns": ["Teams"]})
    whole = source(tmp_path, HEAD + ROWS + row)

    (held,) = csv.memberships()

    assert held.frame["group_name"].tolist() == ["dev"]
    [told] = held.rejects.to_dict("records")
    assert (told["field"], told["key"], told["value"]) == (MEMBERS, ANY, ANY)
    assert told["problem"].startswith("1 rejected row")
    assert list(whole.memberships()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(CELL, NAME), min_size=1, max_size=4), random=st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(rows: list[tuple[str, str]], random: Any, tmp_path: Path) -> None:
    """One person comes of any rows; active or departed only where no row says otherwise."""
    shuffled = random.sample(rows, len(rows))
    pages = [
        read(source(tmp_path, "Id,Status,First name\n" + "".join(f"1,{s},{n}\n" for s, n in some)))
        for some in (rows, shuffled)
    ]

    one, other = (page.frame["state"].tolist() for page in pages)
    assert one == other
    said = {state for state, _ in rows} - {"", "NULL"}
    names = {name.strip().lower() for _, name in rows} - {""}
    expected = "departed" if said == {"Terminated"} else "active"
    clear = bool(said) and (said == {"Terminated"} or "Terminated" not in said) and len(names) < 2
    assert one == [expected if clear else "staged"]
    assert clear == pages[0].rejects.empty


def test_rivals_of_what_decides_are_told_at_once_and_others_passed_over(tmp_path: Path) -> None:
    """An ordinary file has several headers for a company or a manager: the usual one counts."""
    header = "Id,Email,Work email,Status,Hire date,Start date,Company,Division,Manager,Manager email"
    content = f"{header}\n1,a@x.test,b@x.test,Active,2020-01-01,2020-02-01,Acme,North,Bo,bo@x.test\n"
    stated = {"email": "Email", "hired_on": "Start date"}

    with pytest.raises(Unreadable) as failure:
        read(source(tmp_path, content))
    csv = source(tmp_path, content, columns=stated)
    page = read(csv)

    assert "email, 'Email' and 'Work email'; hired_on, 'Hire date' and 'Start date'" in str(failure.value)
    assert "columns: {email: 'Email', hired_on: 'Hire date'}" in failure.value.remedy
    assert page.frame[["organization", "manager"]].iloc[0].tolist() == ["Acme", "Bo"]
    assert "organization from 'Company' and not 'Division'" in csv.check()[0].message
    assert "manager from 'Manager' and not 'Manager email'" in csv.check()[0].message


@pytest.mark.parametrize("header", ["state,accountEnabled", "Status,Active"])
def test_a_column_without_any_word_of_a_state_is_none(header: str, tmp_path: Path) -> None:
    """Entra's file of users has the province people live in as `state`."""
    content = f"Id,Email,{header}\n1,a@x.test,Bavaria,True\n2,b@x.test,Berlin,False\n3,c@x.test,,True\n"
    other, own = header.split(",")

    csv = source(tmp_path, content)
    page = read(csv)

    assert page.frame["state"].tolist() == ["active", "departed", "active"]
    assert page.rejects.empty
    assert f"state from '{own}' and not '{other}'" in csv.check()[0].message
