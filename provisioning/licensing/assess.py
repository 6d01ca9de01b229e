"""The seats of a company put together: counted once, judged, priced, and what can be saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from provisioning.licensing.boundaries import Step, find_steps
from provisioning.licensing.charges import Charge, find_charges, find_unused, share_costs
from provisioning.licensing.contract import CENT, Contract
from provisioning.licensing.counting import (
    ACCOUNT,
    View,
    count_once,
    count_places,
    list_billed,
    name_people,
)
from provisioning.licensing.freeing import Cents, Freed, value_seats
from provisioning.licensing.lanes import Spared, Waits, find_administrators, find_duplicates, judge
from provisioning.licensing.paths import name_removals
from provisioning.licensing.price_book import BY_SEATS, PriceBook
from provisioning.model.contested import COLUMNS, add_later_use, find_contested, name_as_in
from provisioning.model.frames import (
    Accounts,
    Assignments,
    Capacity,
    Entitlements,
    Identities,
    Seats,
    Waste,
    complete,
    concat,
    empty,
)
from provisioning.model.keys import Mask
from provisioning.model.seat_table import build_seats
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from provisioning.model.terms import Deployment, Lane


@dataclass(frozen=True)
class Terms:
    """What the seats of a report are judged by.

    Attributes:
        now: instant of the report, UTC.
        waits: how long is how long.
        by: attributes of people to group by.
        deployments: where the products of each target run; the cloud where not said.
        evidence_within: seats known only from older evidence are left out; None counts all.
        protected: accounts (target, account_id) the policy protects.
        ambiguous: accounts (target, account_id) that may be several people's, and so are no orphans.
        elsewhere: earlier reads of targets of the cloud that are not read now: what they tell otherwise of an
            account, and later of the use of a seat, counts still.
        remarks: further notes on what was read, in words.
    """

    now: datetime
    waits: Waits
    by: Sequence[str] = ("department", "cost_center")
    deployments: Mapping[str, Deployment] = field(default_factory=dict)
    evidence_within: timedelta | None = None
    protected: pd.DataFrame | None = None
    ambiguous: pd.DataFrame | None = None
    elsewhere: Sequence[TargetSnapshot] = ()
    remarks: Sequence[str] = ()


@dataclass(frozen=True)
class Assessment:
    """What was found of all seats.

    Attributes:
        counted: every seat once, billed or not, as `counting.count_once` gives them.
        places: seats by product and site, as `counting.count_places` gives them.
        billed: billed seats with their holders, numbered from 0; `cost` holds cents a month, null where
            nothing prices the seat.
        waste: a Waste frame, ready seats first, in the order they are freed in.
        positions: where each row of `waste` stands in `billed`.
        charges: what the contracts charge for; empty without a price book.
        freed: what freeing the ready seats saves.
        steps: what is worth doing before each renewal of yearly contracts.
        unused: contracts of the book that charge for nothing that was read.
        left_out: billed seats that are left out because what is known of them is too old.
    """

    counted: pd.DataFrame
    places: pd.DataFrame
    billed: pd.DataFrame
    waste: pd.DataFrame
    positions: Cents
    charges: list[Charge]
    freed: Freed
    steps: list[Step]
    unused: list[Contract]
    left_out: pd.DataFrame


def assess(
    sources: Sequence[SourceSnapshot],
    targets: Sequence[TargetSnapshot],
    links: pd.DataFrame,
    book: PriceBook | None,
    terms: Terms,
) -> Assessment:
    """Count, judge and price the seats of whole reads.

    Args:
        sources: reads of the sources, every identity included, in scope or not.
        targets: reads of the targets, in order of precedence.
        links: Links of all targets.
        book: the price book; None counts seats and shows no money.
        terms: what the seats are judged by.
    """
    counted, places, billed, left_out = _count(sources, targets, links, terms)
    accounts = concat(Accounts, [target.accounts for target in targets])
    judged = judge(billed, terms.waits, _spared(targets, accounts, links, terms), terms.now)
    ready = judged.index[judged["lane"] == Lane.READY.value].to_numpy(dtype=np.int64)
    charges = [] if book is None else find_charges(book, billed, places, terms.now.date())
    nothing = np.zeros(len(billed), dtype=np.int64)
    freed = Freed(nothing, nothing, []) if book is None else value_seats(charges, billed, ready, book)
    return Assessment(
        counted=counted,
        places=places,
        billed=_with_cost(billed, charges, book),
        waste=_as_waste(judged, targets, charges, freed, book),
        positions=judged.index.to_numpy(dtype=np.int64),
        charges=charges,
        freed=freed,
        steps=[] if book is None else find_steps(charges, billed, ready, book),
        unused=[] if book is None else find_unused(book, charges),
        left_out=left_out,
    )


def _count(
    sources: Sequence[SourceSnapshot],
    targets: Sequence[TargetSnapshot],
    links: pd.DataFrame,
    terms: Terms,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Every seat once, seats by place, billed seats with their holders, and those left out as too old."""
    views = find_views(targets, terms)
    accounts = concat(Accounts, [target.accounts for target in targets])
    used = [name_as_in(accounts, one.accounts, list_seats([one], one.accounts)) for one in terms.elsewhere]
    seats = add_later_use(list_seats(targets, accounts), used)
    people = name_people(accounts, seats, views)
    counted = count_once(seats, people, views)
    stale = counted["held_at"] < _oldest(terms)
    identities = concat(Identities, [source.identities for source in sources])
    fresh = counted[~stale].reset_index(drop=True)
    places = count_places(fresh, concat(Capacity, [target.capacity for target in targets]), views)
    billed = list_billed(fresh, accounts, links, identities, people)
    return fresh, places, billed, counted[stale & counted["billable"]]


