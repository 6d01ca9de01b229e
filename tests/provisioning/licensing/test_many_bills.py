"""Bills of many numbers of seats at once are those of one number at a time, to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from provisioning.licensing.contract import CENT, Adjustment, Contract, Line
from provisioning.licensing.many_bills import bills_kept
from provisioning.model.terms import Billing, Covers

PRICES = st.decimals(0, 100_000, places=4) | st.integers(0, 10**14).map(Decimal)


@st.composite
def contracts(draw):
    """Bands or tiers of any price, with a free plan, a minimum, discounts and credits or without."""
    ends = sorted(draw(st.sets(st.integers(2, 60), min_size=1, max_size=5)))
    covers = st.sampled_from([Covers.EACH, Covers.FLAT, Covers.WHOLE])
    lines = [
        Line(first, end, draw(covers), draw(PRICES))
        for first, end in zip([1, *(end + 1 for end in ends)], [*ends, draw(st.sampled_from([None, 70]))],
                              strict=True)
    ]  # fmt: skip
    if draw(st.booleans()):
        lines[0] = Line(1, lines[0].last, Covers.WHOLE, Decimal(0))
    # What is free for everybody is asked for no bill.
    assume(any(line.price or line.covers is not Covers.WHOLE for line in lines))
    percent = st.decimals(0, 100, places=3)
    adjustments = draw(
        st.lists(
            st.builds(Adjustment, st.sampled_from(["discount", "tax"]), percent)
            | st.builds(Adjustment, st.just("credit"), PRICES),
            max_size=3,
        )
    )
    return _contract(*lines, adjustments=tuple(adjustments), minimum=draw(st.sampled_from([0, 0, 7, 65])))


def _contract(*lines, adjustments=(), minimum=0):
    return Contract(
        "C", "jira", Billing.MONTHLY, "EUR", lines, date(2020, 1, 1), minimum=minimum, adjustments=adjustments
    )


HALF_A_CENT = _contract(
    Line(1, None, Covers.EACH, Decimal("8.15")), adjustments=(Adjustment("discount", Decimal("12.5")),)
)


@settings(max_examples=300, deadline=None)
@given(contracts(), st.lists(st.integers(0, 90), max_size=40))
@example(HALF_A_CENT, list(range(90)))
def test_many_bills_are_the_bills_of_each(contract, units):
    found = bills_kept(contract, np.array(units, dtype=np.int64))

    assert [contract.bill_kept(number) for number in units] == [int(cents) * CENT for cents in found]


def test_half_a_cent_is_rounded_up_as_on_one_bill():
    """8.15 less 12.5 % is 8.15 - 1.02: of 1.01875 the discount is 1.02; of 24.45 it is 3.06."""
    assert bills_kept(HALF_A_CENT, np.array([1, 3], dtype=np.int64)).tolist() == [713, 2139]
