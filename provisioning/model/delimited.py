"""Delimited text (CSV) as people and admin sites really write it, read into columns of text.

Accepts a byte order mark, UTF-16 as spreadsheets save it, comma, semicolon or tab, quoted line breaks,
blank lines and rows of another length than the header, which are kept apart with their line numbers.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from io import StringIO
from itertools import islice
from typing import NamedTuple

import pandas as pd
import pyarrow as pa
from pyarrow import csv as pacsv

from provisioning.model.findings import Unreadable
from provisioning.model.text import fold

CHUNK = 20_000
DELIMITERS = (",", ";", "\t", "|")
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
    chosen = encoding or next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        return content.decode(chosen)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            f"line {line} is not written in {chosen}",
            remedy="Save the file as CSV UTF-8, or state its encoding (often cp1252).",
        ) from error


def parse(text: str, *, delimiter: str | None = None, width: int | None = None) -> Table:
    """Read a whole text.

    Args:
        text: the file's text; its first non-blank row is the header.
        delimiter: what stands between fields; by default what the header holds most of.
        width: fields a row has, where that is not the header's number.

    Raises:
        Unreadable: a quote that is never closed would swallow the rows after it.
    """
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
        even = [record for record in chunk if len(record[1]) == width]
        ragged += [Ragged(*record) for record in chunk if len(record[1]) != width]
        parts.append(_columns([fields for _, fields in even], width))
        starts += [line for line, _ in even]
    rows = pd.concat(parts, ignore_index=True) if parts else _columns([], width)
    return Table(header, rows, pd.Series(starts, dtype="int64"), ragged)


def _delimiter(text: str) -> str:
    header = next((line for line in StringIO(text, newline="") if line.strip()), "")
    return max(DELIMITERS, key=header.count)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the line it begins on."""
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
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


def nearest(name: str, header: Sequence[str]) -> str | None:
    """The header most like a name, whatever its case."""
    plain = {fold(known): known for known in header}
    found = get_close_matches(fold(name), list(plain), n=1, cutoff=0.5)
    return plain[found[0]] if found else None
