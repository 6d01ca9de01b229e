"""Billed seats counted beside what was bought."""

from __future__ import annotations

import pandas as pd

from provisioning.licensing.seats import count_seats
from provisioning.model.frames import Capacity, Seats, complete, empty

COLUMNS = ["account_id", "product", "activity", "billable"]
SEATS = pd.DataFrame(
    [("ada", "jira", "used", True), ("bob", "jira", "unknown", True), ("cyd", "jira", "used", False)],
    columns=COLUMNS,
).assign(target="cloud", site="acme")
BOUGHT = pd.DataFrame({"target": "cloud", "product": ["desk", "jira"], "site": "acme", "seats": [50, None]})


def test_seats_are_counted_beside_what_was_bought():
    """A product nobody has shows its capacity; unlimited capacity is unknown, not nothing."""
    rows = count_seats(complete(Seats, SEATS), complete(Capacity, BOUGHT)).astype(object)

    assert rows[:1].to_numpy().tolist() == [["cloud", "desk", "acme", 50, 0, 0, 0]]
    assert list(rows.loc[1, ["assigned", "billed", "known"]]) == [3, 2, 1]
    assert pd.isna(rows.loc[1, "capacity"])


def test_without_seats_there_is_nothing_to_count():
    """An empty directory is no special case."""
    assert count_seats(empty(Seats), empty(Capacity)).empty
