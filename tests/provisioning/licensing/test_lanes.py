"""Seats that nobody seems to need: one reason, one lane and one code each, on evidence of a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioning.licensing import counting, lanes
from provisioning.licensing.lanes import Spared, Waits
from provisioning.model import frames
from provisioning.model.seat_table import build_seats
from provisioning.model.terms import Deployment
from tests.provisioning.worlds import frame

NOW = datetime(2026, 5, 20, tzinfo=UTC)
WAITS = Waits(timedelta(days=60), timedelta(days=30), timedelta(days=1))


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
                    "hired_on": more.get("hired_on"),
                    "user_type": more.get("user_type"),
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
                "last_active": None,
                "department": "Account department",
                "email": f"{name}@there.test",
                "added_on": None if added is None else ago(added),
            }
        )
        return self.seat(
            name, product, activity, last, billable=more.get("billable", True), role=more.get("role")
        )

    def seat(self, name, product, activity="used", last=1, *, billable=True, role=None):
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
                "role": role,
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

    def judged(self, *, known_at=NOW, **spared):
        """The judged seats for 60 idle days, 30 days without any use, and use in the last day."""
        seats, accounts, links, identities = self.frames()
        nothing = frames.empty(frames.Assignments), frames.empty(frames.Entitlements)
        seats = build_seats(seats, accounts, *nothing)
        views = {"cloud": counting.View(Deployment.CLOUD, known_at)}
        people = counting.name_people(accounts, seats, views)
        counted = counting.count_once(seats, people, views)
        billed = counting.list_billed(counted, accounts, links, identities, people)
        return lanes.judge(billed, WAITS, Spared(**spared), NOW)


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
    row = World().add("ada", **person).judged().iloc[0]

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
    assert World().add("ada", **person).judged().empty


def test_the_most_certain_reason_wins():
    """A suspended person who was idle is suspended; a leaver's second account is a leaver's."""
    world = (
        World().add("ada", state="suspended", last=300).add("bob", state="departed").add("cy", linked=False)
    )
    found = world.judged(duplicates=named("bob", "cy")).set_index("account_id")["reason"]

    assert dict(found) == {"ada": "suspended", "bob": "leaver", "cy": "duplicate"}


def test_a_protected_account_is_shown_and_never_ready():
    """A service account without identity keeps its seat, idle or not."""
    row = World().add("bot", linked=False, last=300).judged(protected=named("bot")).iloc[0]

    assert (row["lane"], row["code"]) == ("protected", "policy")


@pytest.mark.parametrize("facts", [{"last": 300}, {"state": "departed"}, {"linked": False, "last": 300}])
def test_a_seat_of_an_account_that_two_connections_tell_differently_is_looked_at(facts):
    """Whatever else speaks for taking it: one of them is wrong."""
    row = World().add("ada", **facts).judged(contested=named("ada")).iloc[0]

    assert (row["lane"], row["code"]) == ("review", "contested")


@pytest.mark.parametrize(
    ("person", "lane", "code"),
    [
        ({"state": "departed"}, "ready", "departed"),
        ({"state": "departed", "last": 0}, "review", "used-lately"),
        ({"leaves_on": ago(5), "last": 6}, "ready", "departed"),
        ({"leaves_on": ago(5)}, "review", "last-day-contradicted"),
        ({"state": "departed", "role": "User, Admin"}, "review", "departed-administrator"),
        ({"state": "suspended", "last": 300}, "review", "on-leave"),
        ({"last": 60}, "ready", "idle"),
        ({"last": 60, "user_type": "Contractor"}, "review", "contractor"),
        ({"last": 60, "user_type": "Service account"}, "protected", "robot"),
        ({"last": 60, "role": "Product admin"}, "protected", "administrator"),
        ({"last": 60, "role": "User"}, "ready", "idle"),
        ({"activity": "never", "added": 30}, "ready", "never-used"),
        ({"state": None, "linked": False, "last": 0}, "review", "nobody-known"),
        ({"state": None, "linked": False, "activity": "unknown"}, "review", "nobody-known"),
        ({"state": None, "linked": False, "last": 60}, "ready", "idle"),
        ({"state": None, "linked": False, "last": 60, "display_name": "Jira Bot"}, "review", "robot-by-name"),
    ],
)
def test_each_reason_has_its_lane(person, lane, code):
    """Only a departure, or disuse that is proven, with nothing against it, is ready."""
    row = World().add("ada", **person).judged().iloc[0]

    assert (lane, code) == (row["lane"], row["code"])


@pytest.mark.parametrize(
    "no_last_day",
    [
        {"leaves_on": pd.Timestamp("0001-01-01", tz="UTC")},
        {"leaves_on": pd.Timestamp("1900-01-01", tz="UTC")},
        {"leaves_on": pd.Timestamp("1970-01-01", tz="UTC")},
        {"leaves_on": ago(400), "hired_on": ago(300)},
        {"leaves_on": ago(0)},
    ],
)
def test_what_is_no_last_day_makes_nobody_a_leaver(no_last_day):
    """A placeholder, the end of an earlier employment, a day that is not over; nor is it told of a leaver."""
    assert World().add("ada", **no_last_day).judged().empty
    left = World().add("ada", state="departed", **no_last_day).judged()

    assert list(left["detail"]) == (
        ["Left on 2026-05-20."] if no_last_day == {"leaves_on": ago(0)} else ["Departed according to okta."]
    )


def test_whoever_is_active_and_works_on_after_the_last_day_is_to_review():
    """Both facts are told; what else they hold is in doubt, too. Who did not work on has left."""
    world = World().add("ada", leaves_on=ago(90), last=3).seat("ada", "wiki", last=200)
    world.add("bob", leaves_on=ago(90), last=95).add("cy", state="departed", leaves_on=ago(90), last=3)
    found = world.judged().set_index(["account_id", "product"])

    for product in ("jira", "wiki"):
        ada = found.loc[("ada", product)]
        assert (ada["lane"], ada["code"]) == ("review", "last-day-contradicted")
        assert ada["detail"] == (
            "Active in okta with the last day 2026-02-19, and used something on 2026-05-17."
        )
    assert list(found.xs("jira", level="product").loc[["bob", "cy"], "code"]) == ["departed"] * 2


def test_an_administrator_who_works_on_after_the_last_day_is_protected():
    """A doubtful last day takes no protection away."""
    row = World().add("ada", leaves_on=ago(90), last=3, role="Product admin").judged().iloc[0]

    assert (row["lane"], row["code"]) == ("protected", "administrator")


def test_a_product_given_on_an_unknown_day_to_somebody_who_works_is_not_ready():
    """Jira was never used, the account is old, but Confluence was used yesterday: Jira may be of today."""
    world = World().add("fay", product="jira", activity="never", added=900).seat("fay", "wiki", last=1)
    old = World().add("dan", product="jira", activity="never", added=900).seat("dan", "wiki", last=40)

    assert list(world.judged()["code"]) == ["grant-day-unknown"]
    assert list(old.judged()["code"]) == ["never-used"]


def test_second_accounts_are_to_review_unless_nobody_uses_them():
    """The other Ada may be a namesake, until her seat is idle."""
    world = World().add("ada2", linked=False, state=None).add("ada3", linked=False, state=None, last=90)
    found = world.judged(duplicates=named("ada2", "ada3")).set_index("account_id")["code"]

    assert dict(found) == {"ada2": "second-account", "ada3": "idle"}


def test_idle_ends_where_the_evidence_ends():
    """Read 30 days later the same file says the same: last used 40 days before it was made is not idle."""
    world = World().add("ada", last=70).add("bob", last=90)
    judged = world.judged(known_at=NOW - timedelta(days=30))

    assert list(judged["account_id"]) == ["bob"]
    assert list(judged["idle_days"]) == [60]
    assert "cloud as of 2026-04-20 (30 days before this report): last used 2026-02-19" in set(
        judged["evidence"]
    )


def test_administrators_are_those_of_roles_and_groups_that_administer():
    """Whoever holds one of them, in the target that says so."""
    entitlements = frame(
        frames.Entitlements,
        [
            {"target": "cloud", "kind": "group", "entitlement_id": name, "name": name, "billable": False,
             "admin": name == "admins", "default": False, "modifiable": True}
            for name in ("admins", "users")
        ],
    )  # fmt: skip
    assignments = frame(
        frames.Assignments,
        [
            {"target": "cloud", "account_id": who, "kind": "group", "entitlement_id": name, "name": name}
            for who, name in [("ada", "admins"), ("bob", "users"), ("ada", "users")]
        ],
    )

    assert list(lanes.find_administrators(assignments, entitlements)["account_id"]) == ["ada"]


def test_an_ambiguous_account_is_somebodys():
    """It is neither an orphan nor a second account; what nobody uses is idle, whosever it is."""
    world = World().add("one", linked=False).add("two", linked=False, last=300).add("three", linked=False)
    found = world.judged(ambiguous=named("one", "two"), duplicates=named("one"))

    assert dict(found.set_index("account_id")["reason"]) == {"two": "idle", "three": "orphan"}


def test_who_pays_is_told_as_the_idp_states_it():
    """The account's own attributes only fill gaps."""
    world = World().add("ada", state="departed", department="Sales").add("bob", linked=False, state=None)
    found = world.judged().set_index("account_id")
    shown = ["email", "department", "cost_center", "manager"]

    assert list(found.loc["ada", shown]) == ["ada@acme.test", "Sales", "CC1", "Boss"]
    assert list(found.loc["bob", shown[:2]]) == ["bob@there.test", "Account department"]
    assert found.loc["bob", ["cost_center", "manager"]].isna().all()


