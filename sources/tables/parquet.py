"""A Parquet file as a table of text, the way a CSV file is one."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import parquet as pq

from provisioning.model.delimited import Table
from provisioning.model.findings import Unreadable


def parse(content: bytes) -> Table:
    """Read a file; numbers, dates and booleans become text, lists stay lists.

    Raises:
        Unreadable: it is no Parquet.
    """
    try:
        table = pq.read_table(pa.BufferReader(content))
    except pa.ArrowException as error:
        raise Unreadable(f"it is no Parquet file: {error}", remedy="Export it again, or as CSV.") from error
    rows = pd.DataFrame({place: _plain(column) for place, column in enumerate(table.columns)})
    lines = pd.Series(range(1, table.num_rows + 1), dtype="int64")
    return Table([name.strip() for name in table.column_names], rows, lines, [])


def _plain(column: pa.ChunkedArray) -> pd.Series:
    """A column as text; of what has no text, such as structures, nothing."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        return pd.Series(column.to_pylist(), dtype="object")
    if pa.types.is_floating(column.type):
        column = _whole(column)
    try:
        texts = pd.Series(column.cast(pa.string()).to_pylist(), dtype="str")
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return pd.Series([None] * len(column), dtype="str")
    return texts.where(texts != "")


def _whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers without a fraction as integers: pandas saves integers with gaps as floats."""
    column = pc.if_else(pc.is_nan(column), None, column)
    present = pc.drop_null(column)
    return column.cast(pa.int64()) if pc.all(pc.equal(pc.round(present), present)).as_py() else column
