"""What a contract costs once seats are freed, for each number of seats a company may come down to.

A report asks this of every number between all seats and those that stay. Whole numbers of a fraction of a
cent are exact like the Decimals of `Contract.bill_kept`, which is the definition, and go by columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from provisioning.licensing.contract import CENT, Contract, Line
from provisioning.model.terms import Covers

Whole = np.ndarray[Any, Any]
"""Whole numbers: int64, or Python's own where they might not fit."""
LARGEST = 2**62


def bills_kept(contract: Contract, units: np.ndarray[Any, np.dtype[np.int64]]) -> Whole:
    """What `Contract.bill_kept` says of many numbers of units, in cents of the contract's currency."""
    different, places = np.unique(units, return_inverse=True)
    cents = np.zeros(len(different), dtype=np.int64)
    # What is paid once nobody is left follows rules of its own.
    alone = int(np.searchsorted(different, 1)) if not contract.minimum else 0
    cents[:alone] = int(contract.bill_kept(0) / CENT)
    cents[alone:] = _adjusted(contract, _listed(contract, different[alone:]))
    return cents[places]


def _listed(contract: Contract, units: Whole) -> Whole:
    """What the list says of so many units, in cents; 0 where it has no price."""
    lines = contract.kept_lines
    wanted = np.maximum(units, max(contract.minimum, min(line.first for line in lines)))
    if contract.last_seat is not None:
        wanted = np.minimum(wanted, contract.last_seat)
    cents = np.zeros(len(wanted), dtype=np.int64)
    # A line for all that are together comes before those by the seat, and a later band before an earlier one.
    for line in sorted(lines, key=lambda line: (line.covers is Covers.WHOLE, line.first)):
        holds = (wanted >= line.first) & (wanted <= (wanted if line.last is None else line.last))
        cents[holds] = _up_to(line, lines, wanted[holds])
    return cents


def _up_to(line: Line, lines: Sequence[Line], units: Whole) -> Whole:
    """What units that end in one line cost, with what the bands before it come to."""
    if line.covers is Covers.WHOLE:
        return np.full(len(units), int(_rounded(line.price / CENT)))
    bands = [other for other in lines if other.covers is not Covers.WHOLE and other.first < line.first]
    before = sum((other.share(line.first - 1) for other in bands), Decimal(0))
    each, once = (line.price, Decimal(0)) if line.covers is Covers.EACH else (Decimal(0), line.price)
    fine, (price, base) = _fractions(each / CENT, (before + once) / CENT)
    return _halves_up(_wide(units - line.first + 1, price + base) * price + base, fine)


def _adjusted(contract: Contract, listed: Whole) -> Whole:
    """The same with discounts and credits taken off, in their order."""
    for one in contract.adjustments:
        if one.kind == "credit":
            listed = listed - np.minimum(int(_rounded(one.amount / CENT)), listed)
        elif one.kind == "discount":
            fine, (percent,) = _fractions(one.amount)
            listed = listed - _halves_up(_wide(listed, percent) * percent, 100 * fine)
    return listed


def _fractions(*amounts: Decimal) -> tuple[int, list[int]]:
    """Amounts as whole numbers of a fraction that fits them all, and how many of these make one."""
    fine = 10 ** max(0, *(-int(amount.normalize().as_tuple().exponent) for amount in amounts))
    return fine, [int(amount * fine) for amount in amounts]


def _wide(numbers: Whole, factor: int) -> Whole:
    """Numbers that may be multiplied, and doubled to be rounded, without running over."""
    most = int(numbers.max(initial=0))
    return numbers if 4 * (most + 1) * (factor + 1) < LARGEST else numbers.astype(object)


def _halves_up(numbers: Whole, parts: int) -> Whole:
    """Parts as whole ones, halves up."""
    whole: Whole = (2 * numbers + parts) // (2 * parts)
    return whole


def _rounded(cents: Decimal) -> Decimal:
    return cents.quantize(Decimal(1), "ROUND_HALF_UP")
