"""How one seat is put into words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows.cli.explain import _describe_seat

SEAT = {
    "product": "jira", "site": "acme", "billable": True, "granted_by": "jira-users", "activity": "used",
    "last_active": datetime(2026, 10, 21, tzinfo=UTC),
}  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "billed because of jira-users; last used 2026-10-21"),
        ({"granted_by": None}, "billed; last used 2026-10-21"),
        ({"billable": False}, "not billed; last used 2026-10-21"),
        ({"last_active": None, "activity": "never"}, "billed because of jira-users; never used"),
        ({"last_active": None, "activity": "unknown"}, "billed because of jira-users; last use unknown"),
    ],
)
def test_a_seat_says_by_what_it_is_billed_where_that_is_told(facts, words):
    assert _describe_seat(SEAT | facts) == f"jira on acme: {words}"
