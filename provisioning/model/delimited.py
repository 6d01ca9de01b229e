"""Delimited text (CSV) as people and admin sites really write it, read into columns of text.

Accepts a byte order mark, UTF-16 as spreadsheets save it, a first line that states the delimiter (`sep=;`),
comma, semicolon or tab, quoted line breaks, blank lines, empty fields too many at the end of a row, and
rows of another length than the header, which are kept apart with their line numbers.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
from pyarrow import csv as pacsv

from provisioning.model.findings import Unreadable

CHUNK = 20_000
DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of spreadsheet programs begin, the present kind and the old one."""
_SAMPLE = 4_096
_HEADER = 65_536
"""Letters within which a header ends."""
_QUOTED = re.compile(r'(?:^|(?<=[,;\t|]))"(?:[^"]|"")*"', re.MULTILINE)
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Ragged(NamedTuple):
    """A row whose number of fields is not the header's."""

    line: int
    fields: list[str]


class Table(NamedTuple):
    """A file's rows.

    Attributes:
        header: names as they stand in the first row, trimmed.
        rows: one text column per header position, named 0, 1, 2 …; an empty field is null.
        lines: for each row the line of the file it begins on, the header's being 1.
        ragged: rows of another length, in order.
    """

    header: list[str]
    rows: pd.DataFrame
    lines: pd.Series[int]
    ragged: list[Ragged]


def decode(content: bytes, encoding: str | None = None) -> str:
    """The text of a file.

    Args:
        content: the whole file.
        encoding: what it is written in; by default its byte order mark says, else UTF-8.

    Raises:
        Unreadable: with the line of the first wrong byte.
    """
    if content.startswith(_WORKBOOKS):
        raise Unreadable(
            "the file is a workbook under the name of a text file",
            remedy="Open it in the spreadsheet program and save the sheet as CSV UTF-8.",
        )
    chosen = encoding or _guess(content)
    try:
        # A mark belongs to no header, also where the encoding is stated without one.
        return content.decode(chosen).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            f"line {line} is not written in {chosen}",
            remedy="Save the file as CSV UTF-8, or state its encoding (often cp1252).",
        ) from error


def _guess(content: bytes) -> str:
    """The encoding a file shows by its mark, or by the zeros between the letters of UTF-16 without one."""
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if marked:
        return marked
    first, second = content[:_SAMPLE:2], content[1:_SAMPLE:2]
    for zeros, letters, name in ((second, first, "utf-16-le"), (first, second, "utf-16-be")):
        if zeros.count(0) * 2 > len(zeros) and not letters.count(0):
            return name
    return "utf-8"


def parse(text: str, *, delimiter: str | None = None, width: int | None = None) -> Table:
    """Read a whole text.

    Args:
        text: the file's text; its first non-blank row is the header.
        delimiter: what stands between fields; by default what the header holds most of.
        width: fields a row has, where that is not the header's number.

    Raises:
        Unreadable: a quote that is never closed would swallow the rows after it.
    """
    stated = _SEPARATOR.match(text)
    if stated:  # The line stays a line, so that those below it keep their numbers.
        delimiter, text = delimiter or stated[1], "\n" + text[stated.end() :]
    delimiter = delimiter or _delimiter(text)
    records = _records(text, delimiter)
    _, header = next(records, (1, []))
    width = width or len(header)
    header = [name.strip() for name in header]
    rows = _even(text, delimiter, width)
    if rows is not None:
        return Table(header, rows, pd.Series(range(2, len(rows) + 2), dtype="int64"), [])
    return _uneven(header, records, width)


def _even(text: str, delimiter: str, width: int) -> pd.DataFrame | None:
    """The quick way, for a file of one row a line and one width; None for any other."""
    names = [str(place) for place in range(width)]
    strings = pacsv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=True, null_values=[""]
    )
    try:
        table = pacsv.read_csv(
            pa.BufferReader(text.encode()),
            read_options=pacsv.ReadOptions(column_names=names),
            parse_options=pacsv.ParseOptions(delimiter=delimiter),
            convert_options=strings,
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != text.count("\n") + (not text.endswith("\n")):
        return None
    rows = table.slice(1).to_pandas().set_axis(range(width), axis="columns")
    return None if rows.isna().all(axis="columns").any() else rows


def _uneven(header: list[str], records: Iterator[tuple[int, list[str]]], width: int) -> Table:
    """The careful way: blank lines, line breaks in fields, rows of another width."""
    parts, starts, ragged = [], [], []
    while chunk := list(islice(records, CHUNK)):
        chunk = [(line, _without_surplus(fields, width)) for line, fields in chunk]
        even = [record for record in chunk if len(record[1]) == width]
        ragged += [Ragged(*record) for record in chunk if len(record[1]) != width]
        parts.append(_columns([fields for _, fields in even], width))
        starts += [line for line, _ in even]
    rows = pd.concat(parts, ignore_index=True) if parts else _columns([], width)
    return Table(header, rows, pd.Series(starts, dtype="int64"), ragged)


def _without_surplus(fields: list[str], width: int) -> list[str]:
    """The fields of a row without empty ones that stand beyond the last column."""
    return fields[:width] if len(fields) > width and not any(fields[width:]) else fields


def _delimiter(text: str) -> str:
    """What a header holds most of, beside what stands within quotes."""
    bare = _QUOTED.sub('""', text[:_HEADER])
    header = next((line for line in _lines(bare) if line.strip()), "")
    return max(DELIMITERS, key=header.count)


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, one by one: a stream would hold four bytes for each letter of the whole text."""
    return (match[0] for match in _LINE.finditer(text))


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line it begins on."""
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=True)
    start = 1
    try:
        for fields in reader:
            if any(fields):
                yield start, fields
            start = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(
            f"the row that begins on line {start} cannot be read: {error}",
            remedy="Correct the quotes of that row, or export the file again.",
        ) from error


def _columns(rows: Sequence[Sequence[str]], width: int) -> pd.DataFrame:
    columns = zip(*rows, strict=True) if rows else [()] * width
    texts = [pd.Series(pa.array(column, pa.large_string()), dtype="str") for column in columns]
    return pd.DataFrame({place: column.where(column != "") for place, column in enumerate(texts)})
