"""What sources contradict each other in is listed, and the first one counts."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from provisioning.decide.conflicts import count_departed_elsewhere, find_conflicts
from provisioning.decide.people import gather
from provisioning.model.frames import Conflicts, columns
from provisioning.policy.policy import Policy
from tests.provisioning.worlds import NOW, identity, policy, source


def listed(first: list[dict], second: list[dict], rules: Policy | None = None) -> list[tuple[str, ...]]:
    both = rules or policy(sources=[{"from": "idp"}, {"from": "other"}])
    snapshots = {"idp": source(first), "other": source(second, name="other")}
    found = find_conflicts(gather(both.sources, snapshots, NOW))
    return list(found.itertuples(index=False, name=None))


def test_each_contradiction_is_a_row() -> None:
    """Person, attribute, who counts and who says otherwise."""
    mine = identity("ada", department="Sales", title="Clerk", leaves_on=NOW)
    theirs = identity("ada", department="Legal", title="Clerk", leaves_on=NOW + timedelta(days=1))

    assert listed([mine], [theirs]) == [
        ("ada@acme.test", "department", "idp", "Sales", "other", "Legal"),
        ("ada@acme.test", "leaves_on", "idp", "2026-06-01", "other", "2026-06-02"),
    ]


def test_silence_and_case_contradict_nobody() -> None:
    """A source that does not know an attribute, or writes it in capitals, does not contradict."""
    assert listed([identity("ada", title="Clerk")], [identity("ada", user_name="ADA", title=None)]) == []


SUSPENDED, DEPARTED = identity("ada", state="suspended"), identity("ada", state="departed")
WAITING, ACTIVE = identity("ada", state="staged"), identity("ada")


@pytest.mark.parametrize(
    ("first", "second", "told", "people"),
    [
        (DEPARTED, ACTIVE, ("other", "active", "idp", "departed"), 1),
        (ACTIVE, DEPARTED, ("idp", "active", "other", "departed"), 1),
        (DEPARTED, WAITING, ("idp", "departed", "other", "waiting"), 1),
        (WAITING, DEPARTED, ("idp", "waiting", "other", "departed"), 1),
        (SUSPENDED, DEPARTED, ("idp", "suspended", "other", "departed"), 1),
        (DEPARTED, SUSPENDED, ("idp", "departed", "other", "suspended"), 0),
        (SUSPENDED, ACTIVE, ("idp", "suspended", "other", "active"), 0),
    ],
)
def test_who_is_there_is_compared_as_what_it_means(first, second, told, people) -> None:
    """Only work outranks that somebody departed; of those who departed by one alone a run tells."""
    rows = listed([first], [second])

    assert rows == [("ada@acme.test", "state", *told)]
    assert count_departed_elsewhere(pd.DataFrame(rows, columns=columns(Conflicts))) == people


def test_a_first_day_that_has_come_contradicts_nobody() -> None:
    """Whoever is staged and due works."""
    assert listed([identity("ada", state="staged", hired_on=NOW)], [ACTIVE]) == []


def test_people_of_one_source_or_out_of_scope_are_left_out() -> None:
    """Only people whom Seatwise provisions, and whom two sources state, can be in conflict."""
    assert listed([identity("ada", title="Clerk")], [identity("bob", title="Smith")]) == []

    nobody = {"from": "idp", "scope": {"filter": 'title eq "Nobody"'}}
    narrow = policy(sources=[nobody, {"from": "other", "scope": {"filter": 'title eq "Nobody"'}}])
    assert listed([identity("ada", title="Clerk")], [identity("ada", title="Smith")], narrow) == []
