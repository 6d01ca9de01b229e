"""Wasted seats: one reason each, and money that sums to the cent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.licensing import allocation, prices, seats, waste
from provisioning.model import frames
from tests.provisioning.worlds import frame

NOW = datetime(2026, 5, 20, tzinfo=UTC)
BOOK = prices.load(
    """
version: 1
currency: USD
books:
  - valid_from: 2026-01-01
    products:
      jira: {billing: monthly, renews_on: 2026-01-12, bands: [{up_to: 3, each: 9.05}, {each: 7.33}]}
      wiki: {billing: annual, renews_on: 2026-03-01, tiers: [{up_to: 2, price: 100}, {up_to: 9, price: 1000}]}
""",
    origin="prices.yaml",
)


def ago(days, seconds=0):
    """An instant before the report."""
    return pd.Timestamp(NOW - timedelta(days=days, seconds=seconds))


class World:
    """A small company: add people one by one, then look for waste."""

    def __init__(self):
        self.identities, self.accounts, self.links, self.seats = [], [], [], []

    def add(
        self, name, *, state="active", linked=True, added=200, product="jira", activity="used", last=1, **more
    ):
        """One person with one seat; `state` None leaves the identity out."""
        if state is not None:
            self.identities.append(
                {
                    "source": "okta",
                    "source_id": name,
                    "state": state,
                    "display_name": name.title(),
                    "email": f"{name}@acme.test",
                    "department": more.get("department"),
                    "cost_center": "CC1",
                    "manager": "Boss",
                    "leaves_on": more.get("leaves_on"),
                }
            )
        if linked:
            self.links.append(
                {"target": "cloud", "account_id": name, "source": "okta", "source_id": name, "rule": "email"}
            )
        self.accounts.append(
            {
                "target": "cloud",
                "account_id": name,
                "state": "active",
                "kind": "person",
                "caller": False,
                "display_name": more.get("display_name", name.title()),
                "department": "Account department",
                "email": f"{name}@there.test",
                "added_on": None if added is None else ago(added),
            }
        )
        return self.seat(name, product, activity, last, billable=more.get("billable", True))

    def seat(self, name, product, activity="used", last=1, *, billable=True):
        """One more seat of an account."""
        self.seats.append(
            {
                "target": "cloud",
                "account_id": name,
                "product": product,
                "site": "acme",
                "activity": activity,
                "last_active": ago(last) if activity == "used" else None,
                "billable": billable,
            }
        )
        return self

    def frames(self):
        """Seats, accounts, links and identities."""
        return [
            frame(model, rows)
            for model, rows in [
                (frames.Seats, self.seats),
                (frames.Accounts, self.accounts),
                (frames.Links, self.links),
                (frames.Identities, self.identities),
            ]
        ]

    def waste(self, book=BOOK, **more):
        """The Waste frame for 60 idle days and 30 days without any use."""
        waits = {"idle": timedelta(days=60), "never_used_after": timedelta(days=30)}
        return waste.find_waste(*self.frames(), book, **waits, now=NOW, **more)


def named(*accounts):
    return pd.DataFrame({"target": "cloud", "account_id": list(accounts)}, dtype="str")


@pytest.mark.parametrize(
    ("person", "reason", "detail", "idle_days"),
    [
        ({"state": "departed", "leaves_on": ago(5)}, "leaver", "Left on 2026-05-15.", 1),
        ({"state": "departed"}, "leaver", "Departed according to okta.", 1),
        ({"state": "suspended"}, "suspended", "Suspended in okta.", 1),
        ({"state": None, "linked": False}, "orphan", "Belongs to no identity of any source.", 1),
        ({"state": None}, "orphan", "The identity it belonged to is no longer in okta.", 1),
        (
            {"activity": "never", "added": 30},
            "never_used",
            "Never used since the account was added on 2026-04-20.",
            30,
        ),
        ({"last": 60}, "idle", "Not used since 2026-03-21.", 60),
    ],
)
def test_each_reason_is_found_and_told(person, reason, detail, idle_days):
    """The waits are inclusive: exactly 60 days is idle, exactly 30 is never used."""
    row = World().add("ada", **person).waste().iloc[0]

    assert (reason, detail, idle_days) == (row["reason"], row["detail"], row["idle_days"])


@pytest.mark.parametrize(
    "person",
    [
        {},
        {"state": "staged"},
        {"last": 59},
        {"activity": "never", "added": 29},
        {"activity": "never", "added": None},
        {"activity": "unknown", "added": 900},
        {"state": "departed", "billable": False},
    ],
)
def test_what_is_used_young_unknown_or_unpaid_is_no_waste(person):
    """Without a date of adding nobody can say how long a seat was never used."""
    assert World().add("ada", **person).waste().empty


def test_the_most_certain_reason_wins():
    """A suspended person who was idle is suspended; a leaver's second account is a leaver's."""
    world = (
        World().add("ada", state="suspended", last=300).add("bob", state="departed").add("cy", linked=False)
    )
    found = world.waste(duplicates=named("bob", "cy")).set_index("account_id")["reason"]

    assert dict(found) == {"ada": "suspended", "bob": "leaver", "cy": "duplicate"}


def test_a_protected_account_is_never_waste():
    """A service account without identity keeps its seat."""
    assert World().add("bot", linked=False).waste(protected=named("bot")).empty


def test_an_ambiguous_account_is_somebodys():
    """It is neither an orphan nor a second account; what nobody uses is idle, whosever it is."""
    world = World().add("one", linked=False).add("two", linked=False, last=300).add("three", linked=False)
    found = world.waste(ambiguous=named("one", "two"), duplicates=named("one"))

    assert dict(found.set_index("account_id")["reason"]) == {"two": "idle", "three": "orphan"}


def test_who_pays_is_told_as_the_idp_states_it():
    """The account's own attributes only fill gaps."""
    world = World().add("ada", state="departed", department="Sales").add("bob", linked=False, state=None)
    found = world.waste().set_index("account_id")
    shown = ["email", "department", "cost_center", "manager"]

    assert list(found.loc["ada", shown]) == ["ada@acme.test", "Sales", "CC1", "Boss"]
    assert list(found.loc["bob", shown[:2]]) == ["bob@there.test", "Account department"]
    assert found.loc["bob", ["cost_center", "manager"]].isna().all()


