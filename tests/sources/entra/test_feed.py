"""What is Entra's own in following changes: deletions and returns, ancestors, applications, lost tokens."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import orjson
import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.merge import Delta, FeedLost, merged
from provisioning.model.snapshots import SourceSnapshot
from sandbox.company.people import ACTIVE, Person
from sandbox.entra import face as entra
from sandbox.entra.auth import BASIC, CLIENT, TENANT
from sandbox.entra.ids import guid
from sandbox.entra.rows import user_id
from sandbox.entra.tree import units
from sandbox.running import Running
from sources.entra.source import Entra, EntraOptions
from tests.sandbox.entra.client import SECRETS
from transport.door import Door
from transport.errors import ForeignHost, Malformed

FEEDS = ("/entra/v1.0/users/delta", "/entra/v1.0/groups/delta")


@pytest.fixture
def tenant() -> Iterator[Running]:
    """Serve 40 people to one test, to be changed at will."""
    with Running(people=40, seed=3, faces=(entra.FACE,)) as sandbox:
        yield sandbox


def connect(sandbox: Running, door: Door | None = None, **options: Any) -> Entra:
    here, client = f"{sandbox.url}/entra", options.pop("client_id", CLIENT)
    made = EntraOptions(
        tenant=TENANT, client_id=client, client_secret=SECRETS[client], authority=here, graph=here, **options
    )
    return Entra("entra", made, door or Door())


def whole(sandbox: Running, **options: Any) -> SourceSnapshot:
    source = connect(sandbox, **options)
    mark = source.checkpoint()
    pages = {"identities": list(source.identities()), "memberships": list(source.memberships())}
    models: dict[str, Any] = {"identities": frames.Identities, "memberships": frames.Memberships}
    parts = {name: frames.concat(models[name], [page.frame for page in pages[name]]) for name in pages}
    return SourceSnapshot("entra", sandbox.world.company.now, True, checkpoint=mark, **parts)


def told(sandbox: Running, before: SourceSnapshot, door: Door | None = None, **options: Any) -> Delta:
    assert before.checkpoint is not None
    return connect(sandbox, door, **options).delta(before.checkpoint, before)


def assert_equal(sandbox: Running, before: SourceSnapshot, **options: Any) -> None:
    """Hold a delta laid over a read to what reading everything gives."""
    now = merged(before, told(sandbox, before, **options), sandbox.world.company.now)
    again = whole(sandbox, **options)
    for mine, theirs, key in (
        (now.identities, again.identities, ["source_id"]),
        (now.memberships, again.memberships, ["group_id", "source_id"]),
    ):
        pd.testing.assert_frame_equal(
            mine.sort_values(key, ignore_index=True), theirs.sort_values(key, ignore_index=True)
        )


def staff(sandbox: Running) -> list[Person]:
    return [p for p in sandbox.world.company.people.values() if p.state == ACTIVE and not p.flaw]


def boss_of(sandbox: Running) -> Person:
    """Return somebody whom others have for a manager."""
    people = sandbox.world.company.people
    chosen = next(p for p in staff(sandbox) if any(other.manager == p.number for other in people.values()))
    # Never signed in, so that a read of the deleted knows as much as one of the living.
    chosen.last_sign_in = None
    return chosen


def asked(sandbox: Running, *paths: str) -> int:
    return sum(sandbox.world.counters.total(path) for path in paths)


def test_nothing_changed_is_three_requests(tenant: Running) -> None:
    """One page of each feed and one of sign-ins, whatever the size of the tenant."""
    before = whole(tenant)
    tenant.world.counters.clear()

    delta = told(tenant, before)

    assert asked(tenant, "/entra/v1.0/") == 3
    assert (len(delta.identities), len(delta.memberships), set(delta.gone)) == (0, 0, set())


def test_the_checkpoint_holds_no_secret(tenant: Running) -> None:
    """Delta links, a time and digests; neither the secret nor a token of access."""
    mark = connect(tenant, apps=["Atlassian*"]).checkpoint()

    assert mark is not None
    assert set(orjson.loads(mark)) == {"users", "groups", "at", "apps"}
    assert SECRETS[CLIENT] not in mark
    assert "Bearer" not in mark


def test_the_deleted_depart_and_the_purged_vanish(tenant: Running) -> None:
    """Whoever can be restored is departed and in no group; whoever cannot be is gone."""
    company, before = tenant.world.company, whole(tenant)
    soft, hard = staff(tenant)[:2]
    soft.last_sign_in = None
    company.leave(soft.number)
    company.leave(hard.number, how="deleted")

    delta = told(tenant, before)

    assert set(delta.gone) == {user_id(hard)}
    assert delta.identities.set_index("source_id")["state"][user_id(soft)] == "departed"
    people = merged(before, delta, company.now)
    assert not people.memberships["source_id"].isin([user_id(soft), user_id(hard)]).any()


@pytest.mark.parametrize("silent", [False, True], ids=["told", "silent"])
def test_leaving_and_returning_equals_a_whole_read(tenant: Running, silent: bool) -> None:
    """Groups, reports and the last sign-in of someone restored come back, though no feed names them."""
    tenant.world.options["entra_delta_silent"] = silent
    company, boss = tenant.world.company, boss_of(tenant)
    before = whole(tenant)
    company.leave(boss.number)
    assert_equal(tenant, before)

    before = whole(tenant)
    boss.last_sign_in = company.now - timedelta(days=3)
    company.now += timedelta(days=1)
    company.rehire(boss.number)

    assert_equal(tenant, before)


def test_a_manager_with_a_new_name_reaches_the_reports(tenant: Running) -> None:
    """The reports did not change themselves, and name their manager anew."""
    boss = boss_of(tenant)
    before = whole(tenant)
    tenant.world.company.move(boss.number, {"login": "other.name@acme.test"})

    delta = told(tenant, before)

    assert "other.name@acme.test" in set(delta.identities["manager"])
    assert_equal(tenant, before)


@pytest.mark.parametrize("silent", [False, True], ids=["told", "silent"])
@pytest.mark.parametrize("what", ["joined", "renamed", "removed"])
def test_a_change_inside_reaches_the_groups_around(tenant: Running, what: str, silent: bool) -> None:
    """Who is in a group, its name and its end show in the rows of every group that holds it."""
    tenant.world.options["entra_delta_silent"] = silent
    wanted = {"groups": ["all-*"]}
    company = tenant.world.company
    team = next(name for name in company.groups if name.startswith("team-engineering"))
    before = whole(tenant, **wanted)
    match what:
        case "joined":
            company.join(next(p for p in staff(tenant) if team not in p.groups), [team])
        case "renamed":
            company.rename_group(team, f"{team}-new")
        case _:
            company.remove_group(team)

    outer = {units(tenant.world)[name].id for name in ("all-engineering", "all-tech")}
    assert outer <= set(told(tenant, before, **wanted).groups)
    assert_equal(tenant, before, **wanted)


def test_the_feed_may_come_in_small_repeated_pages(tenant: Running) -> None:
    """A group that comes in parts and objects that come twice are read again once."""
    small = {"entra_delta_size": 2, "entra_delta_members": 3, "entra_delta_repeats": True}
    before = whole(tenant)
    tenant.world.options |= small
    for person in staff(tenant)[:7]:
        tenant.world.company.move(person.number, {"title": "Pilot", "add_groups": ["pilots"]})

    assert_equal(tenant, before)


@pytest.mark.parametrize("change", ["group", "role", "label", "app"])
def test_applications_are_read_again_when_they_changed(tenant: Running, change: str) -> None:
    """A change in an assigned group, in whom it is assigned to, its name or its end shows; others rest."""
    company = tenant.world.company
    before = whole(tenant, apps=["*"])
    app = next(app for app in company.apps if app.name == "atlassian")
    match change:
        case "group":
            company.join(next(p for p in staff(tenant) if app.groups[0] not in p.groups), [app.groups[0]])
        case "role":
            app.groups = app.groups[1:]
        case "label":
            app.label = "Another name"
        case _:
            company.apps.remove(app)

    touched = {key.partition("/")[0] for key in told(tenant, before, apps=["*"]).groups}
    principals = {guid("principal", each.number) for each in (app, *company.apps)}
    assert guid("principal", app.number) in touched
    assert change == "group" or touched & principals == {guid("principal", app.number)}
    assert_equal(tenant, before, apps=["*"])


def test_applications_that_did_not_change_are_left_alone(tenant: Running) -> None:
    """Whom they are assigned to is listed, and no member is read."""
    before = whole(tenant, apps=["*"])

    assert set(told(tenant, before, apps=["*"]).groups) == set()


@pytest.mark.parametrize("gone", [False, True], ids=["400", "410"])
def test_an_expired_link_is_told(tenant: Running, gone: bool) -> None:
    """Whatever way Graph says that a token is too old, the source has to be read whole."""
    tenant.world.options["entra_delta_gone"] = gone
    before = whole(tenant)
    tenant.world.company.now += timedelta(days=8)

    with pytest.raises(FeedLost, match=r"sync state|[Rr]esync"):
        told(tenant, before)


def test_a_link_to_another_host_is_refused(tenant: Running) -> None:
    """The token of access goes to the connection's host alone."""
    before = whole(tenant)
    assert before.checkpoint is not None
    mark = orjson.loads(before.checkpoint)
    mark["groups"] = mark["groups"].replace("127.0.0.1", "graph.example.com")

    with pytest.raises(ForeignHost):
        connect(tenant).delta(orjson.dumps(mark).decode(), before)


