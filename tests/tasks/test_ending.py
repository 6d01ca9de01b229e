"""The sentence a run ends with never says more than the verdict does."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.ending import describe_briefly, describe_ending
from tasks.in_step import describe_in_step

NOTHING_TO_DO: dict[str, Any] = {
    "flow": "sync", "run_id": "r1", "changes": {}, "identities": 3, "accounts": 2, "targets_failed": {},
    "failures": [], "rejected": [], "blocked_by": [], "rehearsed": None, "waiting": {}, "propagating": 0,
    "rejects": {}, "seats_left": {}, "applied": 0, "failed": 0, "asked_for": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "facts", "begins"),
    [
        ("done", {}, "In step: 3 identities"),
        ("done, rows not read", {"rejects": {"okta": {"email": 2}}}, "Not all in step: 3 identities"),
        ("done, seats left", {"seats_left": {"acme": 1}}, "Not all in step: 3 identities"),
        ("done", {"asked_for": 2}, "In step: 2 addresses asked for, and nothing to change."),
        ("done", {"unconfirmed": 2}, "Not all in step: 3 identities"),
        ("done", {"ambiguous": 1, "identities": 1}, "Not all in step: 1 identity and 2 accounts"),
    ],
)
def test_only_what_is_done_is_in_step(verdict, facts, begins):
    """Rows that were not read, seats that no rule can take and losses to be confirmed may still be to do."""
    assert describe_ending(NOTHING_TO_DO | {"verdict": verdict} | facts).startswith(begins)


def test_the_name_of_a_run_says_what_the_next_one_has_to_confirm():
    assert (
        describe_briefly(NOTHING_TO_DO | {"verdict": "done", "unconfirmed": 2})
        == "2 changes left for the next run"
    )
    assert describe_briefly(NOTHING_TO_DO | {"verdict": "done"}) == "in step"


def test_a_name_in_the_sentence_feigns_no_second_line():
    """The state of a run is one line, also where a group of the provider bears several."""
    told = describe_ending(
        NOTHING_TO_DO | {"verdict": "needs approval", "blocked_by": ["the group a\r\nrun 2: done"]}
    )

    assert "the group a run 2: done" in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "Everything is in step."),
        ({"asked_for": 1}, "Whoever was asked for is in step."),
        ({"asked_for": 1, "unconfirmed": 1}, "Whoever was asked for is in step; 1 change is left for the"),
        ({"ambiguous": 1}, "Everything else is in step; 1 row is ambiguous, nothing is done about that"),
        (
            {"ambiguous": 16},
            "; 16 rows are ambiguous, nothing is done about that, and ambiguities.csv says why.",
        ),
        (
            {"departed_elsewhere": 1},
            "else is in step; 1 person departed by one source and not by another, and conflicts.csv says",
        ),
        ({"unconfirmed": 1}, "Everything else is in step; 1 change is left for the next run."),
        (
            {"flow": "apply", "ambiguous": 2, "fingerprints": {"cloud": "a1"}},
            "All changes of the plan for cloud are made.",
        ),
    ],
)
def test_nothing_is_called_in_step_that_is_not(facts, words):
    """Who is ambiguous is neither; an apply has seen one target alone."""
    assert words in describe_in_step(NOTHING_TO_DO | {"verdict": "done"} | facts)


def test_the_state_of_a_run_says_what_is_ambiguous_and_where_it_is_listed():
    """In the name and in the sentence, also beside changes that were made."""
    doubt = NOTHING_TO_DO | {"verdict": "done", "ambiguous": 16}

    assert describe_briefly(doubt) == "in step, 16 ambiguous"
    assert describe_briefly(doubt | {"ambiguous": 0, "departed_elsewhere": 2}) == "in step, 2 contradicted"
    assert "16 rows are ambiguous" in describe_ending(doubt)
    assert "ambiguities.csv" in describe_ending(
        doubt | {"changes": {"grant": 2}, "applied": 2, "blocked": 0, "stale": 0}
    )
