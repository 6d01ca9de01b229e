"""The licence report as frames: seats, waste and money by product, by attribute, by reason and by renewal.

The other modules of this floor print it; what a seat costs and saves is computed in `provisioning.licensing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd

from provisioning.licensing.assess import Assessment, Terms, assess
from provisioning.licensing.contract import NOTHING
from provisioning.licensing.counting import held_again
from provisioning.licensing.invoices import Reconciled, reconcile
from provisioning.licensing.price_book import PriceBook
from provisioning.licensing.realised import Realised, compare, explain_cost
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from provisioning.model.terms import Lane, WasteReason
from reports import over_time
from reports.bills import add_up, add_up_by, list_products, list_renewals
from reports.compared import Compared, count_ready
from reports.notes import describe
from reports.over_time import OverTime
from reports.rejects import count_rejects, describe_rejects
from reports.words import Definition, defined

__all__ = ["Headline", "Report", "Terms", "after_run", "build", "since", "summary"]

NOT_STATED = "(not stated)"
NOBODY = "(paid, held by nobody)"
REASONS = [reason.value for reason in WasteReason]


class Headline(NamedTuple):
    """The figures of the whole report; money is None without prices.

    Savings of different days are never added: this cycle saves nothing, for the highest number of seats of a
    cycle is billed; `monthly` is saved from the next cycles of monthly contracts; `next_renewal` is how much
    smaller the yearly bills of `renewal_day` are, the first day on which any yearly bill falls. `unused` is
    what the seats that are ready or to review cost a month today: a share of the bill, and no saving.
    """

    billed: int
    wasted: int
    review: int
    protected: int
    known: int
    cost: Decimal | None
    unused: Decimal | None
    this_cycle: Decimal | None
    monthly: Decimal | None
    next_renewal: Decimal | None
    renewal_day: date | None

    @property
    def wasted_share(self) -> float:
        """Ready seats as a share of the billed ones."""
        return self.wasted / self.billed if self.billed else 0.0

    @property
    def known_share(self) -> float:
        """Billed seats whose access and use are told as a share of the billed ones."""
        return self.known / self.billed if self.billed else 0.0


@dataclass(frozen=True)
class Report:
    """One licence report.

    Attributes:
        at: instant it is for, UTC.
        currency: three letters, None without prices.
        book: which price book, in words; None without prices.
        headline: the figures of the whole.
        products: what `bills.list_products` gives.
        renewals: what `bills.list_renewals` gives.
        invoices: the price book's invoices, the columns of `Reconciled`.
        reasons: reason, seats, monthly, at_renewal of ready seats; every reason, in order of precedence.
        lanes: lane, seats, monthly, at_renewal.
        by: attribute to a frame of value, seats, wasted, wasted_share, cost, monthly and at_renewal.
        seats: every seat once, what the figures count; who shows it and what it costs.
        waste: Waste: ready seats in the order they are freed in, then those to review, then protected ones.
        twice: products one person pays for more than once.
        data: name, kind, taken_at, whole_at, known_at, age_days, rows, complete: what the report rests on.
        definitions: what each figure means.
        notes: what a reader must know before using a figure.
        assessment: what the figures were made of.
        realised: what the run changed; None of a run that changed nothing.
        compared: what differs from an earlier day; None when nothing is compared.
        over_time: what is known over time; None where no ledger was asked.
    """

    at: datetime
    currency: str | None
    book: str | None
    headline: Headline
    products: pd.DataFrame
    renewals: pd.DataFrame
    invoices: pd.DataFrame
    reasons: pd.DataFrame
    lanes: pd.DataFrame
    by: dict[str, pd.DataFrame]
    seats: pd.DataFrame
    waste: pd.DataFrame
    twice: pd.DataFrame
    data: pd.DataFrame
    definitions: list[Definition]
    notes: list[str]
    assessment: Assessment
    realised: Realised | None = None
    compared: Compared | None = None
    over_time: OverTime | None = None


def build(
    sources: Sequence[SourceSnapshot],
    targets: Sequence[TargetSnapshot],
    links: pd.DataFrame,
    book: PriceBook | None,
    terms: Terms,
) -> Report:
    """Make the report of whole reads.

    Args:
        sources: reads of the sources, every identity included, in scope or not.
        targets: reads of the targets, in order of precedence.
        links: Links of all targets.
        book: the price book; None counts seats and shows no money.
        terms: what the seats are judged by.
    """
    found = assess(sources, targets, links, book, terms)
    products, renewals = list_products(found, book), list_renewals(found, book)
    data, twice = _data(sources, targets, terms.now), held_again(found.billed)
    invoices = _invoices(found, book, terms)
    rejects = describe_rejects(count_rejects([*sources, *targets]))
    return Report(
        at=terms.now,
        currency=None if book is None else book.currency,
        book=None if book is None else _describe_book(book),
        headline=_headline(found, products, renewals),
        products=products,
        renewals=renewals,
        invoices=invoices,
        reasons=_summed(found.waste[found.waste["lane"] == Lane.READY.value], "reason", REASONS),
        lanes=_summed(found.waste, "lane", [lane.value for lane in Lane]),
        by={name: _grouped(found, products, name) for name in terms.by},
        seats=_all_seats(found),
        waste=found.waste,
        twice=twice,
        data=data,
        definitions=defined(terms.waits),
        notes=[*rejects, *describe(found, products, twice, data, invoices, book, terms), *terms.remarks],
        assessment=found,
    )


def after_run(report: Report, before: Assessment, book: PriceBook | None) -> Report:
    """The report of a company after a run, with what the run changed."""
    return replace(report, realised=compare(before, report.assessment, book))


def since(
    report: Report, at: datetime, earlier: Assessment, book: PriceBook | None, made: pd.DataFrame
) -> Report:
    """The report with what differs from an earlier day, judged by the prices of each day.

    Args:
        report: the report.
        at: the earlier day.
        earlier: the assessment of that day.
        book: the price book.
        made: what Seatwise changed since, as `Ledger.made_since` gives it.
    """
    change = compare(earlier, report.assessment, book)
    bridge = None if book is None else explain_cost(earlier, report.assessment, book)
    return replace(report, compared=Compared(at, change, bridge, count_ready(earlier.waste), made))


def summary(report: Report) -> dict[str, Any]:
    """The part of a run's summary that is about seats: `seats`, `waste` and `renewals`, as JSON values."""
    sums = report.products.groupby("product")["billed"].sum()
    head = report.headline
    return {
        "seats": {str(product): int(count) for product, count in sums.items() if count},
        "waste": {
            "seats": head.wasted,
            "review": head.review,
            "protected": head.protected,
            "this_cycle": _number(head.this_cycle),
            "monthly": _number(head.monthly),
            "next_renewal": _number(head.next_renewal),
            "renewal_day": None if head.renewal_day is None else head.renewal_day.isoformat(),
            "currency": report.currency,
        },
        "cost": _number(head.cost),
        "price_book": report.book,
        "realised": None if report.realised is None else _realised(report.realised),
        "compared": None if report.compared is None else report.compared.summary,
        "over_time": None if report.over_time is None else over_time.summary(report.over_time),
    }


