"""What a stated last working day tells: whether it is one at all, and whether it is over."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

_PLACEHOLDERS_END = pd.Timestamp("1980-01-01", tz="UTC")
"""A date before any such file stands for "none": 1900-01-01, 1970-01-01."""


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
