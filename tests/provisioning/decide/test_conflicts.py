"""What sources contradict each other in is listed, and the first one counts."""

from __future__ import annotations

from datetime import timedelta

from provisioning.decide.conflicts import find_conflicts
from provisioning.decide.people import gather
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


def test_words_for_not_being_active_agree() -> None:
    """A source that cannot tell the suspended from the departed agrees with one that can."""
    departed, suspended = identity("ada", state="departed"), identity("ada", state="suspended")

    assert listed([departed], [suspended]) == []
    contradiction = ("ada@acme.test", "state", "other", "active", "idp", "departed")
    assert listed([departed], [identity("ada")]) == [contradiction]


def test_people_of_one_source_or_out_of_scope_are_left_out() -> None:
    """Only people whom Seatwise provisions, and whom two sources state, can be in conflict."""
    assert listed([identity("ada", title="Clerk")], [identity("bob", title="Smith")]) == []

    nobody = {"from": "idp", "scope": {"filter": 'title eq "Nobody"'}}
    narrow = policy(sources=[nobody, {"from": "other", "scope": {"filter": 'title eq "Nobody"'}}])
    assert listed([identity("ada", title="Clerk")], [identity("ada", title="Smith")], narrow) == []