def test_sign_ins_that_may_not_be_read_are_unknown(tenant: Running, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal brings no sign-in and wipes out none, and last working days are done without."""
    before = whole(tenant, client_id=BASIC)
    tenant.world.advance(1)
    with caplog.at_level(logging.WARNING):
        delta = told(tenant, before, client_id=BASIC)

    assert delta.sign_ins.empty
    assert "sign-ins are unknown" in caplog.text
    assert_equal(tenant, before, client_id=BASIC)


def test_only_new_sign_ins_are_told(tenant: Running) -> None:
    """Who signed in since the last read is listed, nobody else."""
    company, before = tenant.world.company, whole(tenant)
    company.now += timedelta(hours=2)
    company.sign_in(staff(tenant)[0], company.now)

    delta = told(tenant, before)

    assert list(delta.sign_ins["source_id"]) == [user_id(staff(tenant)[0])]
    assert list(delta.sign_ins["last_sign_in"]) == [company.now]


def test_a_tenant_without_feeds_has_no_checkpoint(tenant: Running, caplog: pytest.LogCaptureFixture) -> None:
    """Where delta is refused the source is always read whole, and the log says why."""
    tenant.world.faults.add(path=FEEDS[0], times=0, kind="status", status=400)
    with caplog.at_level(logging.WARNING):
        assert connect(tenant).checkpoint() is None

    assert "always read whole" in caplog.text


@pytest.mark.parametrize("path", FEEDS)
def test_a_round_without_a_delta_link_is_malformed(path: str, tenant: Running) -> None:
    """A last page that does not say where to go on next time is no end."""
    before = whole(tenant)
    tenant.world.faults.add(path=path, times=0, status=200, body={"value": []})

    with pytest.raises(Malformed, match="deltaLink"):
        told(tenant, before)


def removed(reason: str, person: Person, sandbox: Running) -> dict[str, Any]:
    rows = [{"id": user_id(person), "@removed": {"reason": reason}}]
    link = f"{sandbox.url}{FEEDS[0]}?$deltatoken=next"
    return {"path": FEEDS[0], "status": 200, "body": {"value": rows, "@odata.deltaLink": link}}


def test_a_feed_that_contradicts_the_listings_is_lost(tenant: Running) -> None:
    """Someone who can be restored and is not among the deleted is no one to guess about."""
    company, person = tenant.world.company, staff(tenant)[0]
    before = whole(tenant)
    company.leave(person.number, how="deleted")
    tenant.world.faults.add(**removed("changed", person, tenant))

    with pytest.raises(FeedLost, match=user_id(person)):
        told(tenant, before)


def test_someone_restored_meanwhile_lives(tenant: Running) -> None:
    """The listings count, not what the feed said a moment ago."""
    person, before = staff(tenant)[0], whole(tenant)
    tenant.world.faults.add(**removed("changed", person, tenant))

    delta = told(tenant, before)

    assert (delta.identities["state"].tolist(), set(delta.gone)) == (["active"], set())


def test_without_the_right_to_ask_a_restoration_is_read_whole(tenant: Running) -> None:
    """Which groups someone restored is in is asked of Graph or read again, never guessed."""
    company, boss = tenant.world.company, boss_of(tenant)
    company.leave(boss.number)
    before = whole(tenant)
    company.now += timedelta(days=1)
    company.rehire(boss.number)
    tenant.world.faults.add(path=f"/entra/v1.0/users/{user_id(boss)}", times=0, status=403)

    with pytest.raises(FeedLost, match="restored"):
        told(tenant, before)
