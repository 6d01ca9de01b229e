"""The words of the licence report: titles, definitions of the figures, and what a reader must know."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

TITLES = {
    "target": "Target",
    "product": "Product",
    "site": "Site",
    "billing": "Billing",
    "capacity": "Bought",
    "assigned": "Assigned",
    "billed": "Billed",
    "used": "In use",
    "unsure": "Unsure",
    "wasted": "Wasted",
    "wasted_share": "Wasted %",
    "known_share": "Activity known",
    "cost": "Cost a month",
    "monthly": "Saving a month",
    "next_cycle": "From next cycle",
    "next_renewal": "At next renewal",
    "saves_from": "Saves from",
    "to_lower_tier": "To next lower tier",
    "seats": "Seats",
    "value": "Group",
    "reason": "Reason",
    "detail": "Why",
    "idle_days": "Days unused",
    "last_active": "Last active",
    "added_on": "Added on",
    "granted_by": "Granted by",
    "display_name": "Name",
    "email": "E-mail",
    "department": "Department",
    "cost_center": "Cost centre",
    "organization": "Organisation",
    "user_type": "Type",
    "title": "Job title",
    "manager": "Manager",
    "currency": "Currency",
    "account_id": "Account",
    "name": "Connection",
    "kind": "Kind",
    "taken_at": "Read at",
    "whole_at": "Every row as of",
    "rows": "Rows",
    "complete": "Complete",
    "leaver": "Leaver",
    "suspended": "Suspended",
    "duplicate": "Duplicate",
    "orphan": "Orphan",
    "never_used": "Never used",
    "idle": "Idle",
    "oversized": "Tier too large by",
}

BILLINGS = {"monthly": "Monthly", "annual": "Yearly", "data_center": "Yearly, Data Center"}

PLURALS = {
    "department": "Departments",
    "cost_center": "Cost centres",
    "organization": "Organisations",
    "user_type": "Types",
    "title": "Job titles",
    "manager": "Managers",
}


UNPRICED = (
    "No price book was given, so this report counts seats and shows no money. "
    "Name your price book under “prices” in the policy."
)

MEANINGS = {
    "Bought": "Seats the contract holds, where the target tells it.",
    "Assigned": "Accounts that have the product on the site, paid for or not.",
    "Billed": "Assigned seats of people whose account is active or invited: each is paid for, used or not.",
    "In use": "Billed seats last used less than {idle_days} days ago that have no reason to be waste.",
    "Wasted": "Billed seats with one of the reasons below. A seat counts once, under the first that holds.",
    "Unsure": "Billed seats that are neither: their activity is unknown, or they are too new to judge.",
    "Leaver": "The holder has left the company according to the identity provider.",
    "Suspended": "The holder is suspended in the identity provider.",
    "Duplicate": "A second account that looks like the same person's.",
    "Orphan": "The account belongs to no identity of any source.",
    "Never used": "No activity at all, and the account was added {never_days} days ago or longer.",
    "Idle": "Last used {idle_days} days ago or longer. Unknown activity is never called idle.",
    "Activity known": "Share of the billed seats whose use, or lack of it, the target tells.",
    "Cost a month": (
        "Price of the billed seats by your price book; a yearly plan counts a twelfth of the tier that was "
        "bought. People share the cost of a product equally."
    ),
    "Saving a month": (
        "Cost of the billed seats less their cost without the wasted ones, by bands and tiers. "
        "The wasted seats of a product share it equally, to the cent. Where it leads to a lower tier it can "
        "exceed the cost of the seats freed."
    ),
    "From next cycle": (
        "Part of the saving that monthly plans bring, a month, from their next billing cycle on; the running "
        "cycle stays paid."
    ),
    "At next renewal": (
        "How much smaller the next yearly bill is. Yearly tiers save only when a lower tier is reached."
    ),
    "Tier too large by": (
        "What the yearly tier that was bought costs a year more than the one the billed seats need; it can "
        "be saved at the renewal without freeing a seat, and is not part of the saving."
    ),
    "To next lower tier": "Billed seats to free until a yearly plan reaches the next lower tier.",
}


class Definition(NamedTuple):
    """What one figure of the report means."""

    figure: str
    meaning: str


def titled(name: str) -> str:
    """The title of a column or the word for a value."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


def defined(idle_days: int, never_days: int) -> list[Definition]:
    """The definition of every figure, with the waits of this report."""
    return [
        Definition(figure, meaning.format(idle_days=idle_days, never_days=never_days))
        for figure, meaning in MEANINGS.items()
    ]


def notes(products: pd.DataFrame, data: pd.DataFrame, *, priced: bool) -> list[str]:
    """What a reader must know before using a figure."""
    found = [
        f"The read of {name} was not complete: figures that rest on it are too small or too large."
        for name in data.loc[~data["complete"].astype(bool), "name"]
    ]
    if not priced:
        return [*found, UNPRICED]
    bare = products[products["cost"].isna() & (products["billed"] > 0)]
    found += [
        f"The price book has no price for {seats} seats of {product} on {site}: all sums leave them out."
        for product, site, seats in zip(bare["product"], bare["site"], bare["billed"], strict=True)
    ]
    stuck = products[
        (products["wasted"] > 0) & products["to_lower_tier"].notna() & (products["next_renewal"] == 0)
    ]
    found += [
        f"{product} on {site}: freeing the {wasted} wasted seats saves nothing yet; "
        f"the next lower tier is reached when {tier} are freed."
        for product, site, wasted, tier in zip(
            stuck["product"], stuck["site"], stuck["wasted"], stuck["to_lower_tier"], strict=True
        )
    ]
    large = products[products["oversized"].notna() & (products["oversized"] != 0)]
    return found + [
        f"{product} on {site}: {bought} seats are bought and {billed} billed; the tier these need "
        f"costs {money:,.2f} less a year. That can be saved at the renewal without freeing a seat."
        for product, site, bought, billed, money in zip(
            large["product"],
            large["site"],
            large["capacity"],
            large["billed"],
            large["oversized"],
            strict=True,
        )
    ]
