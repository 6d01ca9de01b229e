"""The word for how a run ended, and its exit code: the gravest that holds, whatever else does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.summary import EXIT_CODES, _choose_verdict

FACTS = st.fixed_dictionaries(
    {
        "needs_approval": st.booleans(),
        "rejected": st.booleans(),
        "wrong": st.integers(0, 2),
        "left": st.integers(0, 2),
        "unread": st.booleans(),
        "stuck": st.booleans(),
    }
)


@given(FACTS)
def test_nothing_that_is_left_ends_as_done(facts):
    """Exit 0 says that nothing failed, waits, is left, could not be read, or is a leaver's for good."""
    verdict = _choose_verdict(**facts)

    assert (verdict == "done") == (not any(facts.values()))
    assert (EXIT_CODES[verdict] == 0) == (verdict == "done")


@given(FACTS)
def test_a_failure_is_told_before_anything_else(facts):
    """A plan that waits beside it does not hide it."""
    verdict = _choose_verdict(**facts)

    assert (verdict == "done with failures") == bool(facts["wrong"])
    assert (verdict == "rejected") == (facts["rejected"] and not facts["wrong"])
    waits = facts["needs_approval"] and not facts["rejected"]
    assert (verdict == "needs approval") == (waits and not facts["wrong"])