def test_a_monthly_plan_saves_the_last_bands_and_the_cents_are_shared_out():
    """Of 5 seats 3 are freed: 2 x 7.33 + 9.05 = 23.71, in shares of 7.91, 7.90 and 7.90."""
    world = World().add("zoe").add("yan")
    for name in ["ada", "bob", "cy"]:
        world.add(name, last=90)
    found = world.waste()

    assert list(found["account_id"]) == ["ada", "bob", "cy"]
    assert list(found["monthly"]) == [Decimal("7.91"), Decimal("7.90"), Decimal("7.90")]
    assert set(found["saves_from"]) == {pd.Timestamp("2026-06-12", tz="UTC")}
    assert set(found["currency"]) == {"USD"}


def test_a_yearly_plan_saves_nothing_until_a_lower_tier_is_reached():
    """The seat is waste all the same, with a share of nothing."""
    world = World()
    for name in ["ada", "bob", "cy", "dan"]:
        world.add(name, product="wiki", last=90 if name == "ada" else 1)

    assert list(world.waste()["monthly"]) == [Decimal("0.00")]
    assert (
        list(world.add("eve", product="wiki", last=99).add("fay", product="wiki", last=99).waste()["monthly"])
        == [Decimal("0.00")] * 3
    )


@pytest.mark.parametrize("book", [None, frames.empty(frames.Prices)])
def test_without_a_price_the_money_is_unknown_not_nothing(book):
    """Seats are counted all the same."""
    found = World().add("ada", last=90).waste(book=book)

    assert len(found) == 1
    assert found[["monthly", "currency", "saves_from"]].isna().all(axis=None)


def test_a_second_account_is_recognised_by_the_name_of_a_linked_one():
    """Two linked people of one name prove nothing; a deactivated account costs nothing."""
    world = World().add("ada", display_name="Ada Byron").add("ada2", linked=False, display_name=" ada byron")
    world.add("bob", display_name="Bob Ray").add("bob2", display_name="Bob Ray")
    world.add("bob3", linked=False, display_name="Bob Ray").add("cy", linked=False, display_name="Cy Young")
    _, accounts, links, _ = world.frames()

    assert list(waste.find_duplicates(accounts, links)["account_id"]) == ["ada2"]
    gone = accounts.assign(state="deactivated")
    assert waste.find_duplicates(gone, links).empty


