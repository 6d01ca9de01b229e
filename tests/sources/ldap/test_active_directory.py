"""What is particular to Active Directory: ranges, primary groups, circles, numbered changes, the deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.merge import Delta, FeedLost, merged
from provisioning.model.snapshots import SourceSnapshot
from sandbox import vendors
from sandbox.company.people import Person
from sandbox.running import Running
from sources.ldap.options import LdapOptions
from sources.ldap.source import Ldap
from tests.sources.cases import connect
from transport.door import Door
from transport.errors import ConnectionLost, CredentialRefused, Moved
from transport.retry_policy import RetryPolicy

pytest.importorskip("ldap", reason="python-ldap is not installed: `make ldap`")


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Running]:
    """Serve 40 people to a test that may change them."""
    with Running(people=40, seed=3) as sandbox:
        yield sandbox


def _open(acme: Running, **more: object) -> Ldap:
    source = connect("ldap", acme, Path(), Door(), **more)
    assert isinstance(source, Ldap)
    return source


def _whole(acme: Running) -> SourceSnapshot:
    source = _open(acme)
    mark = source.checkpoint()
    people = frames.concat(frames.Identities, [page.frame for page in source.identities()])
    held = frames.concat(frames.Memberships, [page.frame for page in source.memberships()])
    return SourceSnapshot("ldap", acme.world.company.now, True, people, held, checkpoint=mark)


def _delta(acme: Running, before: SourceSnapshot) -> Delta:
    assert before.checkpoint is not None
    return _open(acme).delta(before.checkpoint, before)


def _members(snapshot: SourceSnapshot, group: str) -> list[str]:
    names = snapshot.identities.set_index("source_id")["employee_number"]
    held = snapshot.memberships.query("group_name == @group")["source_id"]
    return sorted(held.map(names))


def _numbers(people: list[Person]) -> list[str]:
    return sorted(f"{person.number:06}" for person in people if person.flaw != "nulls")


def test_long_groups_are_read_to_their_ends(acme: Running) -> None:
    """A list comes in parts of twelve beside an empty one; taking that would empty the group."""
    snapshot = _whole(acme)

    group = "atl-confluence-users"
    assert len(acme.world.company.groups[group].members) > 24
    assert [n for n in _members(snapshot, group) if pd.notna(n)] == _numbers(
        acme.world.company.members(group)
    )


def test_the_primary_group_has_its_members(acme: Running) -> None:
    """Nobody is listed in it, and everybody is its member."""
    snapshot = _whole(acme)

    held = snapshot.memberships.query("group_name == 'Domain Users'")
    assert set(held["source_id"]) == set(snapshot.identities["source_id"])
    assert held["direct"].all()


def test_circles_end_and_machines_are_no_people(acme: Running) -> None:
    """Groups that hold each other have the members of both, with the way there; a machine is none."""
    snapshot = _whole(acme)

    held = snapshot.memberships
    below = held[held["group_name"].str.startswith("dept-")]
    assert len(below)
    for outer in ("all-departments", "circle-one", "circle-two"):
        assert set(held[held["group_name"] == outer]["source_id"]) == set(below["source_id"])
    [way] = {path.rpartition(" > ")[0] for path in held[held["group_name"] == "circle-one"]["path"]}
    assert way == "circle-two > all-departments"
    assert "WS-0001" not in set(snapshot.identities["display_name"])


def test_sign_ins_are_as_old_as_the_directory_lets_them_be(acme: Running) -> None:
    """The date that controllers tell each other is up to 14 days behind, never ahead; none is unknown."""
    acme.world.advance(30)

    told = (
        _whole(acme).identities.dropna(subset="employee_number").set_index("employee_number")["last_sign_in"]
    )

    for person in acme.world.company.people.values():
        if person.flaw == "nulls":
            continue
        shown = told[f"{person.number:06}"]
        assert pd.isna(shown) == (person.last_sign_in is None)
        if person.last_sign_in is not None:
            assert timedelta(0) <= person.last_sign_in - shown < timedelta(days=14)


@pytest.mark.parametrize(("interval", "behind"), [(None, {14}), (30, {30}), (0, set())])
def test_the_domain_says_how_far_behind_sign_ins_are(acme: Running, interval: int, behind: set[int]) -> None:
    """Without a word of it 14 days; a domain that renews none any more tells nothing of anybody."""
    acme.world.options["ldap_sync_interval"] = interval

    people = _whole(acme).identities

    dated = people["last_sign_in"].notna()
    assert bool(behind) == dated.any()
    assert behind == set(people["sign_in_staleness"][dated])
    assert people["sign_in_staleness"][~dated].isna().all()
    assert people["never_signed_in"].isna().all()


def test_somebody_who_moves_stays_the_same_person(acme: Running) -> None:
    """A new department is a new DN; the identifier, the groups and the reports' manager stay."""
    before = _whole(acme)
    boss = next(
        p
        for p in acme.world.company.present()
        if any(q.manager == p.number for q in acme.world.company.present())
    )
    acme.world.company.move(boss.number, {"family_name": "Ångström, Jr."})

    after = merged(before, _delta(acme, before), acme.world.company.now)

    again = _whole(acme)
    order = ["group_id", "source_id"]
    pd.testing.assert_frame_equal(
        again.memberships.sort_values(order, ignore_index=True),
        after.memberships.sort_values(order, ignore_index=True),
    )
    names = after.identities.set_index("source_id")["family_name"]
    assert "Ångström, Jr." in set(names)
    assert set(before.identities["source_id"]) == set(after.identities["source_id"])


