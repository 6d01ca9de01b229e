"""Tables as files for people and scripts.

CSV is UTF-8 with ISO times, money with its cents and nothing that runs; Parquet keeps the types.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

MONEY = pa.decimal128(18, 2)
RUNS = r"^[=+\-@\t\r\n]"
"""How text starts that a spreadsheet takes for a formula."""
QUOTED = r'[",\r\n]'
"""What text holds that stands between quotes."""
TEXT = pa.large_string()
ROWS = 50_000
"""Rows put into text at a time."""
_COMMA, _END, _MARK, _INERT, _UTC, _NOTHING = (
    pa.scalar(text, TEXT) for text in (",", "\n", '"', "'", "Z", "")
)
NAMES = ["plan", "outcomes", "identities", "accounts", "links", "seats", "waste"]
"""The files of a run, without their ending."""


def write_all(folder: Path, frames: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write each frame to `<name>.csv`.

    Args:
        folder: where to write; made when it is missing.
        frames: frames by name, usually one of `NAMES`.

    Returns:
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [write_csv(frame, folder / f"{name}.csv") for name, frame in frames.items()]


def write_csv(frame: pd.DataFrame, path: Path) -> Path:
    """Write one frame: header, one line a row, empty for null.

    Times are ISO 8601 in UTC (`2026-09-14T07:30:00Z`), truth is `true` or `false`. Text that a spreadsheet
    would run as a formula gets an apostrophe before it; line ends within a text are line feeds.
    """
    write_if_changed(path, b"".join(_parts(frame)))
    return path


def write_csv_of_each(frame: pd.DataFrame, files: Mapping[Path, npt.ArrayLike]) -> list[Path]:
    """Write some rows of a frame, by position, to each file, as `write_csv` does.

    Each line is made once, however many files there are.
    """
    header, lines = _header(frame), pa.chunked_array(_lines(frame), TEXT).combine_chunks()
    for path, rows in files.items():
        write_if_changed(path, header + _ended(lines.take(pa.array(np.asarray(rows)))))
    return list(files)


def write_if_changed(path: Path, content: bytes) -> None:
    """Write a file unless it holds just that already: whoever copies what changed then copies nothing."""
    if not path.is_file() or path.stat().st_size != len(content) or path.read_bytes() != content:
        path.write_bytes(content)


def write_parquet(frame: pd.DataFrame, path: Path) -> Path:
    """Write one frame with its types; amounts are decimals of two places, also where all are null."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for place, name in enumerate(frame.columns):
        if frame[name].dtype == object:
            table = table.set_column(place, name, table.column(place).cast(MONEY))
    parquet.write_table(table.replace_schema_metadata(), path)
    return path


def _parts(frame: pd.DataFrame) -> Iterator[bytes]:
    """The header and, some rows at a time, the lines."""
    yield _header(frame)
    yield from map(_ended, _lines(frame))


def _header(frame: pd.DataFrame) -> bytes:
    return (",".join(_quoted(pa.array(list(frame.columns), TEXT)).to_pylist()) + "\n").encode()


def _lines(frame: pd.DataFrame) -> Iterator[pa.Array]:
    """The lines of some rows at a time; by columns, for rows one by one are slow."""
    for start in range(0, len(frame) if len(frame.columns) else 0, ROWS):
        rows = frame.iloc[start : start + ROWS]
        cells = [_quoted(_text_of(rows[name])) for name in rows.columns]
        yield pc.binary_join_element_wise(*cells, _COMMA, null_handling="replace")


def _ended(lines: pa.Array) -> bytes:
    """Lines with their ends; the texts of an array stand one after the other in its last buffer."""
    return bytes(_joined(lines, _END).buffers()[-1].to_pybytes())


def _text_of(column: pd.Series) -> pa.Array:
    """The cells of a column as text, null where there is nothing."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        naive = column.dt.tz_convert("UTC").dt.tz_localize(None).dt.floor("s")
        # As text, Arrow writes `2026-09-14 07:30:00`; its `strftime` takes ten times as long.
        times = pa.array(naive).cast(pa.timestamp("s")).cast(TEXT)
        return _joined(pc.binary_replace_slice(times, 10, 11, "T"), _UTC)
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_integer_dtype(column.dtype):
        return pa.array(column).cast(TEXT)
    if not isinstance(column.dtype, pd.StringDtype):
        return pa.array(
            [None if gone else str(one) for one, gone in zip(column, column.isna(), strict=True)],
            TEXT,
        )
    text = _whole(pa.array(column, TEXT))
    if _holds(text, b"\r"):
        text = pc.replace_substring_regex(text, "\r\n?", "\n")
    runs = pc.match_substring_regex(text, RUNS)
    return pc.if_else(runs, _joined(_INERT, text), text) if pc.any(runs).as_py() else text


def _quoted(text: pa.Array) -> pa.Array:
    """Text between quotes where it needs them."""
    if not _holds(text, b'"', b",", b"\r", b"\n"):
        return text
    needs = pc.match_substring_regex(text, QUOTED)
    return pc.if_else(needs, _joined(_MARK, pc.replace_substring(text, '"', '""'), _MARK), text)


def _holds(text: pa.Array, *letters: bytes) -> bool:
    """Whether any of the texts holds one of these letters; what lies beside a slice counts for nothing."""
    _, bounds, texts = text.buffers()
    if texts is None:
        return False
    first, last = np.frombuffer(bounds, dtype=np.int64)[[text.offset, text.offset + len(text)]]
    held = texts.slice(first, last - first).to_pybytes()
    return any(letter in held for letter in letters)


def _joined(*parts: pa.Array | pa.Scalar) -> pa.Array:
    return pc.binary_join_element_wise(*parts, _NOTHING)


def _whole(text: pa.Array | pa.ChunkedArray) -> pa.Array:
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
