"""Seats counted once however many connections show them."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from provisioning.licensing import counting
from provisioning.licensing.assess import list_seats
from provisioning.model import frames
from provisioning.model.terms import Deployment
from tests.provisioning.licensing.company import NOW, Company


def test_seats_are_counted_beside_what_there_are():
    """A product nobody has shows its capacity; unlimited capacity is unknown, not nothing."""
    company = (
        Company()
        .hold("jira", 1)
        .hold("jira", 1, "q", activity="unknown")
        .hold("jira", 1, "r", billable=False)
    )
    places = company.tell("desk", 50).tell("jira", None).assess().places.set_index("product")

    assert list(places.loc["desk", ["capacity", "assigned", "billed", "known"]]) == [50, 0, 0, 0]
    assert list(places.loc["jira", ["assigned", "billed", "known"]]) == [3, 2, 1]
    assert pd.isna(places.loc["jira", "capacity"])


def test_without_seats_there_is_nothing_to_count():
    """An empty directory is no special case."""
    found = Company().assess()

    assert found.places.empty
    assert found.waste.empty


def test_one_seat_that_an_organisation_and_a_site_show_is_one():
    """Three seats in both, one only in the organisation: four."""
    company = (
        Company().hold("jira", 4, target="organisation").hold("jira", 3, target="site", activity="unknown")
    )
    found = company.assess()

    assert 4 == len(found.billed) == found.places["billed"].sum()
    assert {"organisation, site", "organisation"} == set(found.billed["seen_by"])


def test_the_best_evidence_of_each_fact_counts():
    """The organisation tells who has access, the site a later use."""
    company = Company().hold("jira", 1, target="organisation", last=90).hold("jira", 1, target="site", last=2)
    seat = company.assess().billed.iloc[0]

    assert (seat["target"], seat["told_by"]) == ("organisation", "site")
    assert NOW - timedelta(days=2) == seat["last_active"]


def test_a_use_is_judged_by_the_age_of_the_connection_that_tells_it():
    """An old export that tells the only use makes nobody idle: 40 days before it was made."""
    company = Company().hold("jira", 1, target="export", last=130)
    company.hold("jira", 1, target="site", activity="unknown").as_of("export", NOW - timedelta(days=90))

    assert company.assess().waste.empty


def test_an_account_known_by_its_address_alone_is_the_same_account():
    """A file without identifiers names people by address; the organisation by identifier."""
    company = Company().hold("jira", 2, target="organisation")
    for n in range(2):
        address = f"p{n}@acme.test"
        company.hold("jira", 1, address, target="export")
        company.accounts["export", address + "0"]["email"] = address.upper()

    assert len(company.assess().billed) == 2


def test_two_accounts_of_one_address_in_one_file_are_two():
    """Nothing says which of them is meant."""
    company = Company().hold("jira", 2, target="export").hold("jira", 1, target="organisation")
    company.accounts["export", "p1"]["email"] = "p0@acme.test"

    assert len(company.assess().billed) == 2


@pytest.mark.parametrize(
    ("sites", "expected"), [(("jira.one", "jira.two"), 2), (("jira.one", "jira.one"), 1)]
)
def test_accounts_of_two_servers_are_never_one(sites, expected):
    """`ada` of one server is another account than `ada` of another, and the same seen twice on one."""
    company = Company().on_servers("one").on_servers("two")
    for target, site in zip(("one", "two"), sites, strict=True):
        company.hold("jira", 1, target=target, site=site)

    assert expected == len(company.assess().billed)


def test_cloud_and_servers_of_one_site_name_are_two_places():
    """Moving to the cloud, both are paid for."""
    company = Company().on_servers("old").hold("jira", 1, target="old").hold("jira", 1)

    assert len(company.assess().places) == 2


def test_a_directory_bills_nothing_itself():
    """Crowd lists the people of the servers behind it."""
    company = Company().on_servers("jira").hold("jira-software", 2, target="jira")
    company.runs["crowd"] = Deployment.DIRECTORY
    company.hold("crowd", 2, target="crowd")

    assert list(company.assess().places["product"]) == ["jira-software"]


@pytest.mark.parametrize(("read", "expected"), [(False, 2), (True, 3)])
def test_what_a_directorys_groups_open_counts_unless_the_server_itself_is_read(read, expected):
    """Two people of a group of Crowd that opens Jira: they hold a seat of a server that nobody reads."""
    company = Company().hold("jira-software", 2, target="crowd", granted_by="jira-users")
    company.runs["crowd"] = Deployment.DIRECTORY
    if read:
        company.on_servers("jira").hold("jira-software", 3, target="jira")

    assert company.assess().places["billed"].tolist() == [expected]


def test_a_person_with_one_product_on_two_sites_is_named():
    """It is paid for twice; whoever has it once is not named."""
    company = Company().hold("jira", 2, site="one").hold("jira", 1, site="two").hold("wiki", 2, site="one")
    again = counting.held_again(company.assess().billed)

    assert again[["product", "display_name", "site", "seats"]].to_numpy().tolist() == [
        ["jira", "p0", "one, two", 2]
    ]


def test_a_seat_that_only_a_last_use_tells_is_not_known():
    """Without access columns guests look like users, so the coverage falls."""
    company = Company().hold("jira", 3)
    targets = company.targets()
    seats = list_seats(targets, targets[0].accounts).assign(basis="use")
    views = {"cloud": counting.View(Deployment.CLOUD, NOW)}
    counted = counting.count_once(seats, counting.name_people(targets[0].accounts, seats, views), views)
    places = counting.count_places(counted, frames.empty(frames.Capacity), views)

    assert list(places.loc[0, ["billed", "known"]]) == [3, 0]


def test_evidence_older_than_the_policy_allows_is_in_no_figure():
    """Seats known from an export of 90 days ago, where 30 are allowed."""
    company = Company().hold("jira", 3, target="export", last=200).as_of("export", NOW - timedelta(days=90))
    company.hold("wiki", 2)
    found = company.assess(evidence_within=timedelta(days=30))

    assert (len(found.billed), len(found.left_out)) == (2, 3)
    assert found.waste.empty
