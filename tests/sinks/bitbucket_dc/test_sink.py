"""Bitbucket Data Center: seats freed by groups and permissions, several groups in one request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioning.model.findings import Refused
from provisioning.model.terms import Action
from sandbox.kit.datacenter_drift import CALLER, SYNCED
from sandbox.running import Running
from sinks import Sink
from tests.sinks.cases import change, connect, read
from tests.sinks.test_contract import sent
from transport.door import Door

OWN = {"kind": "product", "entitlement_id": "LICENSED_USER", "entitlement": "licensed user"}


def _bitbucket(sandbox: Running, door: Door | None = None, **options: Any) -> Sink:
    return connect("bitbucket_dc", sandbox, Path(), door or Door(writable=True), **options)


def _held(group: str) -> dict[str, str]:
    return {"kind": "group", "entitlement_id": group, "entitlement": group}


def _billed(sink: Sink) -> set[str]:
    seats = read(sink, "seats")
    return set(seats.loc[seats["billable"], "account_id"])


def _outsider(sink: Sink) -> str:
    return min(set(read(sink, "accounts")["account_id"]) - _billed(sink) - {SYNCED})


def test_groups_of_one_account_go_in_one_request(fresh: Running) -> None:
    """Also those of a new account: two writes for three changes."""
    door = Door(writable=True)
    sink = _bitbucket(fresh, door)
    grants = [change(sink, Action.GRANT, None, **_held(g)) for g in ("bitbucket-users", "developers")]
    created = change(sink, Action.CREATE, None, after={"email": "ada@acme.test", "user_name": "ada"})
    created, *grants = (one._replace(subject="ada@acme.test") for one in (created, *grants))

    applied = sink.apply([created, *grants])

    known = [one._replace(account_id="ada") for one in grants]
    assert len({sink.bundle(one) for one in known}) == 1
    assert (applied.account_id, sent(door, "write")) == ("ada", 2)
    assert "ada" in _billed(sink)


def test_one_group_that_fails_does_not_stop_the_others(fresh: Running) -> None:
    """The request is all or none, so each is then tried alone and the failure is named."""
    sink = _bitbucket(fresh)
    name = _outsider(sink)
    grants = [
        change(sink, Action.GRANT, name, **_held(g)) for g in ("developers", "no-such", "old-project-2019")
    ]

    applied = sink.apply(grants)

    assert list(applied.failed) == [grants[1].change_id]
    held = sink.observe([name], []).assignments["entitlement_id"]
    assert {"developers", "old-project-2019"} <= set(held)


def test_a_full_licence_is_told(fresh: Running) -> None:
    """403 in the server's own words; the group that opens nothing is joined."""
    sink = _bitbucket(fresh)
    name = _outsider(sink)
    fresh.world.options["bitbucket_dc_seats"] = len(_billed(sink))
    grants = [change(sink, Action.GRANT, name, **_held(g)) for g in ("bitbucket-users", "old-project-2019")]

    applied = sink.apply(grants)

    assert "licensed number of users" in applied.failed[grants[0].change_id]
    assert len(applied.failed) == 1


def test_taking_the_group_frees_the_seat(fresh: Running) -> None:
    """That is all there is: an account cannot be disabled."""
    sink = _bitbucket(fresh)
    seats = read(sink, "seats")
    name = str(seats.loc[seats["granted_by"] == "bitbucket-users", "account_id"].iloc[0])

    sink.apply([change(sink, Action.REVOKE, name, **_held("bitbucket-users"))])

    assert name not in _billed(sink)
    with pytest.raises(Refused, match="cannot deactivate"):
        sink.apply([change(sink, Action.DEACTIVATE, name)])
    assert "warning" in {finding.level for finding in sink.check() if "leavers" in finding.subject}


