"""Seats and what makes them billable."""

from __future__ import annotations

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model import seat_table as seats

T = pd.Timestamp("2026-05-01", tz="UTC")


def accounts(*rows):
    """Accounts of one target from (account_id, state, kind, last_active)."""
    names = ["account_id", "state", "kind", "last_active"]
    frame = pd.DataFrame(rows, columns=names).assign(target="cloud", caller=False)
    return frames.complete(frames.Accounts, frame)


def held(*rows):
    """Assignments from (account_id, group)."""
    frame = pd.DataFrame(rows, columns=["account_id", "name"])
    return frames.complete(
        frames.Assignments,
        frame.assign(target="cloud", kind="group", entitlement_id=frame["name"].str.upper()),
    )


def entitlements(*rows):
    """Entitlements from (group, product, billable, modifiable)."""
    frame = pd.DataFrame(rows, columns=["name", "product", "billable", "modifiable"])
    frame = frame.assign(target="cloud", kind="group", site="acme", admin=False, default=False)
    return frames.complete(frames.Entitlements, frame.assign(entitlement_id=frame["name"].str.upper()))


ENTITLEMENTS = entitlements(
    ("jira-users", "jira", True, True),
    ("developers", "jira", True, True),
    ("developers", "bitbucket", True, True),
    ("viewers", "jira", False, True),
    ("synced", "wiki", True, False),
    ("staff", None, False, True),
)
NO_SEATS = frames.empty(frames.Seats)


def table(people, assignments, own=NO_SEATS):
    """The seat table, by account and product."""
    found = seats.build_seats(own, people, assignments, ENTITLEMENTS)
    return found.set_index(["account_id", "product"])


def test_a_target_without_seats_gets_them_from_what_accounts_hold():
    """The billable paths are named; a group that opens nothing gives no seat."""
    found = table(
        accounts(("ada", "active", "person", None), ("bob", "active", "person", None)),
        held(
            ("ada", "jira-users"),
            ("ada", "developers"),
            ("ada", "viewers"),
            ("bob", "viewers"),
            ("bob", "staff"),
        ),
    )

    assert list(found.index) == [("ada", "bitbucket"), ("ada", "jira"), ("bob", "jira")]
    assert list(found["granted_by"]) == ["developers", "developers, jira-users", "viewers"]
    assert list(found["billable"]) == [True, True, False]
    assert {"unknown"} == set(found["activity"])


@pytest.mark.parametrize(
    ("state", "kind", "billed"),
    [
        ("active", "person", True),
        ("invited", "person", True),
        ("suspended", "person", False),
        ("deactivated", "person", False),
        ("active", "app", False),
        ("active", "customer", False),
    ],
)
def test_only_people_who_may_sign_in_are_billed(state, kind, billed):
    """An invitation nobody accepted is billed as well."""
    found = table(accounts(("ada", state, kind, None)), held(("ada", "jira-users")))

    assert [billed] == list(found["billable"])


def test_last_activity_anywhere_stands_in_for_unknown_activity_of_a_seat():
    """The seat was used then or before; without it the activity stays unknown."""
    found = table(
        accounts(("ada", "active", "person", T), ("bob", "active", "person", None)),
        held(("ada", "jira-users"), ("bob", "jira-users")),
    )

    assert [("used", T), ("unknown", pd.NaT)] == list(
        zip(found["activity"], found["last_active"], strict=True)
    )


def test_a_target_that_lists_its_seats_is_believed():
    """Only the missing path is filled in; no seat is derived beside them, none is there twice."""
    own = pd.DataFrame(
        [
            ("ada", "jira", "never", True, None),
            ("ada", "jira", "used", True, None),
            ("bob", "wiki", "used", True, "x"),
        ],
        columns=["account_id", "product", "activity", "billable", "granted_by"],
    ).assign(target="cloud", site="acme")
    found = table(
        accounts(("ada", "active", "person", T), ("bob", "suspended", "person", None)),
        held(("ada", "developers"), ("ada", "synced")),
        frames.complete(frames.Seats, own),
    )

    assert list(found.index) == [("ada", "jira"), ("bob", "wiki")]
    assert list(found["granted_by"]) == ["developers", "x"]
    assert list(found["activity"]) == ["never", "used"]
    assert list(found["billable"]) == [True, False]


def test_nothing_held_gives_empty_typed_frames():
    """An empty directory is no special case."""
    nobody = frames.empty(frames.Accounts)
    found = seats.build_seats(NO_SEATS, nobody, frames.empty(frames.Assignments), ENTITLEMENTS)

    assert frames.empty(frames.Seats).dtypes.equals(found.dtypes)
