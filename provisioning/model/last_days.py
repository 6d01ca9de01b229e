"""What a stated last working day tells: whether it is one at all, and whether it is over."""

from __future__ import annotations

import re
from datetime import datetime

import pandas as pd

_PLACEHOLDERS_END = pd.Timestamp("1980-01-01", tz="UTC")
"""A date before any such file stands for "none": 1900-01-01, 1970-01-01."""

_SHORT_YEARS = pd.DateOffset(years=10)
"""How far back a last day may lie whose year is written with two figures."""
_LONG_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)|\d{7}")
OPEN_END = "a year of two figures that lies far back, so it may be an open end and ends nothing"


def may_be_open(texts: pd.Series, days: pd.Series, now: datetime) -> pd.Series:
    """Whether each last day is far back by two figures alone: `31-Dec-99` is how sheets show 31.12.9999.

    Args:
        texts: as they stand.
        days: how they were read.
        now: the instant of the reading.
    """
    far = days < pd.Timestamp(now) - _SHORT_YEARS
    return far & ~texts.astype("str").str.contains(_LONG_YEAR).fillna(value=False).astype(bool)


def last_days(people: pd.DataFrame) -> pd.Series:
    """The last working day of each person; null where none is stated that ends this employment.

    A date before any such file is a placeholder, and one before the first day is of an earlier employment.

    Args:
        people: rows with the columns hired_on and leaves_on.
    """
    stated = people["leaves_on"]
    real = (stated > _PLACEHOLDERS_END) & ~(people["hired_on"] > stated)
    return stated.where(real)


def are_over(days: pd.Series, by: datetime | pd.Series) -> pd.Series:
    """Whether each last working day has passed by an instant, or each by its own: one works until its end."""
    return days + pd.Timedelta(days=1) <= by
