"""What is user provisioning's own: several members a request, linking, limits, lag, groups never synced."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from sandbox.atlassian_scim.face import directory
from sandbox.atlassian_scim.state import DIRECTORY, Directory
from sandbox.running import Running
from sinks.atlassian_scim.sink import AtlassianScim, AtlassianScimOptions
from tests.sinks.cases import CREATED, change, read
from transport.door import Door
from transport.errors import Conflict, NotFound, UnknownOutcome

KEY = "sandbox-scim-key"
HOME = f"/atlassian/scim/directory/{DIRECTORY}"


def held(sandbox: Running) -> Directory:
    return directory(sandbox.world)


def open_scim(sandbox: Running, door: Door | None = None, **options: Any) -> AtlassianScim:
    settings = {"url": f"{sandbox.url}/atlassian", "directory": DIRECTORY, "key": KEY}
    return AtlassianScim("scim", AtlassianScimOptions(**settings | options), door or Door(writable=True))


def group(sandbox: Running, name: str) -> str:
    return held(sandbox).by_name[name.lower()].scim_id


def member(
    sink: AtlassianScim, action: Action, account: str | None, name: str, group_id: str, **more: Any
) -> Change:
    facts = {"kind": "group", "entitlement_id": group_id, "entitlement": name}
    return change(sink, action, account, **facts | more)


def people(sandbox: Running, count: int) -> list[str]:
    """Name some active users."""
    return [r.scim_id for r in held(sandbox).records.values() if r.data["active"]][:count]


def create(sink: AtlassianScim, email: str = CREATED, source_id: str = "00u1", **after: Any) -> Change:
    return change(
        sink,
        Action.CREATE,
        None,
        after={"email": email, **after},
        subject=email,
        source_id=source_id,
        change_id=f"create {email}",
    )


# Reading


def test_users_become_accounts(acme: Running) -> None:
    """SCIM ids, names, titles and the IdP's identifier; who is inactive is deactivated."""
    frame = read(open_scim(acme), "accounts").set_index("account_id")
    records = held(acme).records

    assert set(frame.index) == set(records)
    some = next(r for r in records.values() if r.data.get("externalId") and r.data.get("department"))
    row = frame.loc[some.scim_id]
    assert (row["email"], row["user_name"], row["external_id"]) == (
        some.email,
        some.data["userName"],
        some.data["externalId"],
    )
    assert (row["given_name"], row["department"]) == (some.data["name"]["givenName"], some.data["department"])
    assert {key: state == "active" for key, state in frame["state"].items()} == {
        key: record.data["active"] for key, record in records.items()
    }


def test_groups_named_like_atlassians_own_are_not_modifiable(acme: Running) -> None:
    """They are told as such, checked with a warning, and their changes are refused."""
    sink = open_scim(acme, Door(writable=True))
    entitlements = read(sink, "entitlements").set_index("name")

    assert entitlements.index[~entitlements["modifiable"]].tolist() == ["confluence-users"]
    assert entitlements["product"].isna().all()
    warned = [f for f in sink.check() if "never synced" in f.message]
    assert [f.subject for f in warned] == ["scim: group confluence-users"]
    with pytest.raises(Refused, match="never synced"):
        sink.apply([member(sink, Action.GRANT, "x", "confluence-users", group(acme, "confluence-users"))])


def test_more_names_of_default_groups_can_be_told(acme: Running) -> None:
    """A pattern of the connection counts like Atlassian's own names."""
    entitlements = read(open_scim(acme, default_groups=["ATL-Pilot*"]), "entitlements").set_index("name")

    assert not entitlements.loc["atl-pilot", "modifiable"]


# Members, several at a time


