"""Which stated last day is one, and when it is over."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from provisioning.model.last_days import are_over, last_days

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
