"""The charges of the running periods as a FOCUS 1.2 dataset, which tools for cloud and software costs read.

One row a charge: what a contract costs for its running period in one place, its credit, its tax, and what the
invoice of that period says beyond them. A yearly contract is one purchase whose charge period is the year.
FOCUS does not say how a price in bands is put by the unit: a unit price here is the average over all units.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pandas as pd

from provisioning.licensing.charges import ALL_SITES, Charge
from provisioning.licensing.contract import NOTHING, Contract, Invoice, Period
from provisioning.model.terms import Unit
from reports.licences import Report
from reports.words import named

COLUMNS = [
    "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency",
    "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
    "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "ContractedUnitPrice",
    "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory",
    "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName",
    "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId", "SubAccountId", "SubAccountName",
    "SubAccountType", "x_SeatsHeld",
]  # fmt: skip
NUMBERS = [
    "BilledCost", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "ListCost", "ListUnitPrice",
    "PricingQuantity", "x_SeatsHeld",
]  # fmt: skip
PROVIDER = "Atlassian"
WORK = ("Business Applications", "Productivity and Collaboration")
SERVICES = {
    "bitbucket": ("Developer Tools", "Source Code Management"),
    "compass": ("Developer Tools", "Developer Platforms"),
    "crowd": ("Identity", "Identity and Access Management"),
    "guard": ("Identity", "Identity and Access Management"),
}
"""The FOCUS category and subcategory of products that are not for working together."""
PRICED_BY = {Unit.USER: "Seats", Unit.AGENT: "Agents", Unit.HOST: "Seats"}
"""What a unit is called; people are counted where it is none of these."""


def list_charges(report: Report) -> pd.DataFrame:
    """The charges of the report's day, in the currency of each contract.

    Returns:
        The columns `COLUMNS`; money and quantities are Decimal, times end with Z; empty without prices.
    """
    rows: list[dict[str, Any]] = []
    for contract, charges in _by_contract(report.assessment.charges):
        period = contract.period(report.at.date())
        whole = _of_contract(contract, period)
        own = [row for charge in charges for row in _rows(charge)]
        invoices = [one for one in contract.invoices if contract.period(one.period) == period] if own else []
        first = invoices[0] if invoices else None
        if first is not None:
            whole["InvoiceId"] = first.number
            own += _difference(charges[0], own, first)
        rows += [{**whole, **row} for row in own]
        rows += [{**whole, **_further(contract, invoice)} for invoice in invoices[1:]]
    table = pd.DataFrame(rows, columns=COLUMNS, dtype=object)
    return table.astype({name: "str" for name in COLUMNS if name not in NUMBERS})


def _by_contract(charges: list[Charge]) -> Iterator[tuple[Contract, list[Charge]]]:
    """What each contract charges for."""
    for name in dict.fromkeys(charge.contract.name for charge in charges):
        own = [charge for charge in charges if charge.contract.name == name]
        yield own[0].contract, own


def _of_contract(contract: Contract, period: Period) -> dict[str, Any]:
    """What all rows of a contract say alike."""
    begins, ends = (_instant(day) for day in period)
    category, subcategory = SERVICES.get(contract.product, WORK)
    return {
        "BillingAccountId": contract.name,
        "BillingAccountName": contract.name,
        "BillingAccountType": "Contract",
        "BillingCurrency": contract.currency,
        "BillingPeriodStart": begins,
        "BillingPeriodEnd": ends,
        "ChargePeriodStart": begins,
        "ChargePeriodEnd": ends,
        "InvoiceIssuerName": PROVIDER,
        "ProviderName": PROVIDER,
        "PublisherName": contract.publisher,
        "ServiceCategory": category,
        "ServiceName": named(contract.product),
        "ServiceSubcategory": subcategory,
    }


def _rows(charge: Charge) -> Iterator[dict[str, Any]]:
    """The purchase of one place, its credit and its tax; nothing where nothing is paid for."""
    contract, place = charge.contract, _place(charge)
    if not charge.paid:
        return
    bill = contract.statement(charge.paid)
    agreed = bill.listed - bill.discount
    yield {**place, **_purchase(charge, bill.listed, agreed)}
    if bill.credit:
        yield {**place, **_beside("Credit", f"Credit of {contract.name}", -bill.credit)}
    if tax := contract.tax(agreed - bill.credit):
        costs = {"ListCost": contract.tax(bill.listed), "ContractedCost": contract.tax(agreed)}
        yield {**place, **_beside("Tax", f"Tax on {contract.name}", tax), **costs}


def _purchase(charge: Charge, listed: Decimal, agreed: Decimal) -> dict[str, Any]:
    contract, unit = charge.contract, PRICED_BY.get(charge.contract.unit, "People")
    what = " ".join(filter(None, [named(contract.product), contract.edition]))
    return {
        "ChargeCategory": "Purchase",
        "ChargeDescription": f"{what}: {charge.paid} {unit.lower()} ({contract.name})",
        "ChargeFrequency": "Recurring",
        "BilledCost": agreed,
        "EffectiveCost": agreed,
        "ContractedCost": agreed,
        "ContractedUnitPrice": agreed / charge.paid,
        "ListCost": listed,
        "ListUnitPrice": listed / charge.paid,
        "PricingCategory": "Standard",
        "PricingQuantity": charge.paid,
        "PricingUnit": unit,
        "SkuId": contract.product,
        "SkuMeter": unit,
        "SkuPriceId": f"{contract.product}/{contract.name}/{contract.valid_from:%Y-%m-%d}",
        "x_SeatsHeld": charge.held,
    }


def _beside(category: str, words: str, cost: Decimal) -> dict[str, Any]:
    """A charge without quantity: all its costs are what is billed."""
    costs = dict.fromkeys(["BilledCost", "EffectiveCost", "ContractedCost", "ListCost"], cost)
    return {"ChargeCategory": category, "ChargeDescription": words, "ChargeFrequency": "Recurring", **costs}


def _difference(charge: Charge, rows: list[dict[str, Any]], invoice: Invoice) -> list[dict[str, Any]]:
    """What the invoice says beyond the rows, so that those of its number sum to what it asks for."""
    tax = sum((row["BilledCost"] for row in rows if row["ChargeCategory"] == "Tax"), NOTHING)
    net = sum((row["BilledCost"] for row in rows), NOTHING) - tax
    rest = invoice.net - net + (NOTHING if invoice.tax is None else invoice.tax - tax)
    words = f"The invoice of {charge.contract.name} differs from the price book and the seats"
    return [{**_beside("Adjustment", words, rest), "ChargeFrequency": "One-Time"}] if rest else []


def _further(contract: Contract, invoice: Invoice) -> dict[str, Any]:
    """A further invoice of the period: the rows of the first tell what the contract charges."""
    words = f"A further invoice of {contract.name} for the period"
    asked = {
        **_beside("Adjustment", words, invoice.net + (invoice.tax or NOTHING)),
        "InvoiceId": invoice.number,
    }
    return {**asked, "ChargeFrequency": "One-Time"}


def _place(charge: Charge) -> dict[str, Any]:
    if charge.site == ALL_SITES:
        return {}
    return {"SubAccountId": charge.site, "SubAccountName": charge.site, "SubAccountType": "Site"}


def _instant(day: date) -> str:
    return f"{datetime.combine(day, time(), UTC):%Y-%m-%dT%H:%M:%SZ}"
