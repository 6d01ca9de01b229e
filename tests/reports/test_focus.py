"""The charges as a FOCUS 1.2 dataset, held to the rules of the specification by a validator of JSON Schema.

No package with the rules of 1.2 exists for this Python, so they are restated here, column by column.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from decimal import Decimal

import jsonschema_rs
import pytest
from pyarrow import parquet

from provisioning.licensing import price_book
from provisioning.licensing.lanes import Waits
from reports import files, focus, licences
from tests.provisioning.licensing.company import Company, book
from tests.reports.company import NOW, company

TEXT = {"type": "string", "pattern": r"\S"}
MAYBE = {"type": ["string", "null"], "pattern": r"\S"}
NUMBER = {"type": "string", "pattern": r"^-?\d+(\.\d+)?(E-?\d+)?$"}
MAYBE_NUMBER = {**NUMBER, "type": ["string", "null"]}
POSITIVE = {"type": ["string", "null"], "pattern": r"^\d+(\.\d+)?(E-?\d+)?$"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"}
MANDATORY = {
    "BilledCost": NUMBER, "BillingAccountId": TEXT, "BillingAccountName": MAYBE,
    "BillingCurrency": {"type": "string", "pattern": "^[A-Z]{3}$"}, "BillingPeriodEnd": TIME,
    "BillingPeriodStart": TIME,
    "ChargeCategory": {"enum": ["Usage", "Purchase", "Tax", "Credit", "Adjustment"]},
    "ChargeClass": {"enum": ["Correction", None]}, "ChargeDescription": MAYBE, "ChargePeriodEnd": TIME,
    "ChargePeriodStart": TIME, "ContractedCost": NUMBER, "EffectiveCost": NUMBER, "InvoiceIssuerName": TEXT,
    "ListCost": NUMBER, "PricingQuantity": MAYBE_NUMBER, "PricingUnit": MAYBE, "ProviderName": TEXT,
    "PublisherName": TEXT, "ServiceName": TEXT,
    "ServiceCategory": {"enum": ["Business Applications", "Developer Tools", "Identity"]},
}  # fmt: skip
OTHERS = {
    "BillingAccountType": TEXT, "ChargeFrequency": {"enum": ["One-Time", "Recurring", "Usage-Based"]},
    "ContractedUnitPrice": POSITIVE, "InvoiceId": MAYBE, "ListUnitPrice": POSITIVE,
    "PricingCategory": {"enum": ["Standard", "Dynamic", "Committed", "Other", None]},
    "ServiceSubcategory": TEXT, "SkuId": MAYBE, "SkuMeter": MAYBE, "SkuPriceId": MAYBE, "SubAccountId": MAYBE,
    "SubAccountName": MAYBE, "SubAccountType": MAYBE,
}  # fmt: skip
OF_PURCHASES = [
    "ContractedUnitPrice", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit", "SkuId",
    "SkuPriceId",
]  # fmt: skip
PURCHASE = {"properties": {"ChargeCategory": {"enum": ["Purchase", "Usage"]}}}
SCHEMA = {
    "type": "object",
    "required": [*MANDATORY, *OTHERS],
    "properties": MANDATORY | OTHERS,
    # Columns of others than FOCUS begin so.
    "patternProperties": {"^x_[A-Z]": True},
    "additionalProperties": False,
    "if": PURCHASE,
    "then": {
        "properties": {name: {"type": "string"} for name in OF_PURCHASES}
        | {"ChargeFrequency": {"enum": ["Recurring", "One-Time"]}}
    },
    "else": {"properties": {name: {"type": "null"} for name in OF_PURCHASES}},
    "dependentSchemas": {
        "SubAccountId": {
            "if": {"properties": {"SubAccountId": {"type": "null"}}},
            "then": {"properties": {"SubAccountType": {"type": "null"}}},
            "else": {"properties": {"SubAccountType": {"type": "string"}}},
        }
    },
}

BOOK = """
version: 2
currency: USD
exchange: {day: 2026-09-01, rates: {EUR: 1.10}}
contracts:
  - name: Jira
    product: jira-software
    term: monthly
    renews_on: 2026-01-12
    discount: 10%
    credit: 50
    tax: 20%
    prices: [{from: 2026-01-01, bands: [{up_to: 100, each: 8.00}, {each: 7.00}]}]
    invoices: [{period: 2026-09-12, seats: 270, net: 1800, tax: 360, number: IN-9}]
  - {name: Confluence, product: confluence, term: annual, renews_on: 2026-03-01, currency: EUR, bought: 300,
     prices: [{from: 2026-01-01, tiers: [{up_to: 100, price: 900}, {up_to: 300, price: 2050}]}]}
  - {name: Timesheets, product: app-timesheets, per: host, hosts: [jira-software], term: monthly,
     publisher: Tempo, prices: [{from: 2026-01-01, bands: [{each: 1}]}]}
"""


def written(text, folder):
    """The file of a price book as any program reads it; an empty cell is null."""
    source, target, links = company(300)
    book = price_book.load(text, origin="prices.yaml")
    terms = licences.Terms(NOW, Waits(NOW - NOW.replace(month=7)))
    report = licences.build([source], [target], links, book, terms)
    path = files.write_csv(focus.list_charges(report), folder / "focus.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return [{name: cell or None for name, cell in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The file of the book above."""
    return written(BOOK, tmp_path_factory.mktemp("focus"))