@pytest.mark.parametrize("hidden", [False, True], ids=["deleted objects shown", "hidden"])
def test_the_deleted_are_gone_whether_or_not_the_account_may_see_them(acme: Running, hidden: bool) -> None:
    """Without the right to see deleted objects, everybody's identifiers tell it."""
    before = _whole(acme)
    leaver = acme.world.company.present()[5]
    acme.world.company.leave(leaver.number, how="deleted")
    acme.world.options["ldap_hides_deleted"] = hidden

    delta = _delta(acme, before)

    numbers = before.identities.set_index("source_id")["employee_number"]
    assert [f"{leaver.number:06}"] == [numbers[key] for key in delta.gone]


def test_whoever_seems_gone_is_looked_for_once_more(acme: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing that lacks somebody who is there takes nothing from them."""
    before = _whole(acme)
    acme.world.options["ldap_hides_deleted"] = True
    source = _open(acme)
    people = source._reading.people
    whole = people.index

    def lacking(*given):
        index = whole(*given)
        index.ids.popitem()
        return index

    monkeypatch.setattr(people, "index", lacking)

    assert not source.delta(before.checkpoint or "", before).gone


def test_a_restored_controller_is_read_whole(acme: Running) -> None:
    """It counts its changes again from where it once was."""
    before = _whole(acme)
    acme.world.options["ldap_invocation"] = "another database"

    with pytest.raises(FeedLost, match="another domain controller"):
        _delta(acme, before)


def test_an_address_of_several_controllers_is_refused(acme: Running) -> None:
    """The numbers of one mean nothing to another, and what one knows another may not know yet."""
    source = _open(acme)
    assert source.checkpoint()
    directory = source._reading.directory
    directory._connections.close()
    directory._connections._server = "CN=NTDS Settings,CN=DC2"

    with pytest.raises(Moved, match="several domain controllers") as caught:
        source.checkpoint()

    assert "`url`" in caught.value.remedy


def test_referrals_are_not_followed_and_told(acme: Running) -> None:
    """The three that every domain refers to bring no entries and no requests to other hosts."""
    door = Door()
    source = connect("ldap", acme, Path(), door)
    told = [finding for finding in source.check() if "referrals" in finding.subject]

    assert [
        "ldap://ForestDnsZones.acme.test/DC=ForestDnsZones,DC=acme,DC=test" in f.message for f in told
    ] == [True]
    assert list(door.meter.counts()) == [acme.url.removeprefix("http://")]


def test_a_refused_sign_in_says_why(acme: Running) -> None:
    """Active Directory hides the reason in a number."""
    stated = vendors.connections()["acme-ad"].resolved(acme.url)
    source = Ldap("acme-ad", LdapOptions(**{**stated, "password": "not the password"}), Door())

    with pytest.raises(CredentialRefused, match="wrong name or password") as caught:
        next(source.identities())

    assert "bind_dn" in caught.value.remedy
    assert "not the password" not in str(caught.value)


@pytest.mark.parametrize("answered", [0, 1], ids=["which server it is", "a page"])
def test_a_server_that_falls_silent_is_given_up(acme: Running, monkeypatch, answered: int) -> None:
    """Whatever it was asked: nobody waits longer than an answer may take."""
    monkeypatch.setattr("sources.ldap.connections.ANSWER", 0.2)
    acme.world.faults.add(path="/ldap", kind="timeout", seconds=30, skip=answered, times=0)
    source = Ldap("acme-ad", _open(acme)._options, Door(retry_policy=RetryPolicy(attempts=2)))

    with pytest.raises(ConnectionLost) as silent:
        list(source.identities())

    assert silent.value.remedy


def test_an_account_that_is_shown_nobody_is_warned_of(acme: Running) -> None:
    """A directory leaves out what an account may not see, and says nothing of it."""
    findings = _open(acme, base="ou=nowhere,DC=acme,DC=test").check()

    assert [(finding.subject, finding.level) for finding in findings[:2]] == [
        ("ldap: people", "warning"),
        ("ldap: groups", "warning"),
    ]
    assert "base" in (findings[0].remedy or "")
