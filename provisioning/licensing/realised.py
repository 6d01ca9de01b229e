"""What a run changed in seats and money: freed, added, and by how much each next bill differs for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import pandas as pd

from provisioning.licensing.assess import Assessment
from provisioning.licensing.charges import Charge, total
from provisioning.licensing.contract import NOTHING
from provisioning.licensing.counting import SEAT
from provisioning.licensing.price_book import PriceBook


@dataclass(frozen=True)
class Realised:
    """What a run changed.

    Attributes:
        before, after: billed seats before and after it.
        freed, added: rows of billed seats that are no longer there, and those that are new.
        monthly: what the monthly bills fall by from their next cycle; negative where they rise. None without
            prices.
        renewals: day of renewal to what the yearly bills of that day fall by; None for an unknown day.
    """

    before: int
    after: int
    freed: pd.DataFrame
    added: pd.DataFrame
    monthly: Decimal | None
    renewals: dict[date | None, Decimal]


def compare(before: Assessment, after: Assessment, book: PriceBook | None) -> Realised:
    """Compare the seats before and after a run, by the prices of the day its effect begins."""
    monthly, renewals = NOTHING, dict[date | None, Decimal]()
    then, now = _by_place(before), _by_place(after)
    for place in {**then, **now}:
        fall = _fall(then.get(place), now.get(place), book) if book is not None else NOTHING
        charge = now.get(place) or then[place]
        if not charge.later.yearly:
            monthly += fall
        elif fall:
            renewals[charge.effective] = renewals.get(charge.effective, NOTHING) + fall
    return Realised(
        before=len(before.billed),
        after=len(after.billed),
        freed=_missing_from(before.billed, after.billed),
        added=_missing_from(after.billed, before.billed),
        monthly=None if book is None else monthly,
        renewals=dict(sorted(renewals.items(), key=lambda pair: pair[0] or date.max)),
    )


class Bridge(NamedTuple):
    """What leads from what a month cost then to what it costs now, in the book's currency.

    Attributes:
        then, now: what a month cost, and costs.
        seats: for more or fewer units paid for, by the prices of then.
        prices: for other prices of what is paid for now.
        contracts: for contracts and places that were not there then, or are no more.
    """

    then: Decimal
    seats: Decimal
    prices: Decimal
    contracts: Decimal
    now: Decimal


def explain_cost(before: Assessment, after: Assessment, book: PriceBook) -> Bridge:
    """Explain why a month costs something else than it did; the parts add up to the difference."""
    then, now = _by_place(before), _by_place(after)
    seats = prices = contracts = NOTHING
    for place in {**then, **now}:
        old, new = then.get(place), now.get(place)
        if old is None or new is None:
            contracts += _cost(new, book) - _cost(old, book)
            continue
        agreed = old.contract
        as_then = book.convert(agreed.monthly(agreed.bill_at_least(new.paid)), agreed.currency)
        seats += as_then - _cost(old, book)
        prices += _cost(new, book) - as_then
    return Bridge(total(before.charges, book), seats, prices, contracts, total(after.charges, book))


def _cost(charge: Charge | None, book: PriceBook) -> Decimal:
    return NOTHING if charge is None else book.convert(charge.cost, charge.contract.currency)


def _by_place(found: Assessment) -> dict[tuple[str, ...], Charge]:
    return {(charge.contract.name, *charge.place): charge for charge in found.charges}


def _fall(then: Charge | None, now: Charge | None, book: PriceBook) -> Decimal:
    bills = [NOTHING if one is None else one.later.bill_at_least(one.held) for one in (then, now)]
    currency = (then or now).contract.currency  # type: ignore[union-attr]
    return book.convert(bills[0] - bills[1], currency)


def _missing_from(some: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Rows of seats that are not among other seats."""
    both = some.merge(others[SEAT], on=SEAT, how="left", indicator="where", validate="one_to_one")
    return some[both["where"].eq("left_only").to_numpy()].reset_index(drop=True)
