"""What a sync makes of what was pushed: nothing is taken away for what was never said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import update

from ledger.pushed import tables
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.unread import resolve_members
from sources.scim_push.source import ScimPush, ScimPushOptions
from tasks.extract import SOURCE_PARTS
from tests.receive.service import Service
from transport.door import Door


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'seatwise.db'}"


@pytest.fixture
def service(ledger: str) -> Iterator[Service]:
    with Service(ledger) as running:
        yield running


def source(ledger: str, **options: Any) -> ScimPush:
    return ScimPush("idp", ScimPushOptions(ledger=ledger, **options), Door())


def read(one: ScimPush, part: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    pages = list(getattr(one, part)())
    frame = pd.concat([page.frame for page in pages]) if pages else pd.DataFrame()
    return frame, pd.concat([page.rejects for page in pages]) if pages else pd.DataFrame()


def states(one: ScimPush) -> dict[str, str]:
    people, _ = read(one, "identities")
    return dict(zip(people["user_name"], people["state"], strict=True))


def test_inactive_and_deleted(service: Service, ledger: str) -> None:
    """Inactive is suspended unless the connection says what it means; deleted has departed."""
    off, gone = service.add_user("off"), service.add_user("gone")
    service.add_user("on")
    service.patch(f"/Users/{off}", {"op": "replace", "value": {"active": False}})
    service.send("DELETE", f"/Users/{gone}")

    assert states(source(ledger)) == {"off": "suspended", "gone": "departed", "on": "active"}
    departed = source(ledger, states={"false": "departed"})
    assert states(departed) == {"off": "departed", "gone": "departed", "on": "active"}


def test_who_is_made_anew_is_one_person(service: Service, ledger: str) -> None:
    """The one who was deleted is told no longer, so that nobody is both here and gone."""
    service.send("DELETE", f"/Users/{service.add_user('ada')}")
    service.add_user("ADA")

    assert states(source(ledger)) == {"ADA": "active"}


def test_attributes_fill_the_columns_a_policy_names(service: Service, ledger: str) -> None:
    """A company's own extension among them, as it is after a PATCH."""
    hr = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
    user = service.add_user(**{hr: {"hireDate": "2026-01-31"}})
    service.patch(f"/Users/{user}", {"op": "Add", "path": f"{hr}:lastDay", "value": "2026-12-31"})

    people, rejects = read(
        source(ledger, attributes={"hired_on": f"{hr}:hireDate", "leaves_on": f"{hr}:lastDay"}), "identities"
    )

    assert [f"{people[name].iloc[0]:%F}" for name in ("hired_on", "leaves_on")] == [
        "2026-01-31",
        "2026-12-31",
    ]
    assert rejects.empty


def test_a_member_nobody_knows_is_told_and_costs_the_others_nothing(service: Service, ledger: str) -> None:
    """The rest of the group is understood, and its removals count."""
    ada, bob = service.add_user("ada"), service.add_user("bob")
    group = service.add_group("atl-jira", ada, bob, "no-such-id")
    service.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{bob}"]'})
    one = source(ledger)
    parts = {part: read(one, part) for part in SOURCE_PARTS}
    rejects = pd.concat([parts[part][1] for part in parts])
    snapshot = SourceSnapshot(
        "idp", datetime.now(UTC), True, parts["identities"][0], parts["memberships"][0], rejects
    )

    assert list(snapshot.memberships["source_id"]) == [ada]
    assert list(rejects["field"]) == ["member"]
    assert "1 member was never pushed" in rejects["problem"].iloc[0]
    assert "no-such-id" in rejects["remedy"].iloc[0]
    assert resolve_members(snapshot).unread_groups == {}


def test_groups_in_groups(service: Service, ledger: str) -> None:
    """Clients that push them are followed; the membership says its path."""
    ada, bob = service.add_user("ada"), service.add_user("bob")
    inner = service.add_group("inner", bob)
    service.add_group("outer", ada, inner)

    held, rejects = read(source(ledger, groups=["out*"]), "memberships")

    assert list(held["source_id"]) == [ada, bob]
    assert held["path"].tolist()[1] == "inner"
    assert held["direct"].tolist() == [True, False]
    assert rejects.empty


def test_both_parts_are_of_one_moment(service: Service, ledger: str) -> None:
    """What is pushed between the two is in the next read and not in half of this one."""
    ada = service.add_user("ada")
    group = service.add_group("g", ada)
    one = source(ledger)
    before, _ = read(one, "identities")
    bob = service.add_user("bob")
    service.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": bob}]})

    held, _ = read(one, "memberships")

    assert list(held["source_id"]) == list(before["source_id"]) == [ada]
    assert set(read(one, "memberships")[0]["source_id"]) == {ada, bob}
    assert set(read(one, "identities")[0]["source_id"]) == {ada, bob}


def heard(service: Service, ago: timedelta) -> None:
    with service.inbox._writing() as connection:
        connection.execute(update(tables.tokens).values(used_at=datetime.now(UTC) - ago))


def test_a_silent_connection_is_stale_and_says_so(service: Service, ledger: str) -> None:
    """Nobody is gone because of it; the read names its age, a row of the report and the check tell of it."""
    service.add_user("ada")
    heard(service, timedelta(hours=5))
    one = source(ledger, silent_after=timedelta(hours=4))

    people, rejects = read(one, "identities")

    assert list(people["state"]) == ["active"]
    assert list(rejects["field"]) == ["heard"]
    assert "longer than 4h" in rejects["problem"].iloc[0]
    assert one.as_of
    assert timedelta(hours=4.9) < datetime.now(UTC) - one.as_of < timedelta(hours=5.1)
    (finding,) = one.check()
    assert (finding.level, finding.message) == ("warning", rejects["problem"].iloc[0])
    assert read(source(ledger, silent_after=timedelta(hours=6)), "identities")[1].empty


def test_check_tells_the_steps_in_their_order(service: Service, ledger: str) -> None:
    """A token first, then a first push, then what there is."""
    (never,) = source(ledger).check()
    service.add_user("ada")
    (good,) = source(ledger).check()
    (pattern,) = [one for one in source(ledger, groups=["atl-*"]).check() if one.level != "ok"]
    service.inbox.revoke_tokens("idp", datetime.now(UTC))
    (nobody,) = source(ledger).check()

    assert (never.level, never.message) == ("warning", "nothing was ever heard")
    assert (good.level, good.message.split(",")[0]) == ("ok", "1 users and 0 groups")
    assert "atl-*" in pattern.message
    assert (nobody.level, "seatwise receive token new idp" in nobody.remedy) == ("error", True)