def find_views(targets: Sequence[TargetSnapshot], terms: Terms) -> dict[str, View]:
    """How each target shows its seats; nothing is known of a moment after the report's."""
    return {
        target.target: View(
            terms.deployments.get(target.target, Deployment.CLOUD), min(target.known_at, terms.now)
        )
        for target in targets
    }


def list_seats(targets: Sequence[TargetSnapshot], accounts: pd.DataFrame) -> pd.DataFrame:
    """The seats of all targets as each shows them, those included that follow from groups."""
    return build_seats(
        concat(Seats, [target.seats for target in targets]),
        accounts,
        concat(Assignments, [target.assignments for target in targets]),
        concat(Entitlements, [target.entitlements for target in targets]),
    )


def as_money(cents: Cents) -> pd.Series:
    """Cents as amounts."""
    values = {value: Decimal(int(value)) * CENT for value in np.unique(cents)}
    return pd.Series([values[value] for value in cents], dtype=object)


def _oldest(terms: Terms) -> pd.Timestamp:
    if terms.evidence_within is None:
        return pd.Timestamp.min.tz_localize("UTC")
    return pd.Timestamp(terms.now - terms.evidence_within)


def _spared(
    targets: Sequence[TargetSnapshot], accounts: pd.DataFrame, links: pd.DataFrame, terms: Terms
) -> Spared:
    administrators = find_administrators(
        concat(Assignments, [target.assignments for target in targets]),
        concat(Entitlements, [target.entitlements for target in targets]),
    )
    duplicates = find_duplicates(accounts, links)
    return Spared(terms.protected, administrators, terms.ambiguous, duplicates, _contested(targets, terms))


def _contested(targets: Sequence[TargetSnapshot], terms: Terms) -> pd.DataFrame:
    """Accounts of the cloud that two of the connections tell differently."""
    deployments, elsewhere = terms.deployments, terms.elsewhere
    cloud = [one for one in targets if deployments.get(one.target, Deployment.CLOUD) is Deployment.CLOUD]
    found = [
        find_contested(one, [*elsewhere, *(other for other in cloud if other is not one)]) for one in cloud
    ]
    told = pd.concat(found or [pd.DataFrame(columns=COLUMNS, dtype="str")], ignore_index=True)
    return told.rename(columns={"source": "target"})[ACCOUNT]


def _with_cost(billed: pd.DataFrame, charges: list[Charge], book: PriceBook | None) -> pd.DataFrame:
    """The seats with their share of what they cost."""
    cost = pd.Series(None, index=billed.index, dtype=object)
    if book is not None:
        cost = as_money(share_costs(charges, billed, book)).where(_priced(charges, len(billed)), None)
    return billed.assign(cost=cost)


def _priced(charges: list[Charge], seats: int) -> Mask:
    """Whether some contract counts each of so many seats."""
    priced = np.zeros(seats, dtype=np.bool_)
    for charge in charges:
        priced[charge.rows] = True
    return priced


def _as_waste(
    judged: pd.DataFrame,
    targets: Sequence[TargetSnapshot],
    charges: list[Charge],
    freed: Freed,
    book: PriceBook | None,
) -> pd.DataFrame:
    """The judged seats as a Waste frame: with what makes them billable, and what freeing each saves."""
    if judged.empty:
        return empty(Waste)
    removals = name_removals(
        judged,
        concat(Assignments, [target.assignments for target in targets]),
        concat(Entitlements, [target.entitlements for target in targets]),
    )
    positions = judged.index.to_numpy()
    priced = _priced(charges, len(freed.next_cycle))
    shown = pd.Series(priced[positions] & (judged["lane"] == Lane.READY.value).to_numpy())
    rows = judged.assign(path=removals["path"], to_free=removals["to_free"]).reset_index(drop=True)
    currency = None if book is None else book.currency
    return complete(
        Waste,
        rows.assign(
            monthly=as_money(freed.next_cycle[positions]).where(shown, None),
            at_renewal=as_money(freed.at_renewal[positions]).where(shown, None),
            currency=pd.Series(currency, index=rows.index, dtype="str").where(shown),
            saves_from=_next_periods(positions, charges, len(freed.next_cycle)).where(shown),
        ),
    )


def _next_periods(positions: Cents, charges: list[Charge], seats: int) -> pd.Series:
    """The first day of the next period of the contract of each seat's product; null where none is known."""
    numbers = np.full(seats, -1, dtype=np.int64)
    for number, charge in enumerate(charges):
        if charge.contract.unit in BY_SEATS:
            numbers[charge.rows] = number
    days = pd.to_datetime(pd.Series([charge.effective for charge in charges], dtype=object), utc=True)
    return days.reindex(numbers[positions]).reset_index(drop=True)