def _headline(found: Assessment, products: pd.DataFrame, renewals: pd.DataFrame) -> Headline:
    lanes = found.waste["lane"].value_counts()
    unused = found.waste["lane"].isin([Lane.READY.value, Lane.REVIEW.value]).to_numpy()
    priced = bool(found.charges)
    falling = renewals[renewals["at_renewal"].map(bool).astype(bool)]
    first = falling["effective"].dropna().min() if len(falling) else None
    day = None if first is None or pd.isna(first) else first
    same = falling[falling["effective"] == day] if day is not None else falling
    return Headline(
        billed=len(found.billed),
        wasted=int(lanes.get(Lane.READY.value, 0)),
        review=int(lanes.get(Lane.REVIEW.value, 0)),
        protected=int(lanes.get(Lane.PROTECTED.value, 0)),
        known=int(products["known"].sum()),
        cost=add_up(products["cost"]),
        unused=(add_up(found.billed["cost"].iloc[found.positions[unused]]) or NOTHING) if priced else None,
        this_cycle=NOTHING if priced else None,
        monthly=add_up(products["monthly"]),
        next_renewal=(add_up(same["at_renewal"]) or NOTHING) if priced else None,
        renewal_day=day,
    )


def _summed(rows: pd.DataFrame, name: str, values: list[str]) -> pd.DataFrame:
    """Seats and money by a column; every one of its words."""
    table = rows.groupby(name).agg(seats=(name, "size"))
    table = table.join(add_up_by(rows, name, ["monthly", "at_renewal"])).reindex(pd.Index(values, name=name))
    return table.assign(seats=table["seats"].fillna(0).astype("int64")).reset_index()


