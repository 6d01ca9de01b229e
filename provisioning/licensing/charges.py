"""What each contract charges for: which seats it counts, how many, what that costs, what nobody's seat costs.

A contract by seats charges for one product on one site. One by unique users charges once for all its sites,
Guard once for everybody who has a product, and an app for the largest product of its host family. What a
contract states of itself, such as a purchase or a credit, counts once: the seats of its sites are one pool.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from provisioning.licensing.contract import NOTHING, Contract
from provisioning.licensing.counting import PLACE
from provisioning.licensing.price_book import BY_SEATS, PriceBook
from provisioning.licensing.prices import settle
from provisioning.model.terms import Deployment, Unit

ALL_SITES = "all sites"
Positions = np.ndarray[Any, np.dtype[np.int64]]
"""Rows of the billed seats, by position."""
Place = tuple[str, str, str]
"""Deployment, product and site."""


@dataclass(frozen=True)
class Charge:
    """What one contract charges in one place, or in all its places together.

    Attributes:
        contract: as it bills the running period.
        later: with the prices of its next period.
        effective: first day of that; None when the book does not tell.
        deployment, product, site: the place; the site is `ALL_SITES` where it is billed once for several.
        held: how many of its units there are.
        paid: how many the running period is paid for.
        rows: the seats that make it up.
    """

    contract: Contract
    later: Contract
    effective: date | None
    deployment: str
    product: str
    site: str
    held: int
    paid: int
    rows: Positions = field(repr=False)

    @property
    def place(self) -> Place:
        """Deployment, product and site."""
        return self.deployment, self.product, self.site

    @property
    def per_seat(self) -> bool:
        """Whether each of its seats is one of its units."""
        return self.contract.unit in {Unit.USER, Unit.AGENT}

    @property
    def own(self) -> bool:
        """Whether its seats are those of its own product on one site."""
        return self.per_seat and self.site != ALL_SITES

    @property
    def cost(self) -> Decimal:
        """What a month costs without tax; beyond the last price what is known of it."""
        return self.contract.monthly(self.contract.bill_at_least(self.paid))

    @property
    def unpriced(self) -> int:
        """Units beyond the last one that has a price."""
        last = self.contract.last_seat
        return 0 if last is None else max(self.paid - last, 0)

    @property
    def oversized(self) -> Decimal | None:
        """What the next yearly bill falls by when only what is held is bought; None if monthly."""
        if not self.contract.yearly:
            return None
        return self.later.bill_at_least(self.paid) - self.later.bill_kept(self.held)


def find_charges(book: PriceBook, billed: pd.DataFrame, places: pd.DataFrame, on: date) -> list[Charge]:
    """Find what every contract charges for.

    Args:
        book: the price book.
        billed: billed seats, as `counting.list_billed` gives them, numbered from 0.
        places: what `counting.count_places` gives.
        on: the day.

    Returns:
        The charges, those of seats in the order of the places, then what else the book charges for.
    """
    groups: dict[Any, Positions] = {
        place: np.asarray(rows, dtype=np.int64) for place, rows in billed.groupby(PLACE).indices.items()
    }
    found = list(_find_contracts(book, places, on))
    several = Counter(agreed.name for agreed, _, _ in found)
    charges: list[Charge] = []
    once: dict[str, list[tuple[Place, Any]]] = {}
    for agreed, place, told in found:
        if agreed.unit is Unit.UNIQUE_USER or (agreed.pooled and several[agreed.name] > 1):
            once.setdefault(agreed.name, []).append((place, told))
            continue
        rows = groups.get(place, np.array([], dtype=np.int64))
        charges.append(_charge(book, agreed, on, place, rows, len(rows), told))
    charges += _once_for_all(book, billed, groups, once, on)
    charges += _beside_seats(book, billed, groups, on)
    return [*charges, *_held_by_nobody(book, charges, on)]


def find_unused(book: PriceBook, charges: list[Charge]) -> list[Contract]:
    """Contracts of the book that charge for nothing that was read, each once."""
    used = {charge.contract.name for charge in charges if charge.held or charge.paid}
    return [book.versions(name)[-1] for name in book.names if name not in used]


def share_costs(charges: list[Charge], billed: pd.DataFrame, book: PriceBook) -> np.ndarray[Any, Any]:
    """Share the cost of each charge among its seats, to the cent.

    Returns:
        Cents a month by seat, in the book's currency. A charge without a seat is shared among nobody.
    """
    cents = np.zeros(len(billed), dtype=np.int64)
    people = pd.Series(pd.factorize(billed["person"])[0])
    for charge in charges:
        rows = charge.rows
        if not charge.per_seat and len(rows):
            rows = rows[~people.iloc[rows].duplicated().to_numpy()]
        if not len(rows):
            continue
        total = int(book.convert(charge.cost, charge.contract.currency) * 100)
        part, over = divmod(total, len(rows))
        cents[rows] += part
        cents[rows[:over]] += 1
    return cents


def _find_contracts(book: PriceBook, places: pd.DataFrame, on: date) -> Iterator[tuple[Contract, Place, Any]]:
    """The contract of each place that has one, the place, and how many seats it has as the target tells."""
    for deployment, product, site, told in places[[*PLACE, "capacity"]].itertuples(index=False, name=None):
        agreed = book.find(product, site, Deployment(deployment), on)
        if agreed is not None:
            yield agreed, (deployment, product, site), told


def _once_for_all(
    book: PriceBook,
    billed: pd.DataFrame,
    groups: dict[Any, Positions],
    once: dict[str, list[tuple[Place, Any]]],
    on: date,
) -> Iterator[Charge]:
    """Contracts that count a person once on all their sites, or have one pool of seats for all of them."""
    for name, places in once.items():
        agreed = book.running(name, on)
        found = [groups[place] for place, _ in places if place in groups]
        rows = np.sort(np.concatenate(found)) if found else np.array([], dtype=np.int64)
        if agreed is not None:
            unique = agreed.unit is Unit.UNIQUE_USER
            held = billed["person"].iloc[rows].nunique() if unique else len(rows)
            told = None if unique else pd.Series([told for _, told in places]).sum(min_count=1)
            place = (places[0][0][0], agreed.product, ALL_SITES)
            yield _charge(book, agreed, on, place, rows, held, told)


def _beside_seats(
    book: PriceBook, billed: pd.DataFrame, groups: dict[Any, Positions], on: date
) -> Iterator[Charge]:
    """Contracts whose own product nobody has a seat of: apps and Guard."""
    for name in book.names:
        agreed = book.running(name, on)
        if agreed is None or agreed.unit in BY_SEATS:
            continue
        if agreed.unit is Unit.MANAGED_ACCOUNT:
            rows = _counted_by_guard(agreed, billed)
            place = (Deployment.CLOUD.value, agreed.product, ALL_SITES)
            yield _charge(book, agreed, on, place, rows, billed["person"].iloc[rows].nunique(), None)
            continue
        yield from _of_app(book, agreed, billed, groups, on)


def _of_app(
    book: PriceBook, agreed: Contract, billed: pd.DataFrame, groups: dict[Any, Positions], on: date
) -> Iterator[Charge]:
    """What an app charges on each site, or once where it states amounts of the whole contract."""
    hosts = _hosts(agreed, groups, _named_apart(book, agreed))
    largest = {place: int(billed["product"].iloc[rows].value_counts().max()) for place, rows in hosts.items()}
    if agreed.pooled and len(hosts) > 1:
        rows = np.sort(np.concatenate(list(hosts.values())))
        place = (next(iter(hosts))[0], agreed.product, ALL_SITES)
        yield _charge(book, agreed, on, place, rows, sum(largest.values()), None)
        return
    for (deployment, site), rows in hosts.items():
        place = (deployment, agreed.product, site)
        yield _charge(book, agreed, on, place, rows, largest[deployment, site], None)


def _counted_by_guard(agreed: Contract, billed: pd.DataFrame) -> Positions:
    """Seats of everybody in the cloud but those who hold one that is exempt."""
    exempt = billed["product"].isin(agreed.exempt) | billed["site"].isin(agreed.exempt)
    spared = billed["person"].isin(billed.loc[exempt, "person"])
    cloud = billed["deployment"] == Deployment.CLOUD.value
    return np.flatnonzero((cloud & ~spared).to_numpy()).astype(np.int64)


def _named_apart(book: PriceBook, agreed: Contract) -> frozenset[str]:
    """Sites that other contracts on the same product name, which come before one for every site."""
    others = (one for one in book.contracts if one.product == agreed.product and one.name != agreed.name)
    named = (one.sites for one in others if one.deployment == agreed.deployment)
    return frozenset[str]().union(*named) - agreed.sites


def _hosts(
    agreed: Contract, groups: dict[Any, Positions], apart: frozenset[str]
) -> dict[tuple[str, str], Positions]:
    """Seats of the host family of an app, by deployment and site."""
    found: dict[tuple[str, str], list[Positions]] = {}
    for (deployment, product, site), rows in groups.items():
        here = site in agreed.sites if agreed.sites else site not in apart
        if product in agreed.hosts and here and deployment == agreed.deployment:
            found.setdefault((deployment, site), []).append(rows)
    return {place: np.sort(np.concatenate(parts)) for place, parts in found.items()}


def _held_by_nobody(book: PriceBook, charges: list[Charge], on: date) -> Iterator[Charge]:
    """Contracts that are paid although nothing of them was read."""
    used = {charge.contract.name for charge in charges}
    for name in book.names:
        agreed = book.running(name, on)
        if agreed is None or name in used or not agreed.paid_seats(0):
            continue
        deployment = (agreed.deployment or Deployment.CLOUD).value
        site = ", ".join(sorted(agreed.sites)) or ALL_SITES
        none = np.array([], dtype=np.int64)
        yield _charge(book, agreed, on, (deployment, agreed.product, site), none, 0, None)


def _charge(
    book: PriceBook,
    agreed: Contract,
    on: date,
    place: Place,
    rows: Positions,
    held: int,
    told: Any,
) -> Charge:
    effective, later = settle(book, agreed, on)
    bought = None if told is None or pd.isna(told) else int(told)
    paid = agreed.paid_seats(held, bought)
    return Charge(agreed, later, effective, *place, held=held, paid=paid, rows=rows)


def total(charges: list[Charge], book: PriceBook) -> Decimal:
    """What all charges cost a month, in the book's currency."""
    return sum((book.convert(charge.cost, charge.contract.currency) for charge in charges), NOTHING)
