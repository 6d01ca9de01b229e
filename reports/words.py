"""The words of the licence report: titles, definitions of the figures, and what a reader must know."""

from __future__ import annotations

from typing import NamedTuple

from provisioning.licensing.lanes import Waits
from provisioning.policy.values import duration_text

TITLES = {
    "target": "Target",
    "product": "Product",
    "site": "Site",
    "billing": "Billing",
    "capacity": "Seats there are",
    "assigned": "Assigned",
    "billed": "Billed",
    "used": "In use",
    "unsure": "Unsure",
    "wasted": "Wasted",
    "wasted_share": "Wasted %",
    "known_share": "Activity known",
    "cost": "Cost a month",
    "monthly": "Saving a month",
    "at_renewal": "Saving at renewal",
    "saves_from": "Saves from",
    "contract": "Contract",
    "unit": "Counts",
    "counted": "Counted",
    "paid": "Paid for",
    "unpriced": "Without price",
    "effective": "Renews on",
    "act_by": "Free until",
    "yearly": "Bill of the year",
    "deployment": "Runs in",
    "lane": "Lane",
    "code": "Code",
    "evidence": "Evidence",
    "path": "Billed through",
    "to_free": "To free it",
    "seen_by": "Seen by",
    "review": "To review",
    "protected": "Protected",
    "known_at": "Tells what was so on",
    "age_days": "Days old",
    "ready": "Ready",
    "number": "Invoice",
    "period": "Period from",
    "invoiced": "Invoiced",
    "expected": "Expected",
    "unknown": "Differs, nobody knows why",
    "remark": "Not compared",
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

UNITS = {
    "user": "Seats", "agent": "Agents", "unique_user": "People, once", "managed_account": "People, once",
    "host": "Largest host product",
}  # fmt: skip

PRODUCTS = {
    "jira-software": "Jira", "jira-servicedesk": "Jira Service Management", "confluence": "Confluence",
    "jira-product-discovery": "Jira Product Discovery", "jira-core": "Jira Work Management",
    "bitbucket": "Bitbucket", "trello": "Trello", "loom": "Loom", "compass": "Compass", "crowd": "Crowd",
    "guard": "Atlassian Guard",
}  # fmt: skip

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
    "Seats there are": "Seats the target says there may be: what was bought, or the limit of the site.",
    "Assigned": "Accounts that have the product on the site, paid for or not, each counted once.",
    "Billed": (
        "Assigned seats of people whose account is active or invited: each is paid for, used or not. A "
        "person's account on one site or server counts once for a product, however many connections show it."
    ),
    "Counted": "What the contract counts: seats, agents, unique people, or the largest host of an app.",
    "Paid for": (
        "What the running period is paid for: the most of what is counted, bought, billed in this period "
        "and the contract's minimum."
    ),
    "In use": "Billed seats last used less than {idle_days} days ago that are in no lane.",
    "Wasted": (
        "Billed seats that are ready to be freed: the holder departed, or the seat is idle by what its "
        "target tells, and nothing speaks against it. One used in the last {in_use} is never among them. A "
        "seat counts once, under the first reason that holds. Only these are savings."
    ),
    "To review": (
        "Billed seats a person must look at: contractors, accounts of nobody known that are in use, likely "
        "second accounts, people on leave, products given on an unknown day. They are in no saving."
    ),
    "Protected": "Billed seats the policy protects, or of administrators and service accounts. In no saving.",
    "Unsure": "Billed seats that are none of these: their use is unknown, or they are too new to judge.",
    "Leaver": "The holder has left the company according to the identity provider.",
    "Suspended": "The holder is suspended in the identity provider.",
    "Duplicate": "A second account that looks like the same person's.",
    "Orphan": "The account belongs to no identity of any source.",
    "Never used": "No activity at all, and the account was added {never_days} days ago or longer.",
    "Idle": (
        "Last used {idle_days} days before the day its target tells of, or longer. Unknown use is never "
        "called idle."
    ),
    "Activity known": "Share of the billed seats whose access and use, or lack of it, the target tells.",
    "Cost a month": (
        "What the contracts bill for what is paid for, discounts and credits taken off, without tax, each "
        "by the prices its running period began with; a yearly contract counts a twelfth. Those who hold a "
        "product's seats share it equally."
    ),
    "Unused costs": (
        "The share of today's bill that falls on the seats that are ready to be freed or to be looked at. It "
        "is no saving: what freeing them saves, and from when, depends on the contract."
    ),
    "Saving a month": (
        "What the monthly bills fall by from their next cycle on; the running cycle stays paid, for the "
        "highest number of seats in it is billed. A seat shows what it saves by itself, after those above "
        "it are freed, by the prices of the day it takes effect."
    ),
    "Saving this cycle": (
        "Nothing, always: the highest number of seats held in a cycle is billed, so a seat freed today is "
        "paid for until the cycle ends."
    ),
    "Saving at renewal": (
        "How much smaller the next yearly bill is. Yearly tiers save only when a lower tier is reached, so "
        "the seat that reaches it shows the whole of it. Savings of different days are never added."
    ),
    "Tier too large by": (
        "What the next yearly bill falls by when no more is bought than is held, without freeing a seat; "
        "it is no part of the savings."
    ),
    "To next lower tier": "Seats to free until a yearly contract reaches the next lower tier.",
    "Saves from": "First day of the next period of the contract: what is freed before it is not in its bill.",
    "Renews on": "First day of the next period of a yearly contract.",
    "Free until": "Last day on which freeing a seat still makes the renewal cheaper.",
    "Bill of the year": "What the running year costs without tax, discounts and credits taken off.",
    "Seats": "Billed seats, each counted once.",
    "Wasted %": "Wasted seats as a share of the billed ones.",
    "Days unused": "Days from the last use, or from the day of adding, to the day its target tells of.",
    "Period from": "First day of the period that the invoice is for.",
    "Invoiced": "What the invoice asks for, tax included where it tells it.",
    "Expected": "What the price book and the seats come to, tax included where the invoice tells it.",
    "Differs by seats": "What the difference between the seats of the invoice and those expected costs.",
    "Differs by price": "What the invoice charges for its seats beyond the price book.",
    "Differs by tax": "What the tax of the invoice differs from that of the price book.",
    "Differs, nobody knows why": "What is left of the difference, as where the invoice tells no seats.",
    "Not compared": "Why nothing is expected: the price book has no prices of the period.",
    "Rows": "People or accounts that were read.",
    "Read at": "When the connection was last asked.",
    "Every row as of": "When every row was last read, where the connection tells only what changed since.",
    "Tells what was so on": "The day whose facts it tells; an export tells those of the day it was made.",
    "Days old": "Days between that day and this report.",
    "Without price": "Seats beyond the last one the price book has a price for.",
}


class Definition(NamedTuple):
    """What one figure of the report means."""

    figure: str
    meaning: str


def titled(name: str) -> str:
    """The title of a column or the word for a value."""
    return TITLES.get(name, name.replace("_", " ").capitalize())


def named(product: str) -> str:
    """The name of a product; the key of one that has none here."""
    return PRODUCTS.get(product, product)


def defined(waits: Waits) -> list[Definition]:
    """The definition of every figure, with the waits of this report."""
    days = {"idle_days": waits.idle.days, "never_days": waits.never_used_after.days}
    return [
        Definition(figure, meaning.format(**days, in_use=duration_text(waits.in_use)))
        for figure, meaning in MEANINGS.items()
    ]