def _grouped(found: Assessment, products: pd.DataFrame, by: str) -> pd.DataFrame:
    """Seats, what is wasted and money by an attribute; what nobody holds stands in a row of its own."""
    billed = found.billed
    table = billed.groupby(by, dropna=False).agg(seats=(by, "size")).join(add_up_by(billed, by, ["cost"]))
    ready = found.waste[found.waste["lane"] == Lane.READY.value]
    named = ready[["monthly", "at_renewal"]].assign(
        value=billed[by].iloc[found.positions[: len(ready)]].to_numpy()
    )
    lost = named.groupby("value", dropna=False).agg(wasted=("monthly", "size"))
    lost = lost.join(add_up_by(named, "value", ["monthly", "at_renewal"]))
    table, lost = (
        frame.rename(index=lambda value: NOT_STATED if pd.isna(value) else value) for frame in (table, lost)
    )
    table = table.join(lost).rename_axis("value").reset_index()
    total, shared = add_up(products["cost"]), add_up(table["cost"])
    if total is not None and (rest := total - (shared or NOTHING)):
        nobody = pd.DataFrame({"value": [NOBODY], "seats": [0], "cost": pd.Series([rest], dtype=object)})
        table = pd.concat([table, nobody], ignore_index=True)
    table["wasted"] = table["wasted"].fillna(0).astype("int64")
    table["wasted_share"] = (table["wasted"] / table["seats"].where(table["seats"] > 0)).fillna(0.0)
    ordered = table.sort_values(
        ["wasted", "seats", "value"], ascending=[False, False, True], ignore_index=True
    )
    return ordered[["value", "seats", "wasted", "wasted_share", "cost", "monthly", "at_renewal"]]


def _all_seats(found: Assessment) -> pd.DataFrame:
    """Every seat once, with who holds the billed ones and what they cost."""
    told = ["display_name", "email", "department", "cost_center", "manager", "cost"]
    # The billed ones are in the order of all.
    paid = found.billed[told].set_axis(found.counted.index[found.counted["billable"]])
    return found.counted.drop(columns=["person", "held_at"]).join(paid)


def _data(
    sources: Sequence[SourceSnapshot], targets: Sequence[TargetSnapshot], now: datetime
) -> pd.DataFrame:
    rows = [
        (one.source, "source", one.taken_at, one.read_whole_at, one.as_of or one.taken_at,
         len(one.identities), one.complete)
        for one in sources
    ]  # fmt: skip
    rows += [
        (one.target, "target", one.taken_at, one.read_whole_at, one.known_at, len(one.accounts), one.complete)
        for one in targets
    ]
    names = ["name", "kind", "taken_at", "whole_at", "known_at", "rows", "complete"]
    table = pd.DataFrame(rows, columns=names)
    age = (pd.Timestamp(now) - pd.to_datetime(table["known_at"], utc=True)).dt.days.clip(lower=0)
    return table.assign(age_days=age.astype("Int64"))


def _invoices(found: Assessment, book: PriceBook | None, terms: Terms) -> pd.DataFrame:
    rows = [] if book is None else list(reconcile(book, found.charges, terms.now.date()))
    return pd.DataFrame(rows, columns=list(Reconciled._fields), dtype=object)


def _describe_book(book: PriceBook) -> str:
    """Which price book a figure comes from: its file, its newest prices, and what it says of itself."""
    newest = max((contract.valid_from for contract in book.contracts), default=None)
    words = f"{book.origin}, {book.currency}"
    words += f", newest prices of {newest:%Y-%m-%d}" if newest else ""
    words += f", exchange rates of {book.exchanged_on:%Y-%m-%d}" if book.exchanged_on else ""
    return f"{words}: {book.note}" if book.note else words


def _realised(change: Realised) -> dict[str, Any]:
    """What a run changed, as JSON values."""
    return {
        "before": change.before,
        "after": change.after,
        "freed": len(change.freed),
        "added": len(change.added),
        "monthly": _number(change.monthly),
        "renewals": {str(day or "unknown"): float(money) for day, money in change.renewals.items()},
    }


def _number(money: Decimal | None) -> float | None:
    return None if money is None else float(money)
