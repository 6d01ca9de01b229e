"""Products and renewals of the licence report: seats and money by contract and place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from provisioning.licensing.assess import Assessment
from provisioning.licensing.charges import Charge
from provisioning.licensing.contract import CENT, NOTHING
from provisioning.licensing.counting import PLACE
from provisioning.licensing.price_book import BY_SEATS, PriceBook
from provisioning.model.terms import Activity, Lane, WasteReason

MONEY = [
    "contract", "billing", "unit", "counted", "paid", "cost", "monthly", "at_renewal", "saves_from",
    "to_lower_tier", "oversized", "unpriced",
]  # fmt: skip
RENEWALS = [
    "effective", "act_by", "contract", "product", "site", "counted", "paid", "yearly", "at_renewal",
    "oversized",
]  # fmt: skip


def add_up(money: pd.Series) -> Decimal | None:
    """Sum of the amounts that are known; None when none is."""
    amounts = list(money.dropna())
    return sum(amounts, NOTHING) if amounts else None


def add_up_by(rows: pd.DataFrame, by: str, names: list[str]) -> pd.DataFrame:
    """The same by the values of a column, null among them; what is counted are cents, which is quick."""
    cents = pd.DataFrame({name: _in_cents(rows[name]) for name in names})
    sums: pd.DataFrame = cents.groupby(rows[by], dropna=False).sum(min_count=1)
    money = {name: sums[name].astype(object).map(_from_cents, na_action="ignore") for name in names}
    return pd.DataFrame(money, index=sums.index)


def _in_cents(money: pd.Series) -> pd.Series:
    """Amounts as whole cents; each that returns is looked at once."""
    numbers, amounts = pd.factorize(money)
    cents = pd.array([int(amount * 100) for amount in amounts], dtype="Int64")
    return pd.Series(cents.take(numbers, allow_fill=True), index=money.index)


def _from_cents(cents: int) -> Decimal:
    return Decimal(int(cents)) * CENT


def list_products(found: Assessment, book: PriceBook | None) -> pd.DataFrame:
    """Seats and money by place, then what contracts charge for beside the seats of one place.

    Returns:
        Columns deployment, product, site, target, capacity, assigned, billed, known, used, unsure, wasted,
        review, protected, one column a reason, known_share, and the columns `MONEY`: contract (its name),
        billing, unit, counted and paid (units held, and paid for), cost (a month), monthly and at_renewal
        (what freeing ready seats saves), saves_from, to_lower_tier, oversized and unpriced.
    """
    table = _with_lanes(found)
    own = {charge.place: number for number, charge in enumerate(found.charges) if charge.own}
    seen = set(table[PLACE].itertuples(index=False, name=None))
    rows = [
        _money(found, own[place], book) if book is not None and place in own else dict.fromkeys(MONEY)
        for place in table[PLACE].itertuples(index=False, name=None)
    ]
    shared = _shared(found)
    for row, place in zip(rows, table[PLACE].itertuples(index=False, name=None), strict=True):
        row["contract"] = row["contract"] or shared.get(place)
    priced = table.join(pd.DataFrame(rows, columns=MONEY, index=table.index, dtype=object))
    extra = [
        {**_no_seats(charge), **_money(found, number, book)}
        for number, charge in enumerate(found.charges)
        if book is not None and (not charge.own or charge.place not in seen)
    ]
    if not extra:
        return priced
    return pd.concat([priced.astype(object), pd.DataFrame(extra, dtype=object)], ignore_index=True).astype(
        dict.fromkeys(_COUNTS, "int64")
    )


def list_renewals(found: Assessment, book: PriceBook | None) -> pd.DataFrame:
    """Yearly contracts by the day they renew.

    Returns:
        Columns `RENEWALS`: effective (the day), act_by (last day on which freeing still counts), contract,
        product, site, counted, paid, yearly (the bill of the running year), at_renewal (what freeing ready
        seats saves), oversized (what buying no more than is held saves); the next day first.
    """
    rows = list(_renewals(found, book)) if book is not None else []
    table = pd.DataFrame(rows, columns=RENEWALS, dtype=object)
    return table.sort_values(["effective", "product", "site"], na_position="last", ignore_index=True)


_COUNTS = [
    "assigned", "billed", "known", "used", "unsure", "wasted", "review", "protected",
    *(reason.value for reason in WasteReason),
]  # fmt: skip


def _with_lanes(found: Assessment) -> pd.DataFrame:
    """Seats by place: those in use, those of each lane and reason, and the rest."""
    table = found.places.set_index(PLACE)
    rows = found.billed.iloc[found.positions][PLACE].reset_index(drop=True)
    rows = rows.assign(lane=found.waste["lane"], reason=found.waste["reason"])
    # Of hundreds of thousands of seats few differ in what is counted here.
    few = rows.groupby([*PLACE, "lane", "reason"]).size().rename("seats").reset_index()
    ready = few[few["lane"] == Lane.READY.value]
    names = {Lane.READY: "wasted", Lane.REVIEW: "review", Lane.PROTECTED: "protected"}
    for lane, name in names.items():
        table[name] = _summed(few[few["lane"] == lane.value], table)
    for reason in WasteReason:
        table[reason.value] = _summed(ready[ready["reason"] == reason.value], table)
    kept = np.ones(len(found.billed), dtype=np.bool_)
    kept[found.positions] = False
    used = found.billed.loc[kept & (found.billed["activity"] == Activity.USED.value), PLACE]
    table["used"] = _summed(used.value_counts().rename("seats").reset_index(), table)
    table["unsure"] = table["billed"] - table[["used", *names.values()]].sum(axis=1)
    table["known_share"] = table["known"] / table["billed"].where(table["billed"] > 0)
    return table.reset_index()


def _summed(few: pd.DataFrame, table: pd.DataFrame) -> pd.Series[int]:
    seats: pd.Series[int] = few.groupby(PLACE)["seats"].sum().reindex(table.index).fillna(0).astype("int64")
    return seats


def _shared(found: Assessment) -> dict[tuple[str, ...], str]:
    """The contract of each place whose seats are billed together with those of others."""
    names: dict[tuple[str, ...], str] = {}
    for charge in found.charges:
        if not charge.own and charge.contract.unit in BY_SEATS:
            places = found.billed[PLACE].iloc[charge.rows].drop_duplicates()
            names |= dict.fromkeys(places.itertuples(index=False, name=None), charge.contract.name)
    return names


def _no_seats(charge: Charge) -> dict[str, Any]:
    """The counts of a row that is no place where seats are held."""
    none = dict.fromkeys(_COUNTS, 0)
    place = zip(PLACE, charge.place, strict=True)
    return {**none, **dict(place), "target": None, "capacity": None, "known_share": None}


def _money(found: Assessment, number: int, book: PriceBook | None) -> dict[str, Any]:
    charge, fall = found.charges[number], found.freed.by_charge[number]
    contract = charge.contract
    below = charge.later.tier_below(charge.held)
    return {
        "contract": contract.name,
        "billing": contract.billing.value,
        "unit": contract.unit.value,
        "counted": charge.held,
        "paid": charge.paid,
        "cost": _in_report(charge.cost, charge, book),
        "monthly": NOTHING if charge.later.yearly else _in_report(fall, charge, book),
        "at_renewal": _in_report(fall, charge, book) if charge.later.yearly else NOTHING,
        "saves_from": charge.effective,
        "to_lower_tier": None if below is None else charge.held - below,
        "oversized": None if charge.oversized is None else _in_report(charge.oversized, charge, book),
        "unpriced": charge.unpriced or None,
    }


def _in_report(amount: Decimal, charge: Charge, book: PriceBook | None) -> Decimal:
    return amount if book is None else book.convert(amount, charge.contract.currency)


def _renewals(found: Assessment, book: PriceBook) -> Iterator[tuple[Any, ...]]:
    for charge, fall in zip(found.charges, found.freed.by_charge, strict=True):
        if charge.contract.yearly:
            yield (
                charge.effective,
                None if charge.effective is None else charge.effective - timedelta(days=1),
                charge.contract.name,
                charge.product,
                charge.site,
                charge.held,
                charge.paid,
                _in_report(charge.contract.bill_at_least(charge.paid), charge, book),
                _in_report(fall, charge, book),
                _in_report(charge.oversized or NOTHING, charge, book),
            )
