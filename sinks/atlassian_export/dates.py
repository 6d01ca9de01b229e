"""Dates as the admin site and the spreadsheets that open its files write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from provisioning.model.dates import Dates, read_dates

NEVER = frozenset(
    ("never accessed", "never logged in", "never used", "never active", "never", "not accessed")
)
"""What stands where a product was never used."""
WITH_TIMES = (
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%Y %H:%M",
    "%d-%b-%y %H:%M",
    "%d/%b/%Y %H:%M",
    "%d/%b/%y %I:%M %p",
    "%d/%b/%Y %I:%M %p",
    "%d/%b/%y",
    "%d/%b/%Y",
    "%b %d, %Y %H:%M:%S",
    "%b %d, %Y, %I:%M:%S %p",
    "%b %d, %Y, %I:%M %p",
)
"""Forms with a month in letters, which can be read in one way only, beside those without a time."""
_DATE = re.compile(
    r"\d{1,4}[\s./-]+(?:\d{1,2}|[^\W\d]{3,9}\.?)[\s./-]+\d{2,4}\b.*|[^\W\d]{3,9}\.? \d{1,2},? \d{4}.*"
)


def looks_like_date(cell: str) -> bool:
    """Whether a cell is a date in some order, or says that there was none."""
    text = cell.strip()
    return text.lower() in NEVER or _DATE.fullmatch(text) is not None


def is_never(cells: pd.Series[str]) -> pd.Series[bool]:
    """Whether cells say that there was no use."""
    return cells.str.strip().str.lower().isin(NEVER)


def read_times(cells: pd.Series[str], formats: Sequence[str], *, column: str, connection: str) -> Dates:
    """Read a column, in one order for all its cells.

    Args:
        cells: as they stand; null where there is none.
        formats: what the connection states of this file's dates.
        column: its header.
        connection: name of the connection.

    Raises:
        Unreadable: its dates can be read in two orders.
    """
    stated = cells.mask(is_never(cells))
    return read_dates(stated, [*formats, *WITH_TIMES], column=column, connection=connection)