def test_members_of_one_group_go_in_one_request(fresh: Running) -> None:
    """Joining and leaving are bundles of their own; each is one request for all its people."""
    sink, group_id = open_scim(fresh), group(fresh, "atl-pilot")
    some = people(fresh, 6)
    joins = [member(sink, Action.GRANT, key, "atl-pilot", group_id) for key in some]
    leaves = [member(sink, Action.REVOKE, key, "atl-pilot", group_id) for key in some]
    read(sink, "accounts")
    fresh.world.counters.clear()

    assert len({sink.bundle(made) for made in joins}) == 1
    assert {sink.bundle(made) for made in joins}.isdisjoint(sink.bundle(made) for made in leaves)
    applied = sink.apply(joins)
    assert set(held(fresh).groups[group_id].members) == set(some)
    assert dict(applied.accounts) == {made.change_id: made.account_id for made in joins}
    sink.apply(leaves)

    assert held(fresh).groups[group_id].members == {}
    assert fresh.world.counters.writes == 2
    assert fresh.world.counters.total(HOME) == 2


def test_a_long_bundle_goes_in_parts(fresh: Running) -> None:
    """No request names more members than the connection allows."""
    sink, group_id = open_scim(fresh, members_at_once=4), group(fresh, "atl-pilot")
    some = people(fresh, 10)
    fresh.world.counters.clear()

    sink.apply([member(sink, Action.GRANT, key, "atl-pilot", group_id) for key in some])

    assert fresh.world.counters.writes == 3
    assert len(held(fresh).groups[group_id].members) == 10


def test_one_member_who_is_gone_is_one_failure(fresh: Running) -> None:
    """The service refuses all for the sake of one; the others go again, and that one is told."""
    sink, group_id = open_scim(fresh), group(fresh, "atl-pilot")
    some = people(fresh, 4)
    joins = [member(sink, Action.GRANT, key, "atl-pilot", group_id) for key in [*some, "gone"]]
    fresh.world.counters.clear()

    applied = sink.apply(joins)

    assert set(applied.failed) == {joins[-1].change_id}
    assert set(held(fresh).groups[group_id].members) == set(some)
    assert fresh.world.counters.writes == 2 <= len(joins)
    with pytest.raises(NotFound):
        sink.apply(joins[-1:])


def test_a_part_that_fails_leaves_the_one_before(fresh: Running) -> None:
    """What was done stays done, and what was not is told as failed."""
    sink, group_id = open_scim(fresh, members_at_once=3), group(fresh, "atl-pilot")
    joins = [member(sink, Action.GRANT, key, "atl-pilot", group_id) for key in people(fresh, 6)]
    fresh.world.faults.add(path=HOME, method="PATCH", skip=1, times=0, status=403)

    applied = sink.apply(joins)

    assert set(applied.failed) == {made.change_id for made in joins[3:]}
    assert set(held(fresh).groups[group_id].members) == {made.account_id for made in joins[:3]}


def test_a_lost_answer_makes_the_whole_bundle_unknown(fresh: Running) -> None:
    """Nobody is told as done or not done; a look finds all of them in."""
    sink, group_id = open_scim(fresh), group(fresh, "atl-pilot")
    some = people(fresh, 3)
    fresh.world.faults.add(path=HOME, method="PATCH", kind="lost_write", times=1)

    with pytest.raises(UnknownOutcome):
        sink.apply([member(sink, Action.GRANT, key, "atl-pilot", group_id) for key in some])

    seen = sink.observe(some, []).assignments
    assert seen["entitlement_id"].eq(group_id).sum() == 3


def test_new_people_join_in_the_same_request(fresh: Running) -> None:
    """Users made a moment ago are found by their addresses, and their groups still cost one request."""
    sink, group_id = open_scim(fresh), group(fresh, "atl-pilot")
    emails = ["one@acme.test", "two@acme.test", "three@acme.test"]
    ids = [
        sink.apply([create(sink, email, f"00u{email}", user_name=email[:3])]).account_id for email in emails
    ]
    joins = [
        member(sink, Action.GRANT, None, "atl-pilot", group_id, subject=email, change_id=email)
        for email in [*emails, "nobody@acme.test"]
    ]
    before = fresh.world.counters.writes

    applied = sink.apply(joins)

    assert fresh.world.counters.writes == before + 1
    assert dict(applied.accounts) == dict(zip(emails, ids, strict=True))
    assert set(applied.failed) == {"nobody@acme.test"}
    assert set(held(fresh).groups[group_id].members) == set(ids)


