"""The licence report as frames: seats, waste and money by product, by attribute and by reason.

The other modules of this floor print it; no figure is computed anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd

from provisioning.licensing.allocation import (
    Installation,
    add_up,
    charge_back,
    compute_costs,
    compute_savings,
)
from provisioning.licensing.prices import NOTHING, Saving, Tariff, tariff, to_lower_tier
from provisioning.licensing.seats import count_seats, list_billed
from provisioning.licensing.waste import find_duplicates, find_waste
from provisioning.model.frames import Accounts, Assignments, Capacity, Entitlements, Identities, Seats, concat
from provisioning.model.seat_table import INSTALLATION, build_seats
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from provisioning.model.terms import Activity, Billing, WasteReason
from reports.rejects import count_rejects, describe_rejects
from reports.words import Definition, defined, notes, titled

NOT_STATED = "(not stated)"
NO_SAVING = Saving(NOTHING, NOTHING, NOTHING, None)
UNKNOWN_SAVING = (None, None, None, None)
REASONS = [reason.value for reason in WasteReason]


class Headline(NamedTuple):
    """The figures of the whole report; money is None without prices."""

    billed: int
    wasted: int
    known: int
    cost: Decimal | None
    monthly: Decimal | None
    next_cycle: Decimal | None
    next_renewal: Decimal | None

    @property
    def yearly(self) -> Decimal | None:
        """What a year is cheaper by once every part of the saving counts."""
        if self.next_cycle is None or self.next_renewal is None:
            return None
        return 12 * self.next_cycle + self.next_renewal

    @property
    def wasted_share(self) -> float:
        """Wasted seats as a share of the billed ones."""
        return self.wasted / self.billed if self.billed else 0.0

    @property
    def known_share(self) -> float:
        """Billed seats of known activity as a share of the billed ones."""
        return self.known / self.billed if self.billed else 0.0


@dataclass(frozen=True)
class Report:
    """One licence report.

    Attributes:
        at: instant it is for, UTC.
        currency: three letters, None without prices.
        headline: the figures of the whole.
        products: target, product, site, billing, capacity, assigned, billed, used, unsure, wasted, one column
            a reason, known_share, cost, monthly, next_cycle, next_renewal, saves_from, to_lower_tier,
            oversized.
        reasons: reason, seats, monthly; every reason, in order of precedence.
        by: attribute to a frame of value, seats, wasted, wasted_share, cost and monthly.
        seats: Seats, the derived ones included: what the figures count.
        waste: Waste, the most certain reason first, then the dearest.
        data: name, kind, taken_at, whole_at, rows, complete: what the report was made of.
        definitions: what each figure means.
        notes: what a reader must know before using a figure.
    """

    at: datetime
    currency: str | None
    headline: Headline
    products: pd.DataFrame
    reasons: pd.DataFrame
    by: dict[str, pd.DataFrame]
    seats: pd.DataFrame
    waste: pd.DataFrame
    data: pd.DataFrame
    definitions: list[Definition]
    notes: list[str]


@dataclass(frozen=True)
class Terms:
    """What the seats of a report are judged by.

    Attributes:
        now: instant of the report, UTC.
        idle: a seat last used this long ago is idle.
        never_used_after: a seat never used is waste this long after its account was added.
        by: attributes of people to group by.
        protected: accounts (target, account_id) never called waste.
        ambiguous: accounts (target, account_id) that may be several people's, and so are no orphans.
        remarks: further notes on what was read, in words.
    """

    now: datetime
    idle: timedelta
    never_used_after: timedelta = timedelta(days=30)
    by: Sequence[str] = ("department", "cost_center")
    protected: pd.DataFrame | None = None
    ambiguous: pd.DataFrame | None = None
    remarks: Sequence[str] = ()


def build(
    sources: Sequence[SourceSnapshot],
    targets: Sequence[TargetSnapshot],
    links: pd.DataFrame,
    prices: pd.DataFrame | None,
    terms: Terms,
) -> Report:
    """Make the report of whole reads.

    Args:
        sources: reads of the sources, every identity included, in scope or not.
        targets: reads of the targets.
        links: Links of all targets.
        prices: Prices; None counts seats and shows no money.
        terms: what the seats are judged by.
    """
    today = terms.now.date()
    accounts = concat(Accounts, [target.accounts for target in targets])
    seats = _all_seats(targets, accounts)
    capacity = concat(Capacity, [target.capacity for target in targets])
    billed_seats, wasted = _judge_seats(seats, accounts, sources, links, prices, terms)
    costs = compute_costs(billed_seats, prices, capacity, today)
    savings = compute_savings(billed_seats, wasted, prices, today)
    counted = _products(count_seats(seats, capacity), billed_seats, wasted)
    products = _with_money(counted, prices, costs, savings, today)
    data = _data(sources, targets)
    return Report(
        at=terms.now,
        currency=None if prices is None or prices.empty else str(prices["currency"].iloc[0]),
        headline=_headline(products),
        products=products,
        reasons=_reasons(wasted),
        by={name: _grouped(billed_seats, wasted, costs, name) for name in terms.by},
        seats=seats,
        waste=_most_certain_first(wasted),
        data=data,
        definitions=defined(terms.idle.days, terms.never_used_after.days),
        notes=_notes([*sources, *targets], products, data, terms, priced=prices is not None),
    )


def _notes(
    reads: Sequence[SourceSnapshot | TargetSnapshot],
    products: pd.DataFrame,
    data: pd.DataFrame,
    terms: Terms,
    *,
    priced: bool,
) -> list[str]:
    """What a reader should know: what could not be read, what the figures rest on, what files told."""
    rejects = describe_rejects(count_rejects(reads))
    return [*rejects, *notes(products, data, priced=priced), *terms.remarks]


def _all_seats(targets: Sequence[TargetSnapshot], accounts: pd.DataFrame) -> pd.DataFrame:
    """The seats of all targets, those included that follow from what an account is assigned."""
    return build_seats(
        concat(Seats, [target.seats for target in targets]),
        accounts,
        concat(Assignments, [target.assignments for target in targets]),
        concat(Entitlements, [target.entitlements for target in targets]),
    )


def _judge_seats(
    seats: pd.DataFrame,
    accounts: pd.DataFrame,
    sources: Sequence[SourceSnapshot],
    links: pd.DataFrame,
    prices: pd.DataFrame | None,
    terms: Terms,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The billed seats with their holders, and those of them that are wasted."""
    identities = concat(Identities, [source.identities for source in sources])
    wasted = find_waste(
        seats, accounts, links, identities, prices,
        idle=terms.idle, never_used_after=terms.never_used_after, now=terms.now,
        duplicates=find_duplicates(accounts, links), protected=terms.protected,
        ambiguous=terms.ambiguous,
    )  # fmt: skip
    return list_billed(seats, accounts, links, identities), wasted


