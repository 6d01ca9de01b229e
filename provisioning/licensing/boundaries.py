"""The fewest seats to free until a yearly bill falls: tiers save only at a boundary.

Contracts that renew on one day and share seats are judged together: freeing seats of a host product may bring
down the host's own tier, and those of its apps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import product as combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from provisioning.licensing.charges import ALL_SITES, Charge, Positions
from provisioning.licensing.contract import NOTHING
from provisioning.licensing.price_book import PriceBook
from provisioning.model.terms import Covers, Unit

MOST = 200_000
"""Combinations that are tried at most for one day and site; beyond it products are judged one by one."""


class Pool(NamedTuple):
    """Units of one kind that can be freed: how many there are, and the seats of each, in order."""

    held: int
    units: list[Positions]


@dataclass(frozen=True)
class Step:
    """What is worth doing before one renewal.

    Attributes:
        charges: contracts that renew on that day and share seats.
        effective: the day, None when the book does not tell.
        seats: positions of the fewest seats that save the most; none when nothing is worth doing.
        saving: how much smaller the next yearly bills are, in the book's currency.
        missing: how many more seats than are ready the nearest boundary needs, when none can be reached.
    """

    charges: tuple[Charge, ...]
    effective: date | None
    seats: list[int] = field(default_factory=list)
    saving: Decimal = NOTHING
    missing: int | None = None

    @property
    def act_by(self) -> date | None:
        """Last day on which freeing them still counts."""
        return None if self.effective is None else self.effective - timedelta(days=1)


def find_steps(
    charges: Sequence[Charge], billed: pd.DataFrame, order: Positions, book: PriceBook
) -> list[Step]:
    """Find, for each renewal of yearly contracts, the fewest seats that save the most.

    Args:
        charges: what the contracts charge for.
        billed: billed seats.
        order: positions of the seats that may go, those least regretted first.
        book: the price book.

    Returns:
        One step for all yearly contracts that renew on one day and share seats, the next day first.
    """
    steps = [_best(group, billed, order, book) for group in _groups(charges)]
    return sorted(steps, key=lambda step: (step.effective or date.max, step.charges[0].place))


def _groups(charges: Sequence[Charge]) -> Iterator[tuple[Charge, ...]]:
    groups: dict[Any, list[Charge]] = {}
    for charge in charges:
        # Of an app that is one pool over several sites no one order of its hosts' seats is the shortest.
        spread = charge.contract.unit is Unit.HOST and charge.site == ALL_SITES
        if charge.later.yearly and charge.held and not spread:
            together = charge.own or charge.contract.unit is Unit.HOST
            site = (charge.deployment, charge.site) if together else charge.contract.name
            groups.setdefault((charge.effective, site), []).append(charge)
    yield from (tuple(group) for group in groups.values())


def _best(group: tuple[Charge, ...], billed: pd.DataFrame, order: Positions, book: PriceBook) -> Step:
    pools = _pools(group, billed, order)
    points = [_points(name, pool, group) for name, pool in pools.items()]
    if np.prod([float(len(some)) for some in points]) > MOST:
        points = [[0, *some[-3:]] for some in points]
    best, fewest = NOTHING, (0,) * len(pools)
    for freed in combinations(*points):
        left = {name: pool.held - gone for (name, pool), gone in zip(pools.items(), freed, strict=True)}
        saved = sum((_fall(charge, left, pools, book) for charge in group), NOTHING)
        if (saved, -sum(freed)) > (best, -sum(fewest)):
            best, fewest = saved, freed
    if not best:
        return Step(group, group[0].effective, missing=_missing(group, pools))
    chosen = [
        int(seat)
        for pool, gone in zip(pools.values(), fewest, strict=True)
        for unit in pool.units[:gone]
        for seat in unit
    ]
    return Step(group, group[0].effective, sorted(chosen), best)


def _pools(group: tuple[Charge, ...], billed: pd.DataFrame, order: Positions) -> dict[str, Pool]:
    """What can be freed, by product; where people count once, whole people."""
    rows = np.unique(np.concatenate([charge.rows for charge in group]))
    going = order[np.isin(order, rows)]
    if group[0].per_seat or group[0].contract.unit is Unit.HOST:
        products = billed["product"].to_numpy()
        return {
            str(name): Pool(
                int((products[rows] == name).sum()), [seat[None] for seat in going[products[going] == name]]
            )
            for name in sorted(set(products[rows]))
        }
    people = billed["person"].to_numpy()
    total = dict(pd.Series(people[rows]).value_counts())
    by_person = pd.Series(going).groupby(people[going], sort=False).agg(list)
    whole = [np.array(seats) for person, seats in by_person.items() if len(seats) == total[person]]
    return {group[0].product: Pool(group[0].held, whole)}


def _points(name: str, pool: Pool, group: tuple[Charge, ...]) -> list[int]:
    """How many may be worth freeing: none, or just as many as reach an end of a tier or band."""
    concerned = [charge.later for charge in group if charge.product == name or not charge.own]
    ends = {line.last for contract in concerned for line in contract.lines if line.last is not None}
    if any(line.covers is not Covers.WHOLE for contract in concerned for line in contract.lines):
        ends |= {pool.held - len(pool.units), *(contract.minimum for contract in concerned)}
    reached = {pool.held - end for end in ends if 0 < pool.held - end <= len(pool.units)}
    return [0, *sorted(reached)]


def _fall(charge: Charge, left: Mapping[str, int], pools: Mapping[str, Pool], book: PriceBook) -> Decimal:
    """What one yearly bill falls by when that many are left."""
    if charge.contract.bill_at_least(charge.held) == NOTHING:
        return NOTHING
    if charge.contract.unit is Unit.HOST:
        units = max((left[name] for name in pools if name in charge.contract.hosts), default=charge.held)
    else:
        units = left[charge.product]
    fall = charge.later.bill_kept(charge.held) - charge.later.bill_kept(units)
    return book.convert(max(fall, NOTHING), charge.contract.currency)


def _missing(group: tuple[Charge, ...], pools: Mapping[str, Pool]) -> int | None:
    """How many more than are ready the nearest boundary of an own contract needs."""
    short = [
        charge.held - below - len(pools[charge.product].units)
        for charge in group
        if charge.contract.unit is not Unit.HOST
        and (below := charge.later.tier_below(charge.held)) is not None
    ]
    return min((some for some in short if some > 0), default=None)