# Users


def test_a_new_user_bears_what_the_plan_knows(fresh: Running) -> None:
    """Names, title, department and the identity's own id arrive in the record and at the account."""
    sink = open_scim(fresh)
    wanted = {
        "user_name": "ada",
        "display_name": "Ada Byron",
        "given_name": "Ada",
        "family_name": "Byron",
        "title": "Countess",
        "department": "Engines",
        "organization": "Acme",
    }

    applied = sink.apply([create(sink, **wanted)])

    row = sink.observe([str(applied.account_id)], []).accounts.iloc[0]
    assert row[[*wanted, "email", "external_id"]].to_dict() == {
        **wanted,
        "email": CREATED,
        "external_id": "00u1",
    }
    assert not applied.propagating
    account = held(fresh).org.by_email[CREATED]
    assert (account.name, account.job_title, account.department) == ("Ada Byron", "Countess", "Engines")


def test_a_record_that_is_there_is_taken_if_it_is_the_persons(fresh: Running) -> None:
    """409 for the same identity is success; for another one it stays a conflict, with what to do."""
    sink = open_scim(fresh)
    record = next(r for r in held(fresh).records.values() if r.data.get("externalId"))
    mine = create(sink, record.email, record.data["externalId"])
    other = create(sink, record.email, "00uSomebodyElse")

    assert sink.apply([mine]).account_id == record.scim_id
    with pytest.raises(Conflict) as conflict:
        sink.apply([other])

    assert record.data["externalId"] in str(conflict.value)
    assert "IdP" in conflict.value.remedy


def test_a_leaver_keeps_the_record(fresh: Running) -> None:
    """Deactivation is `active: false`; coming back restores the very same record and its groups."""
    sink = open_scim(fresh)
    record = next(r for r in held(fresh).records.values() if r.data["active"] and r.groups)
    groups = set(record.groups)

    sink.apply([change(sink, Action.DEACTIVATE, record.scim_id)])
    assert held(fresh).org.by_email[record.email].status == "inactive"
    sink.apply([change(sink, Action.REACTIVATE, record.scim_id)])

    assert held(fresh).records[record.scim_id].groups == groups
    assert fresh.world.counters.total(HOME, "DELETE") == 0


@pytest.mark.parametrize("action", [Action.SUSPEND, Action.RESTORE, Action.REMOVE, Action.CANCEL_DELETE])
def test_what_a_directory_cannot_is_refused_in_words(acme: Running, action: Action) -> None:
    """Suspension is deactivation here, and removal would be for good; no request leaves."""
    door = Door(writable=True)
    sink = open_scim(acme, door)

    with pytest.raises(Refused) as refusal:
        sink.apply([change(sink, action, "x")])

    assert refusal.value.remedy
    assert door.meter.counts() == {}


def test_a_field_is_changed_and_emptied(fresh: Running) -> None:
    """A null is taken away; a field that no record has is refused."""
    sink, key = open_scim(fresh), people(fresh, 1)[0]

    sink.apply([change(sink, Action.UPDATE, key, after={"title": None, "family_name": "Byron"})])
    row = sink.observe([key], []).accounts.iloc[0]

    assert pd.isna(row["title"])
    assert row["family_name"] == "Byron"
    with pytest.raises(Refused, match="shoe_size"):
        sink.apply([change(sink, Action.UPDATE, key, after={"shoe_size": "44"})])


# Limits and lag


