"""What is known of a last sign-in, held to every truth it leaves possible."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import timedelta

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.model.frames import Identities
from provisioning.model.sign_ins import compare, describe, has_signed_in
from tests.provisioning.worlds import NOW, frame, identity

WORDS: dict[str, Callable[[int, int], bool]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
LONG_AGO, HORIZON = -1000, 60
"""Days that stand for no sign-in at all, and the last one a person may have signed in on."""


def known(*, day: int | None = None, never: bool | None = None, behind: int | None = None) -> pd.DataFrame:
    """One identity of whom that much is known; days count from NOW."""
    last = None if day is None else NOW + timedelta(days=day)
    row = identity("ann", last_sign_in=last, never_signed_in=never, sign_in_staleness=behind)
    return frame(Identities, [row])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    day=st.none() | st.integers(-40, 0),
    never=st.booleans(),
    behind=st.none() | st.integers(0, 20),
    word=st.sampled_from(sorted(WORDS)),
    limit=st.integers(-45, 20),
    as_of=st.integers(-30, 0),
)
def test_a_comparison_says_what_every_possible_truth_says(day, never, behind, word, limit, as_of):
    """True or false where all the moments that may be the last one agree, else undecided."""
    since = [*range(as_of, HORIZON)] if limit > as_of else []
    if day is not None:
        possible = [*range(day, day + (behind or 0) + 1), *(d for d in since if d >= day)]
    elif never:
        possible = [LONG_AGO, *since]
    else:
        possible = [LONG_AGO, *range(-60, HORIZON)]
    truths = {WORDS[word](one, limit) for one in possible}

    people = known(day=day, never=never or None, behind=behind)
    moment = pd.Timestamp(NOW + timedelta(days=limit))
    told = compare(people, word, moment, NOW + timedelta(days=as_of)).iloc[0]

    assert (None if len(truths) > 1 else truths.pop()) == (None if pd.isna(told) else told)


def test_three_states_are_told_apart():
    """A date, never where it is proven, and unknown; the words say how far behind a date may be."""
    people = frame(
        Identities,
        [
            identity("ann", last_sign_in="2026-03-02", sign_in_staleness=14),
            identity("bob", last_sign_in="2026-03-02"),
            identity("cyd", never_signed_in=True),
            identity("dan"),
        ],
    )

    assert [None if pd.isna(v) else v for v in has_signed_in(people)] == [True, True, False, None]
    assert describe(people).tolist() == [
        "last signed in 2026-03-02 (up to 14 days behind)",
        "last signed in 2026-03-02",
        "never signed in",
        "last sign-in unknown",
    ]
