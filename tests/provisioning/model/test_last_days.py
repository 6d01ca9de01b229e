"""Which stated last day is one, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from provisioning.model.last_days import are_over, last_days, may_be_open

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)


def one(leaves_on, hired_on=None):
    """One person, as the sources state them."""
    days = {"hired_on": [hired_on], "leaves_on": [leaves_on]}
    return pd.DataFrame({name: pd.to_datetime(values, utc=True) for name, values in days.items()})


@pytest.mark.parametrize(
    ("leaves_on", "hired_on", "over"),
    [
        ("2026-11-28", None, True),
        # It is worked on to its end.
        ("2026-11-29", None, False),
        ("2027-01-31", None, False),
        (None, None, False),
        # Placeholders, and the end of an earlier employment.
        ("1900-01-01", None, False),
        ("1970-01-01", None, False),
        ("2024-06-30", "2025-01-01", False),
        ("2024-06-30", "2024-06-30", True),
    ],
)
def test_a_last_day_is_over_after_its_end(leaves_on, hired_on, over):
    assert list(are_over(last_days(one(leaves_on, hired_on)), NOW)) == [over]


@pytest.mark.parametrize(
    ("text", "day", "open_end"),
    [
        ("31-Dec-99", "1999-12-31", True),
        ("31.12.99 00:00", "1999-12-31", True),
        ("311299", "1999-12-31", True),
        ("31-Dec-1999", "1999-12-31", False),
        ("1999-12-31", "1999-12-31", False),
        ("19991231", "1999-12-31", False),
        ("28-Nov-16", "2016-11-28", True),
        ("30-Nov-16", "2016-11-30", False),
        ("31-Dec-49", "2049-12-31", False),
        (None, None, False),
    ],
)
def test_two_figures_of_a_year_far_back_may_be_an_open_end(text, day, open_end):
    days = pd.to_datetime(pd.Series([day]), utc=True)

    assert list(may_be_open(pd.Series([text], dtype="str"), days, NOW)) == [open_end]