def test_a_second_account_is_recognised_by_the_name_of_a_linked_one():
    """Two linked people of one name prove nothing; a deactivated account costs nothing."""
    world = World().add("ada", display_name="Ada Byron").add("ada2", linked=False, display_name=" ada byron")
    world.add("bob", display_name="Bob Ray").add("bob2", display_name="Bob Ray")
    world.add("bob3", linked=False, display_name="Bob Ray").add("cy", linked=False, display_name="Cy Young")
    _, accounts, links, _ = world.frames()

    assert list(lanes.find_duplicates(accounts, links)["account_id"]) == ["ada2"]
    gone = accounts.assign(state="deactivated")
    assert lanes.find_duplicates(gone, links).empty


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
def test_the_lanes_of_any_company_hold(world, random):
    """Each seat once, whatever the order of the rows; nothing is ready on unknown use alone."""
    found = world.judged()
    paid = {(seat["account_id"], seat["product"]) for seat in world.seats if seat["billable"]}

    assert not found.duplicated(["account_id", "product", "site"]).any()
    assert set(zip(found["account_id"], found["product"], strict=True)) <= paid
    assert list(found["lane"]) == sorted(found["lane"], key=["ready", "review", "protected"].index)
    ready = found[found["lane"] == "ready"]
    assert ((ready["last_active"] <= ago(1)) | (ready["activity"] != "used")).all()
    random.shuffle(world.accounts)
    random.shuffle(world.links)
    pd.testing.assert_frame_equal(found, world.judged())
    unknown_use_alone_is_never_ready(world)


def unknown_use_alone_is_never_ready(world):
    """Whoever has not departed and of whose use nothing is known keeps every seat."""
    for seat in world.seats:
        seat.update(activity="unknown", last_active=None)
    found = world.judged()

    assert set(found.loc[found["lane"] == "ready", "code"]) <= {"departed"}
    assert found["idle_days"].isna().all()
