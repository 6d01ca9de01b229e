"""What two connections tell differently of one account, and the latest use that any of them tells."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pandas as pd
import pytest

from provisioning.model.contested import add_later_use, describe_contested, find_contested, name_as_in
from provisioning.model.frames import Accounts, Seats
from provisioning.model.snapshots import TargetSnapshot
from tests.provisioning.worlds import NOW, account, frame, target


def file(accounts: list[dict], name: str = "users", days: int = 0) -> TargetSnapshot:
    """A file that is so many days old."""
    read = target(accounts)
    named = read.accounts.assign(target=name)
    return dataclasses.replace(read, target=name, accounts=named, as_of=NOW - timedelta(days=days))


def told(mine: TargetSnapshot, *others: TargetSnapshot) -> list[str]:
    return describe_contested(find_contested(mine, others))


def test_two_files_that_contradict_each_other_are_told_with_both_sides() -> None:
    """Whose address it is, and whether the account is there at all; a suspension is one directory's."""
    mine = [account("ada"), account("bob"), account("cyd", state="deactivated"), account("dot")]
    theirs = [
        account("ada", email="ann@acme.test"),
        account("bob", state="deactivated"),
        account("cyd", state="deleted"),
        account("dot", state="suspended"),
        account("eve", state="deleted"),
    ]

    assert told(file(mine), file(theirs, "managed")) == [
        "ada@acme.test is ada@acme.test in users and ann@acme.test in managed",
        "bob@acme.test is active in users and deactivated in managed",
    ]
    assert told(file(mine)) == []


@pytest.mark.parametrize(
    ("days", "found"), [((0, 1), True), ((0, 2), False), ((5, 0), True), ((5, 7), False)]
)
def test_what_is_older_contradicts_nobody(days: tuple[int, int], *, found: bool) -> None:
    """It was so when it was read; what is newer contradicts what is older, and not the reverse."""
    mine, theirs = (
        file([account("ada", state=state)], name, age)
        for state, name, age in zip(("active", "deactivated"), ("users", "managed"), days, strict=True)
    )

    assert bool(told(mine, theirs)) is found


def test_the_state_at_a_service_is_looked_at_again_and_contradicts_no_file() -> None:
    """Its address may be somebody else's all the same."""
    service = target([account("ada", state="deactivated"), account("bob", email="rob@acme.test")])

    assert told(file([account("ada"), account("bob")]), service) == [
        "bob@acme.test is bob@acme.test in users and rob@acme.test in cloud"
    ]


def test_a_list_without_identifiers_names_accounts_by_address() -> None:
    """In capitals or not; an address that two accounts have names neither, and no address nobody."""
    mine = [account("ada", account_id="ada@acme.test"), account("bob", account_id="bob@acme.test")]
    mine.append(account("cyd", email=None))
    theirs = [
        account("ada", email="ADA@acme.test", state="deactivated"),
        account("bob", state="deactivated"),
        account("rob", email="bob@acme.test", state="deactivated"),
        account("dot", email=None, state="deactivated"),
    ]

    assert told(file(mine), file(theirs, "managed")) == [
        "ada@acme.test is active in users and deactivated in managed"
    ]


def test_who_has_an_identifier_in_both_is_known_by_that_alone() -> None:
    """A new account may have the address of an old one that is gone."""
    old = account("cyd", account_id="acc-old", state="deactivated")

    assert told(file([account("cyd")]), file([old], "managed")) == []


def test_what_changed_since_a_whole_read_was_read_again() -> None:
    """Its accounts are of today, though the whole list is of last week."""
    live = dataclasses.replace(target([account("ada", email="ann@acme.test")]), whole_at=NOW - timedelta(6))

    assert told(file([account("ada")]), live)
    assert not told(live, file([account("ada")], days=5))


def test_seats_of_a_list_without_identifiers_are_named_as_here() -> None:
    """By the address of whose they are; who is not known here keeps the name they have there."""
    mine, theirs = (
        frame(Accounts, [account("ada", **more), account("bob", account_id=key)])
        for more, key in (({}, "acc-bob"), ({"account_id": "ada@acme.test"}, "acc-rob"))
    )
    used = seats("ada@acme.test", "acc-rob", "acc-zed")

    assert name_as_in(mine, theirs, used)["account_id"].tolist() == ["acc-ada", "acc-rob", "acc-zed"]
    assert name_as_in(theirs, mine, seats("acc-ada"))["account_id"].tolist() == ["ada@acme.test"]


def seats(*ids: str) -> pd.DataFrame:
    return frame(Seats, [seat("used", 1, account_id=key) for key in ids])


def seat(activity: str, last: int | None, **facts: object) -> dict:
    used = None if last is None else NOW - timedelta(days=last)
    known = {"target": "cloud", "account_id": "acc-ada", "product": "jira", "site": "acme", "billable": True}
    return {**known, "activity": activity, "last_active": used, **facts}


@pytest.mark.parametrize(
    ("mine", "elsewhere", "activity", "days"),
    [
        (("used", 90), [("used", 3)], "used", 3),
        (("used", 3), [("used", 90)], "used", 3),
        (("used", 90), [("never", None), ("used", 40), ("used", 5)], "used", 5),
        (("never", None), [("used", 3)], "used", 3),
        (("never", None), [("never", None)], "never", None),
        (("unknown", None), [("used", 3)], "unknown", None),
    ],
)
def test_the_latest_use_counts_whoever_tells_it(mine, elsewhere, activity, days) -> None:
    """What is unknown here stays unknown: nothing is ever idle by it."""
    others = [frame(Seats, [seat(*one)]) for one in elsewhere]

    found = add_later_use(frame(Seats, [seat(*mine)]), others).iloc[0]

    assert found["activity"] == activity
    assert (pd.isna(found["last_active"]) and days is None) or NOW - found["last_active"] == timedelta(days)


@pytest.mark.parametrize("field", ["account_id", "product", "site"])
def test_use_of_another_seat_is_no_use_of_this_one(field: str) -> None:
    """Another account's, of another product, or on another site."""
    other = frame(Seats, [seat("used", 1, **{field: "another"})])
    mine = frame(Seats, [seat("used", 90)])

    assert add_later_use(mine, [other]).equals(mine)
    assert add_later_use(mine, []).equals(mine)
