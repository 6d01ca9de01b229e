"""Tables as CSV files for people and scripts: UTF-8, ISO times, money with its cents, nothing that runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What text a spreadsheet takes for a formula starts with."""
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
    plain = frame.apply(_printable) if len(frame.columns) else frame
    plain.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    return path


def _printable(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        iso: pd.Series = column.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        return iso
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.map({True: "true", False: "false"})
    if isinstance(column.dtype, pd.StringDtype):
        text = column.str.replace("\r\n?", "\n", regex=True)
        runs = text.str.startswith(STARTS, na=False)
        return text.mask(runs, "'" + text)
    return column
