"""What a reader of the licence report must know before using a figure, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from provisioning.licensing.assess import Assessment, Terms
from provisioning.licensing.charges import ALL_SITES
from provisioning.licensing.contract import Contract
from provisioning.licensing.price_book import BY_SEATS, PriceBook
from provisioning.model.terms import Basis, Billing, Deployment, Unit
from provisioning.policy.yaml_file import nearest
from reports.words import UNPRICED, named

ONCE = frozenset({Unit.UNIQUE_USER, Unit.MANAGED_ACCOUNT})
"""Units that are counted once on all sites, whatever the contract states."""
SHOWN = 5
"""Names that a note lists at most."""


def describe(
    found: Assessment,
    products: pd.DataFrame,
    twice: pd.DataFrame,
    data: pd.DataFrame,
    invoices: pd.DataFrame,
    book: PriceBook | None,
    terms: Terms,
) -> list[str]:
    """Say what a reader must know: how whole and old the evidence is, what the price book does not fit."""
    notes = [*_unwhole(data), *_old(data), *_thin(found), *_left_out(found, terms), *_paid_twice(twice)]
    if book is None:
        return [*notes, UNPRICED]
    return [
        *notes,
        *_without_price(products),
        *_beyond(products),
        *_unused(found),
        *_pooled(found),
        *_cap(products),
        *_held_by_nobody(products),
        *_out_of_reach(found, products),
        *_too_large(products),
        *_not_compared(invoices),
    ]


def _unwhole(data: pd.DataFrame) -> Iterator[str]:
    for name in data.loc[~data["complete"].astype(bool), "name"]:
        yield f"The read of {name} was not complete: figures that rest on it are too small or too large."


def _old(data: pd.DataFrame) -> Iterator[str]:
    old = data[data["age_days"] >= 1]
    for name, known, days in zip(old["name"], old["known_at"], old["age_days"], strict=True):
        yield (
            f"{name} tells what was so on {known:%Y-%m-%d}, {_number(days, 'day')} before this report: use "
            "is judged at that day, and what was given, taken or used since is not in the figures."
        )


def _thin(found: Assessment) -> Iterator[str]:
    seats = found.counted[found.counted["basis"] == Basis.USE.value]
    for name, count in seats.groupby("target").size().items():
        yield (
            f"{name} has no access columns, so its {_number(int(count), 'seat')} are those that somebody "
            "used: guests and customers count as paid, and seats that were never used do not show. Counts "
            "and costs that rest on it are wrong; export again with product access."
        )


def _left_out(found: Assessment, terms: Terms) -> Iterator[str]:
    if len(found.left_out) and terms.evidence_within is not None:
        names = ", ".join(sorted(found.left_out["seen_by"].unique()))
        yield (
            f"{_number(len(found.left_out), 'paid seat')} of {names} are in no figure: what is known of "
            f"them is older than the {terms.evidence_within.days} days that report.evidence_within of the "
            "policy allows. Export again."
        )


def _paid_twice(twice: pd.DataFrame) -> Iterator[str]:
    if len(twice):
        people = twice[["display_name", "email"]].drop_duplicates()
        who = _number(len(people), "person holds", "people hold")
        yield (
            f"{who} a product on more than one site or in more than one organisation, which is paid for each "
            "time: the workbook's sheet Paid twice names them."
        )


def _without_price(products: pd.DataFrame) -> Iterator[str]:
    bare = products[products["contract"].isna() & (products["billed"] > 0)]
    for product, site, runs, seats in zip(
        bare["product"], bare["site"], bare["deployment"], bare["billed"], strict=True
    ):
        servers = runs == Deployment.DATA_CENTER.value
        line = f"a line `{product}-dc` (version 1) or a contract with `deployment: data_center`"
        remedy = f"; it runs on own servers, so {line} prices it" if servers else ""
        yield (
            f"The price book has no price for {seats} seats of {product} on {site}: all sums leave them "
            f"out{remedy}."
        )


def _beyond(products: pd.DataFrame) -> Iterator[str]:
    over = products[products["unpriced"].map(bool).astype(bool)]
    for contract, site, paid, seats in zip(
        over["contract"], over["site"], over["paid"], over["unpriced"], strict=True
    ):
        yield (
            f"The price book has no price for {seats} of {paid} seats of {contract} on {site}: its last "
            f"price ends at {paid - seats}. Ask for the price of {paid}; until then sums hold that of "
            f"{paid - seats}, so the cost is higher and what freeing saves is at least what is shown."
        )


def _unused(found: Assessment) -> Iterator[str]:
    for contract in found.unused:
        yield f"The price book's “{contract.name}” prices nobody: {_why_unused(contract, found)}"


def _why_unused(contract: Contract, found: Assessment) -> str:
    """What a contract did not find, and the nearest name that was read."""
    if contract.unit not in BY_SEATS:
        return f"nobody holds what it counts ({', '.join(sorted(contract.hosts)) or 'any product'})."
    products, sites = set(found.places["product"]), set(found.places["site"])
    if contract.product not in products:
        likely = nearest(contract.product, sorted(products))
        hint = f"; did you mean {likely}?" if likely else "."
        known = ", ".join(sorted(products)) or "none"
        return (
            f"no seat of {contract.product} was read; products read are {known}{hint} An app, or Guard, "
            "needs a price book of version 2, which says whose seats it counts."
        )
    strange = sorted(contract.sites - sites)
    if strange:
        likely = nearest(strange[0], sorted(sites))
        hint = f"; did you mean {likely}?" if likely else "."
        return f"no seat was read on {strange[0]}; sites read are {', '.join(sorted(sites))}{hint}"
    here = {one.value for one in Deployment if contract.deployment in {None, one}}
    seen = found.places[(found.places["product"] == contract.product) & found.places["deployment"].isin(here)]
    if seen.empty:
        where = "own servers" if contract.deployment is Deployment.DATA_CENTER else "the cloud"
        return f"no seat of {contract.product} was read in {where}."
    return "every seat it could price is priced by another contract, or it is not in force."


def _pooled(found: Assessment) -> Iterator[str]:
    for charge in found.charges:
        agreed = charge.contract
        if agreed.pooled and charge.site == ALL_SITES and agreed.unit not in ONCE:
            sites = sorted(found.billed["site"].iloc[charge.rows].unique())
            if len(sites) > 1:
                yield (
                    f"“{agreed.name}” states what the whole contract buys, is billed for or credited: the "
                    f"seats of {', '.join(sites)} are one pool with one bill. Where each site is billed by "
                    "itself, write one contract for each, with its `sites`."
                )


def _cap(products: pd.DataFrame) -> Iterator[str]:
    told = products[products["capacity"].notna() & products["paid"].notna()]
    for product, site, seats, paid, yearly in zip(
        told["product"], told["site"], told["capacity"], told["paid"], told["billing"], strict=True
    ):
        if yearly != Billing.MONTHLY.value and seats > paid:
            yield (
                f"{site} may have {seats:,} seats of {named(product)}, for which the price book has no "
                "price: that is taken for the site's limit and not for what was bought. Say under `bought` "
                "what was."
            )


def _held_by_nobody(products: pd.DataFrame) -> Iterator[str]:
    empty = products[products["counted"].eq(0) & products["paid"].gt(0)]
    for contract, site, paid in zip(empty["contract"], empty["site"], empty["paid"], strict=True):
        where = "" if site == ALL_SITES else f" on {site}"
        yield f"{contract}{where}: {paid:,} seats are paid for, and nobody who was read holds one."


def _out_of_reach(found: Assessment, products: pd.DataFrame) -> Iterator[str]:
    wasted = products.set_index(["product", "site"])["wasted"]
    for step in found.steps:
        first = step.charges[0]
        ready = int(wasted.get((first.product, first.site), 0)) if first.own else 0
        if step.missing is not None and ready:
            yield (
                f"{named(first.product)} on {first.site}: freeing the {_number(ready, 'wasted seat')} saves "
                f"nothing yet; the next lower tier is reached when {ready + step.missing} are freed."
            )


def _too_large(products: pd.DataFrame) -> Iterator[str]:
    large = products[products["oversized"].map(bool).astype(bool) & products["oversized"].notna()]
    for product, site, paid, held, money in zip(
        large["product"], large["site"], large["paid"], large["counted"], large["oversized"], strict=True
    ):
        yield (
            f"{named(product)} on {site}: {paid:,} seats are bought and {held:,} billed; the tier these need "
            f"costs {money:,.2f} less a year. That can be saved at the renewal without freeing a seat."
        )


def _not_compared(invoices: pd.DataFrame) -> Iterator[str]:
    bare = invoices[invoices["remark"].notna()]
    for contract, number, period, why in zip(
        bare["contract"], bare["number"], bare["period"], bare["remark"], strict=True
    ):
        yield (
            f"{contract}: the invoice {number or 'without number'} of {period:%Y-%m-%d} is compared with "
            f"nothing: {why}. Add the prices of that day under `prices` of the contract."
        )


def _number(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: `1 seat`, `2 seats`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