def summary(report: Report) -> dict[str, Any]:
    """The part of a run's summary that is about seats: `seats` and `waste`, as JSON values."""
    sums = report.products.groupby("product")["billed"].sum()
    return {
        "seats": {str(product): int(count) for product, count in sums.items()},
        "waste": {
            "seats": report.headline.wasted,
            "monthly": _number(report.headline.monthly),
            "next_renewal": _number(report.headline.next_renewal),
            "currency": report.currency,
        },
    }


def table_rows(report: Report) -> list[dict[str, Any]]:
    """The products as rows of a table artifact: text and numbers alone."""
    shown = ["product", "site", "capacity", "billed", "used", "wasted", "cost", "monthly", "next_renewal"]
    plain = report.products[shown].astype(object)
    plain = plain.where(plain.notna(), None)
    return [
        {
            titled(str(name)): _number(value) if isinstance(value, Decimal) else value
            for name, value in row.items()
        }
        for row in plain.to_dict("records")
    ]


def _products(table: pd.DataFrame, billed_seats: pd.DataFrame, wasted: pd.DataFrame) -> pd.DataFrame:
    """Seats by place: those in use, those wasted by reason, and the rest."""
    table = table.set_index(INSTALLATION)
    for reason in REASONS:
        found = wasted[wasted["reason"] == reason].groupby(INSTALLATION).size()
        table[reason] = found.reindex(table.index).fillna(0).astype("int64")
    table["wasted"] = table[REASONS].sum(axis=1)
    key = [*INSTALLATION, "account_id"]
    kept = billed_seats.merge(wasted[key], on=key, how="left_anti", validate="one_to_one")
    used = kept[kept["activity"] == Activity.USED].groupby(INSTALLATION).size()
    table["used"] = used.reindex(table.index).fillna(0).astype("int64")
    table["unsure"] = table["billed"] - table["used"] - table["wasted"]
    table["known_share"] = table["known"] / table["billed"].where(table["billed"] > 0)
    return table.reset_index()