def test_a_yearly_plan_costs_the_tier_that_was_bought():
    """Two seats held, a tier of nine bought: the whole 1,000 a year is shared by the two departments."""
    world = World().add("ada", product="wiki", department="Sales").add("bob", product="wiki", department="IT")
    world.add("cy", product="wiki", linked=False, state=None).add("dan").add("eve", product="desk")
    held = seats.list_billed(*world.frames())
    capacity = frames.complete(
        frames.Capacity,
        pd.DataFrame({"target": "cloud", "product": ["wiki", "jira"], "site": "acme", "seats": [9, 500]}),
    )
    costs = allocation.compute_costs(held, BOOK, capacity, NOW.date())
    shares = allocation.charge_back(held, costs, "department").set_index(["department", "product"])["monthly"]

    assert costs == {("cloud", "wiki", "acme"): Decimal("83.33"), ("cloud", "jira", "acme"): Decimal("9.05")}
    assert shares["Sales", "wiki"] == Decimal("27.78")
    assert shares["Account department", "wiki"] == Decimal("27.77")
    assert pd.isna(shares["Account department", "desk"])


@st.composite
def worlds(draw):
    """Up to 15 people with up to two seats each, in every state."""
    world = World()
    for n in range(draw(st.integers(0, 15))):
        name = f"p{n}"
        activity = st.sampled_from(["used", "never", "unknown"])
        world.add(
            name,
            state=draw(st.sampled_from(["active", "active", "departed", "suspended", "staged", None])),
            linked=draw(st.booleans()),
            added=draw(st.sampled_from([None, 1, 30, 400])),
            product=draw(st.sampled_from(["jira", "wiki", "desk"])),
            activity=draw(activity),
            last=draw(st.sampled_from([0, 59, 60, 500])),
            billable=draw(st.integers(0, 9)) > 0,
        )
        if draw(st.booleans()):
            world.seat(name, "jira", draw(activity), draw(st.integers(0, 120)))
    return world


@settings(max_examples=15, deadline=None)
@given(worlds(), st.randoms())
def test_the_sums_of_any_company_are_right(world, random):
    """Waste, its saving and the costs charged back, tried on one company, for building it takes the time."""
    found = world.waste()
    each_seat_is_waste_once_and_the_rows_sum_to_the_saving(world, found)
    every_cent_is_charged_back(world)
    random.shuffle(world.accounts)
    random.shuffle(world.links)
    pd.testing.assert_frame_equal(found, world.waste())
    unknown_activity_alone_is_never_waste(world)


def each_seat_is_waste_once_and_the_rows_sum_to_the_saving(world, found):
    """The rows of a product sum to its saving exactly."""
    paid = world.frames()[0]
    billed = paid[paid["billable"]].drop_duplicates(["account_id", "product"])

    assert not found.duplicated(["target", "account_id", "product", "site"]).any()
    assert set(zip(found["account_id"], found["product"], strict=True)) <= set(
        zip(billed["account_id"], billed["product"], strict=True)
    )
    for product, rows in found.groupby("product"):
        used = int((billed["product"] == product).sum())
        saved = prices.saving(BOOK, product, "acme", used, len(rows), NOW.date())
        assert (None if saved is None else saved.monthly) == allocation.add_up(rows["monthly"])


def every_cent_is_charged_back(world):
    """Every cent of every priced product is borne by someone, seats of nobody known included."""
    billed = seats.list_billed(*world.frames())
    costs = allocation.compute_costs(billed, BOOK, frames.empty(frames.Capacity), NOW.date())
    shares = allocation.charge_back(billed, costs, "department")

    assert sum(costs.values(), Decimal(0)) == (allocation.add_up(shares["monthly"]) or 0)
    assert len(billed) == shares["seats"].sum()


def unknown_activity_alone_is_never_waste(world):
    """Whoever is active, linked and of unknown activity keeps every seat."""
    for seat in world.seats:
        seat.update(activity="unknown", last_active=None)
    found = world.waste()

    assert set(found["reason"]) <= {"leaver", "suspended", "orphan"}
    assert found["idle_days"].isna().all()
