"""What is known of a last sign-in, held to every truth it leaves possible."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import timedelta
from itertools import product

import pandas as pd

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


DAYS, BEHIND, LIMITS, AGES = (None, -30, -12, -3, 0), (None, 0, 1, 14), range(-34, 8, 3), (-31, -10, 0)
"""Days are counted from NOW."""


def possible(day: int | None, behind: int | None, *, never: bool, since: list[int]) -> list[int]:
    """Every day that may be the last one somebody signed in on."""
    if day is not None:
        return [*range(day, day + (behind or 0) + 1), *(later for later in since if later >= day)]
    return [LONG_AGO, *since] if never else [LONG_AGO, *range(-60, HORIZON)]


def test_a_comparison_says_what_every_possible_truth_says():
    """True or false where all the moments that may be the last one agree, else undecided."""
    cases = [(day, behind, never) for day in DAYS for behind in BEHIND for never in (False, True)]
    rows = [
        identity(
            f"p{number}",
            last_sign_in=None if day is None else NOW + timedelta(days=day),
            never_signed_in=never or None,
            sign_in_staleness=behind,
        )
        for number, (day, behind, never) in enumerate(cases)
    ]
    people = frame(Identities, rows)
    for (word, holds), limit, as_of in product(WORDS.items(), LIMITS, AGES):
        since = [*range(as_of, HORIZON)] if limit > as_of else []
        moments = [possible(day, behind, never=never, since=since) for day, behind, never in cases]
        truths = [{holds(one, limit) for one in every} for every in moments]
        expected = [None if len(truth) > 1 else truth.pop() for truth in truths]

        told = compare(people, word, pd.Timestamp(NOW + timedelta(days=limit)), NOW + timedelta(days=as_of))

        assert expected == [None if pd.isna(one) else one for one in told], (word, limit, as_of)


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