def _with_money(
    products: pd.DataFrame,
    prices: pd.DataFrame | None,
    costs: Mapping[Installation, Decimal],
    savings: Mapping[Installation, Saving],
    on: date,
) -> pd.DataFrame:
    """The products with billing, cost, saving, its day, and the distance to the next lower tier."""
    places = products[[*INSTALLATION, "billed", "capacity"]].itertuples(index=False)
    rows = []
    for target, product, site, billed, bought in places:
        place = (target, product, site)
        agreed = None if prices is None else tariff(prices, product, site, on)
        saved = savings.get(place, NO_SAVING if place in costs else UNKNOWN_SAVING)
        tier = None if prices is None else to_lower_tier(prices, product, site, billed, on)
        rows.append(
            (
                agreed and agreed.billing.value,
                costs.get(place),
                *saved,
                tier,
                _oversized(agreed, billed, bought),
            )
        )
    names = [
        "billing", "cost", "monthly", "next_cycle", "next_renewal", "saves_from", "to_lower_tier",
        "oversized",
    ]  # fmt: skip
    return products.join(pd.DataFrame(rows, columns=names, index=products.index, dtype=object))


def _oversized(agreed: Tariff | None, billed: int, bought: Any) -> Decimal | None:
    """What the yearly tier bought costs more than the one that is needed; None where nothing tells."""
    if agreed is None or agreed.billing is Billing.MONTHLY or pd.isna(bought):
        return None
    paid, needed = agreed.bill(max(int(bought), billed)), agreed.bill(billed)
    return None if paid is None or needed is None else paid - needed


def _headline(products: pd.DataFrame) -> Headline:
    return Headline(
        billed=int(products["billed"].sum()),
        wasted=int(products["wasted"].sum()),
        known=int(products["known"].sum()),
        cost=add_up(products["cost"]),
        monthly=add_up(products["monthly"]),
        next_cycle=add_up(products["next_cycle"]),
        next_renewal=add_up(products["next_renewal"]),
    )


def _reasons(wasted: pd.DataFrame) -> pd.DataFrame:
    found = wasted.groupby("reason").agg(seats=("reason", "size"), monthly=("monthly", add_up))
    table = found.reindex(pd.Index(REASONS, name="reason"))
    return table.assign(seats=table["seats"].fillna(0).astype("int64")).reset_index()


def _grouped(
    billed_seats: pd.DataFrame, wasted: pd.DataFrame, costs: Mapping[Installation, Decimal], by: str
) -> pd.DataFrame:
    shares = charge_back(billed_seats, costs, by)
    table = shares.groupby(by, dropna=False).agg(seats=("seats", "sum"), cost=("monthly", add_up))
    key = [*INSTALLATION, "account_id"]
    named = wasted[[*key, "monthly"]].merge(
        billed_seats[[*key, by]], on=key, how="left", validate="one_to_one"
    )
    lost = named.groupby(by, dropna=False).agg(wasted=("monthly", "size"), monthly=("monthly", add_up))
    table, lost = (
        frame.rename(index=lambda value: NOT_STATED if pd.isna(value) else value) for frame in (table, lost)
    )
    table = table.join(lost).rename_axis("value").reset_index()
    table["wasted"] = table["wasted"].fillna(0).astype("int64")
    table["wasted_share"] = table["wasted"] / table["seats"]
    ordered = table.sort_values(
        ["wasted", "seats", "value"], ascending=[False, False, True], ignore_index=True
    )
    return ordered[["value", "seats", "wasted", "wasted_share", "cost", "monthly"]]


def _most_certain_first(wasted: pd.DataFrame) -> pd.DataFrame:
    rank = wasted["monthly"].map(float, na_action="ignore").astype("float64")
    precedence = wasted["reason"].map({reason: place for place, reason in enumerate(REASONS)})
    keys = pd.DataFrame(
        {"rank": -rank, "precedence": precedence, "idle": -wasted["idle_days"].astype("float64")}
    )
    return wasted.loc[keys.sort_values(["precedence", "rank", "idle"], kind="stable").index].reset_index(
        drop=True
    )


def _data(sources: Sequence[SourceSnapshot], targets: Sequence[TargetSnapshot]) -> pd.DataFrame:
    rows = [
        (read.source, "source", read.taken_at, read.read_whole_at, len(read.identities), read.complete)
        for read in sources
    ]
    rows += [
        (read.target, "target", read.taken_at, read.taken_at, len(read.accounts), read.complete)
        for read in targets
    ]
    return pd.DataFrame(rows, columns=["name", "kind", "taken_at", "whole_at", "rows", "complete"])


def _number(money: Decimal | None) -> float | None:
    return None if money is None else float(money)