@pytest.mark.parametrize(
    ("level", "kind"),
    [("LICENSED_USER", "product"), ("PROJECT_CREATE", "product"), ("ADMIN", "role"), ("SYS_ADMIN", "role")],
)
def test_every_permission_held_directly_can_be_taken_and_given_back(
    level: str, kind: str, fresh: Running
) -> None:
    """Each opens a seat, is listed though nobody holds it, and comes back as it was."""
    sink = _bitbucket(fresh)
    name = _outsider(sink)
    own = {"kind": kind, "entitlement_id": level, "entitlement": level}
    listed = read(sink, "entitlements").set_index(["kind", "entitlement_id"]).loc[(kind, level)]

    billed, held = [], []
    for action in (Action.GRANT, Action.REVOKE, Action.GRANT):
        sink.apply([change(sink, action, name, **own)])
        billed.append(name in _billed(sink))
        held.append(sink.observe([name], []).assignments["entitlement_id"].tolist())

    assert listed[["billable", "modifiable"]].all()
    assert listed["admin"] == (kind == "role")
    assert billed == [True, False, True]
    assert [level in some for some in held] == [True, False, True]


def test_a_permission_is_not_given_in_place_of_a_higher_one(fresh: Running) -> None:
    """The server would take the administration rights away; nothing is sent."""
    door = Door(writable=True)
    sink = _bitbucket(fresh, door)
    admin = {"kind": "role", "entitlement_id": "ADMIN", "entitlement": "admin"}
    sink.apply([change(sink, Action.GRANT, "vendor.desk", **admin)])
    sink.observe(["vendor.desk"], [])
    before = sent(door, "write")

    with pytest.raises(Refused, match="would take away"):
        sink.apply([change(sink, Action.GRANT, "vendor.desk", **OWN)])

    assert sent(door, "write") == before


def test_an_own_permission_is_a_seat_without_a_group(fresh: Running) -> None:
    """It is held as a product, can be taken, and taking it twice is taking it once."""
    sink = _bitbucket(fresh)
    seat = read(sink, "seats").set_index("account_id").loc["vendor.desk"]
    taken = change(sink, Action.REVOKE, "vendor.desk", **OWN)

    sink.apply([taken])
    sink.apply([taken])

    assert seat[["granted_by"]].isna().all()
    assert "vendor.desk" not in _billed(sink)
    sink.apply([change(sink, Action.GRANT, "vendor.desk", **OWN)])
    assert "vendor.desk" in _billed(sink)


@pytest.mark.parametrize(
    ("action", "more"),
    [
        (Action.GRANT, _held("developers")),
        (Action.REVOKE, _held("all-staff")),
        (Action.UPDATE, {"after": {"display_name": "New"}}),
        (Action.DELETE, {}),
    ],
)
def test_a_read_only_directory_is_known_before(action: Action, more: dict[str, Any], fresh: Running) -> None:
    """The listing tells it, so nothing is sent."""
    door = Door(writable=True)
    sink = _bitbucket(fresh, door)
    accounts = read(sink, "accounts").set_index("account_id")

    with pytest.raises(Refused, match="read-only"):
        sink.apply([change(sink, action, SYNCED, **more)])

    assert sent(door, "write") == 0
    assert not accounts.loc[SYNCED, "managed"]


def test_a_look_at_many_costs_one_request_an_account(fresh: Running) -> None:
    """Beside the list of everybody and of permissions; a look at few finds the same."""
    fresh.world.renew(people=120)
    door = Door()
    sink = _bitbucket(fresh, door)
    names = read(sink, "accounts")["account_id"].head(20).tolist()
    before = sent(door)
    many = sink.observe(names, [])
    cost = sent(door) - before
    few = sink.observe(names[:3], [])

    assert cost == len(names) + 2
    seen = many.accounts.set_index("account_id").loc[names]
    assert seen.head(3).equals(few.accounts.set_index("account_id").loc[names[:3]])


def test_the_caller_is_told_by_the_answers(acme: Running) -> None:
    """A header names the account the token belongs to."""
    accounts = read(connect("bitbucket_dc", acme, Path(), Door()), "accounts")

    assert accounts.loc[accounts["caller"], "account_id"].tolist() == [CALLER]