def test_limits_are_seen_before_the_write(fresh: Running) -> None:
    """What does not fit is refused with the numbers, and no write leaves."""
    users, name = len(held(fresh).records), "atl-jira-users"
    size = len(held(fresh).by_name[name].members)
    outside = [key for key in people(fresh, 100) if key not in held(fresh).by_name[name].members]
    full = open_scim(fresh, user_limit=users)
    tight = open_scim(fresh, member_limit=size + len(outside) - 1)
    fresh.world.counters.clear()

    with pytest.raises(Refused, match=f"holds {users} users of {users}"):
        full.apply([create(full)])
    with pytest.raises(Refused, match=f"has {size} members of {size + len(outside) - 1}"):
        tight.apply([member(tight, Action.GRANT, key, name, group(fresh, name)) for key in outside])

    assert outside
    assert fresh.world.counters.writes == 0
    assert any("users of" in finding.message for finding in full.check())


def test_what_atlassian_does_not_show_yet_is_pending(fresh: Running) -> None:
    """A record without an account is invited and pending; the next look, after the lag, settles it."""
    fresh.world.options["scim_lag"] = 3600.0
    sink = open_scim(fresh)

    applied = sink.apply([create(sink)])
    early = sink.observe([], [CREATED]).accounts
    held(fresh)._coming = [(0.0, *what) for _, *what in held(fresh)._coming]
    late = open_scim(fresh).observe([], [CREATED]).accounts

    assert applied.propagating
    assert "minutes" in str(applied.message)
    assert early["state"].tolist() == ["invited"]
    assert late["state"].tolist() == ["active"]


def test_a_directory_without_a_subscription_is_an_error(fresh: Running) -> None:
    """Check says so and goes no further."""
    fresh.world.options["scim_guard"] = False

    findings = open_scim(fresh).check()

    assert {f.level for f in findings} == {"error", "warning"}
    assert all(f.remedy for f in findings)


def test_seats_are_not_told(acme: Running) -> None:
    """Neither seats nor capacity: the directory does not know what its groups open."""
    sink = open_scim(acme)

    assert read(sink, "seats").empty
    assert read(sink, "capacity").empty


# What is not told is asked elsewhere


def test_groups_that_a_user_does_not_show_are_asked_of_the_groups(fresh: Running) -> None:
    """`groups` of a user is optional: where it is absent an observation is the same as where it is there."""
    sink = open_scim(fresh)
    ids = read(sink, "accounts")["account_id"].tolist()
    shown = sink.observe(ids, []).assignments
    fresh.world.options["scim_hides"] = ["groups", "members"]

    asked = sink.observe(ids, [])

    key = ["account_id", "entitlement_id", "name"]
    assert not shown.empty
    assert asked.assignments[key].sort_values(key).to_numpy().tolist() == (
        shown[key].sort_values(key).to_numpy().tolist()
    )
    assert not asked.unknown
    whole = read(open_scim(fresh), "assignments")
    assert len(whole) == len(shown)


def test_groups_that_nobody_tells_are_unknown(fresh: Running) -> None:
    """Where the groups cannot be asked either, the observation says so instead of telling of none."""
    sink = open_scim(fresh)
    ids = read(sink, "accounts")["account_id"].tolist()[:3]
    fresh.world.options["scim_hides"] = ["groups"]
    fresh.world.faults.add(path=f"{HOME}/Groups", status=403, times=0)

    observation = sink.observe(ids, [])

    assert observation.assignments.empty
    assert observation.unknown == {(key, "group") for key in ids}


def test_extended_attributes_are_written_by_their_whole_path(fresh: Running) -> None:
    """Department and organisation change, or end, in one PATCH with the title, as real servers want it."""
    sink = open_scim(fresh)
    record = next(r for r in held(fresh).records.values() if r.data["active"])
    after = {"title": "Countess", "department": "Engines", "organization": None}

    sink.apply([change(sink, Action.UPDATE, record.scim_id, after=after)])

    row = sink.observe([record.scim_id], []).accounts.iloc[0]
    assert (row["title"], row["department"]) == ("Countess", "Engines")
    assert pd.isna(row["organization"])
