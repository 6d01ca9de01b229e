"""CSV as it is found in the wild."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.model.delimited import Ragged, decode, parse
from provisioning.model.findings import Unreadable
from provisioning.model.text import nearest

FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)


@given(st.lists(st.tuples(FIELD, FIELD, FIELD), max_size=8), st.sampled_from(",;\t"))
def test_what_was_written_is_read(rows: list[tuple[str, str, str]], delimiter: str) -> None:
    """Any text survives a round trip, line breaks and quotes in fields included; blank rows are dropped."""
    page = io.StringIO(newline="")
    csv.writer(page, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("a", "b", "c"), *rows])

    table = parse(page.getvalue(), delimiter=delimiter)

    assert table.header == ["a", "b", "c"]
    assert table.rows.astype(object).where(table.rows.notna(), "").to_numpy().tolist() == [
        list(row) for row in rows if any(row)
    ]
    assert table.ragged == []


def test_quick_and_careful_way_agree() -> None:
    """A blank line sends a file down the careful way; the rows are the same."""
    quick = parse("a,b\n1,2\n3,\n")
    careful = parse("a,b\n1,2\n\n3,\n")

    pd.testing.assert_frame_equal(quick.rows, careful.rows)
    assert (quick.lines.tolist(), careful.lines.tolist()) == ([2, 3], [2, 4])


def test_lines_count_breaks_within_fields() -> None:
    """A row is told by the line of the file it begins on, and rows of another length are kept apart."""
    table = parse('a,b\n"x\ny",1\n2\n3,4\n')

    assert table.lines.tolist() == [2, 5]
    assert table.ragged == [Ragged(4, ["2"])]


def test_the_header_may_be_shorter_than_the_rows() -> None:
    """`width` reads a file whose rows have a field more than the header."""
    table = parse("a,b\n1,2,3\n4,5,6\n", width=3)

    assert table.rows.to_numpy().tolist() == [["1", "2", "3"], ["4", "5", "6"]]


def test_an_open_quote_is_an_error() -> None:
    """A quote that is never closed would swallow every row after it, so it raises with its line."""
    with pytest.raises(Unreadable, match="line 3"):
        parse('a,b\n1,2\n3,"4\n5,6\n')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_tell_the_encoding(encoding: str) -> None:
    """A byte order mark is obeyed and never part of the first header."""
    assert decode("é,b".encode(encoding)) == "é,b"


@pytest.mark.parametrize(
    ("stated", "written"),
    [("utf-8", "utf-8-sig"), ("UTF8", "utf-8-sig"), ("utf-8-sig", "utf-8"), ("utf-8", "utf-8")],
)
def test_a_stated_encoding_may_have_a_mark(stated: str, written: str) -> None:
    """With or without one the first header is the same."""
    assert decode("é,b".encode(written), stated) == "é,b"


@pytest.mark.parametrize(
    "header",
    [
        'Employee ID;"Name (last, first, middle, title)";Email;Status',
        '"Name (last, first, middle, title)";Email',
        '"Name\n(a, b, ""c"", d)";Email',
        '"Name";"Email, and more, and more"',
    ],
)
def test_what_stands_within_quotes_is_no_delimiter(header: str) -> None:
    """Of the header what stands between its fields counts."""
    row = "x;" * header.count(";")

    table = parse(f"{header}\n{row}y\n")

    assert len(table.header) == header.count(";") + 1
    assert (len(table.rows), table.ragged) == (1, [])


def test_a_wrong_encoding_names_the_line() -> None:
    """The first byte that is not of the encoding is told by its line, with what to do."""
    with pytest.raises(Unreadable, match="line 3") as failure:
        decode(b"a\nb\n\xff\n")

    assert "cp1252" in failure.value.remedy


def test_an_empty_text_has_no_header() -> None:
    """Nothing at all is no rows under no header."""
    table = parse("")

    assert table.header == []
    assert table.rows.empty


@pytest.mark.parametrize(("name", "found"), [("Stats", "Status"), ("E-MAIL", "email"), ("xyzzy", None)])
def test_the_nearest_header(name: str, found: str | None) -> None:
    """A misspelt header finds the one that was meant, and nonsense finds none."""
    assert nearest(name, ["Status", "email", "Name"]) == found
