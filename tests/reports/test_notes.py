"""What a reader must know before using a figure."""

from __future__ import annotations

from datetime import timedelta

from provisioning.licensing import price_book
from provisioning.licensing.assess import Terms
from reports import licences
from tests.provisioning.licensing.company import NOW, WAITS, Company, book

JIRA = (
    "{name: Jira, product: jira, KEYSterm: annual, "
    "prices: [{from: 2020-01-01, tiers: [{up_to: 25, price: 2050}]}]}"
)


def notes(company, *contracts, **more):
    """The notes of a company's report, as one text."""
    read = price_book.load(book(*contracts), origin="prices.yaml") if contracts else None
    terms = Terms(NOW, WAITS, deployments=company.runs, **more)
    found = licences.build([company.source()], company.targets(), company.links(), read, terms)
    return "\n".join(found.notes)


def contract(keys=""):
    """A yearly contract of up to 25 seats."""
    return JIRA.replace("KEYS", keys)


def test_a_line_that_prices_nobody_is_named_with_the_nearest_site():
    told = notes(Company().hold("jira", 2, site="acme-labs"), contract("sites: [acme-lab], "))

    assert (
        "“Jira” prices nobody: no seat was read on acme-lab; sites read are acme-labs; did you mean" in told
    )
    assert "no price for 2 seats of jira on acme-labs" in told


def test_seats_beyond_the_last_tier_are_asked_for():
    told = notes(Company().hold("jira", 26), contract())

    assert (
        "no price for 1 of 26 seats of Jira on acme: its last price ends at 25. Ask for the price of 26"
        in told
    )


def test_a_limit_that_is_no_purchase_and_seats_nobody_holds_are_told():
    limit = notes(Company().hold("jira", 2).tell("jira", 35000), contract())
    nobody = notes(Company().hold("wiki", 2), contract("bought: 20, "))

    assert "acme may have 35,000 seats of jira" in limit
    assert "Jira: 20 seats are paid for, and nobody who was read holds one." in nobody


def test_an_invoice_that_is_compared_with_nothing_is_told():
    """It is of a day before the first prices."""
    old = contract("invoices: [{period: 2019-03-01, net: 480, number: OLD}], ")

    assert (
        "Jira: the invoice OLD of 2019-03-01 is compared with nothing: no price list for this period. Add"
        in notes(Company().hold("jira", 2), old)
    )


def test_seats_of_several_sites_that_are_one_pool_are_told():
    """They have a price, and whoever meant one contract a site reads how to write that."""
    both = Company().hold("jira", 2).hold("jira", 1, site="labs")
    told = notes(both, contract("bought: 25, "))

    assert "“Jira” states what the whole contract buys" in told
    assert "the seats of acme, labs are one pool with one bill" in told
    assert "no price" not in told
    assert "one pool" not in notes(both, contract())
    assert "one pool" not in notes(Company().hold("jira", 2), contract("bought: 25, "))


def test_the_age_of_evidence_is_told_and_past_the_tolerance_it_is_in_no_figure():
    company = Company().hold("jira", 3, target="export").as_of("export", NOW - timedelta(days=90))

    assert "export tells what was so on 2026-08-31, 90 days before this report" in notes(company)
    told = notes(company, evidence_within=timedelta(days=30))
    assert "3 paid seats of export are in no figure" in told


def test_servers_without_a_price_are_told_how_to_price_them():
    told = notes(Company().on_servers("old").hold("jira", 2, target="old"), contract())

    assert "`deployment: data_center` prices it" in told


def test_people_who_are_paid_for_twice_are_counted():
    told = notes(Company().hold("jira", 2, site="one").hold("jira", 1, site="two"))

    assert "1 person holds a product on more than one site" in told