def test_every_row_keeps_the_rules(rows):
    """Columns, types, formats, allowed values, and what must be null when."""
    valid = jsonschema_rs.validator_for(SCHEMA)

    assert [list(map(str, valid.iter_errors(row))) for row in rows] == [[]] * len(rows)
    assert list(rows[0])[-1].startswith("x_")
    for row in rows:
        assert row["BillingPeriodStart"] < row["BillingPeriodEnd"]
        for cost, price in [("ListCost", "ListUnitPrice"), ("ContractedCost", "ContractedUnitPrice")]:
            if row["PricingQuantity"]:
                product = Decimal(row[price]) * Decimal(row["PricingQuantity"])
                assert abs(product - Decimal(row[cost])) < Decimal("1e-18")


def test_what_a_contract_costs_by_hand(rows):
    """270 seats: 100 x 8 + 170 x 7 = 1,990; less 10 % 1,791; credit 50; 20 % tax on 1,741 is 348.20."""
    jira = [row for row in rows if row["BillingAccountId"] == "Jira"]
    told = [
        (row["ChargeCategory"], row["ListCost"], row["ContractedCost"], row["BilledCost"]) for row in jira
    ]

    assert [row["PricingQuantity"] for row in jira] == ["270", None, None, None]
    assert told == [
        ("Purchase", "1990.00", "1791.00", "1791.00"),
        ("Credit", "-50.00", "-50.00", "-50.00"),
        ("Tax", "398.00", "358.20", "348.20"),
        ("Adjustment", "70.80", "70.80", "70.80"),
    ]
    assert {(row["ChargePeriodStart"], row["ChargePeriodEnd"]) for row in jira} == {
        ("2026-09-12T00:00:00Z", "2026-10-12T00:00:00Z")
    }


def test_the_rows_of_an_invoice_sum_to_what_it_asks_for(rows):
    """By its number, tax included."""
    sums = defaultdict(Decimal)
    for row in rows:
        sums[row["InvoiceId"]] += Decimal(row["BilledCost"])

    assert sums["IN-9"] == Decimal("2160.00")


def test_each_invoice_of_the_period_is_there_with_what_it_asks_for(tmp_path):
    """1,200 and 240 tax on one, 600 on the other; what the contract charges stands once, with the first."""
    one = "{period: 2026-09-12, seats: 270, net: 1800, tax: 360, number: IN-9}"
    several = (
        "{period: 2026-09-12, net: 1200, tax: 240, number: A}, {period: 2026-09-12, net: 600, number: B}"
    )
    assert one in BOOK
    rows = written(BOOK.replace(one, several), tmp_path)
    jira = [row for row in rows if row["BillingAccountId"] == "Jira"]
    sums = defaultdict(Decimal)
    for row in jira:
        sums[row["InvoiceId"]] += Decimal(row["BilledCost"])

    assert sums == {"A": Decimal(1440), "B": Decimal(600)}
    assert [row["ChargeCategory"] for row in jira].count("Purchase") == 1
    valid = jsonschema_rs.validator_for(SCHEMA)
    assert [error for row in jira for error in valid.iter_errors(row)] == []


def test_a_contract_whose_sites_are_one_pool_is_one_purchase_of_no_site():
    """Two seats and one, 25 bought, one credit."""
    pool = (
        "{name: Jira, product: jira, term: monthly, bought: 25, credit: 50, "
        "prices: [{from: 2020-01-01, bands: [{each: 8}]}]}"
    )
    both = Company().hold("jira", 2).hold("jira", 1, site="labs")
    read = price_book.load(book(pool), origin="prices.yaml")
    terms = licences.Terms(NOW, Waits(NOW - NOW.replace(month=7)), deployments=both.runs)
    report = licences.build([both.source()], both.targets(), both.links(), read, terms)
    charges = focus.list_charges(report)

    assert list(charges["BilledCost"]) == [Decimal(200), Decimal(-50)]
    assert charges["SubAccountId"].isna().all()
    assert report.headline.cost == Decimal(150)


def test_other_currencies_years_and_publishers(rows):
    """Each contract in its own currency; a year is one charge period; an app has its maker."""
    (year,) = [row for row in rows if row["BillingAccountId"] == "Confluence"]
    (app,) = [row for row in rows if row["BillingAccountId"] == "Timesheets"]

    assert (year["BillingCurrency"], year["BilledCost"], year["PricingQuantity"]) == ("EUR", "2050.00", "300")
    assert (year["ChargePeriodStart"], year["ChargePeriodEnd"]) == (
        "2026-03-01T00:00:00Z", "2027-03-01T00:00:00Z"
    )  # fmt: skip
    assert (app["PublisherName"], app["BilledCost"]) == ("Tempo", "270.00")


def test_parquet_keeps_types_and_cents(report, unpriced, tmp_path):
    """Another library reads the same seats, times and money; money is of one type with prices and without."""
    seats = parquet.read_table(files.write_parquet(report.seats, tmp_path / "seats.parquet"))
    bare = parquet.read_schema(files.write_parquet(unpriced.waste, tmp_path / "waste.parquet"))

    assert sum(filter(None, seats["cost"].to_pylist())) == sum(report.seats["cost"].dropna())
    assert str(seats.schema.field("last_active").type) == "timestamp[us, tz=UTC]"
    assert str(bare.field("monthly").type) == "decimal128(18, 2)"
