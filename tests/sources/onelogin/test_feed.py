"""What changed in a OneLogin account: by times, by the log of events, by the number of users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.merge import FeedLost, merged
from provisioning.model.snapshots import SourceSnapshot
from sandbox.onelogin.rows import user_id
from sandbox.running import Running
from sources.onelogin.feed import Checkpoint
from sources.onelogin.source import OneLogin, OneLoginOptions
from transport.door import Door

PAIR = {"client_id": "sandbox-onelogin-id", "client_secret": "sandbox-onelogin-secret"}
EVENTS = "/onelogin/api/1/events"
ROLES = "/onelogin/api/2/roles"
USERS = "/onelogin/api/2/users"


@pytest.fixture
def fresh() -> Iterator[Running]:
    """Serve 40 people to one test, to be changed at will."""
    with Running(people=40, seed=3) as sandbox:
        yield sandbox


def onelogin(sandbox: Running, **options: Any) -> OneLogin:
    return OneLogin("one", OneLoginOptions(url=f"{sandbox.url}/onelogin", **PAIR, **options), Door())


def whole(source: OneLogin, sandbox: Running) -> SourceSnapshot:
    mark = source.checkpoint()
    people = frames.concat(frames.Identities, [page.frame for page in source.identities()])
    roles = frames.concat(frames.Memberships, [page.frame for page in source.memberships()])
    return SourceSnapshot("one", sandbox.world.company.now, True, people, roles, checkpoint=mark)


def followed(source: OneLogin, before: SourceSnapshot, sandbox: Running) -> SourceSnapshot:
    assert before.checkpoint is not None
    return merged(before, source.delta(before.checkpoint, before), sandbox.world.company.now)


def test_a_deletion_is_told_by_the_log(fresh: Running) -> None:
    """Who was deleted goes, without everybody being read again; nobody is asked for in vain."""
    source = onelogin(fresh)
    before = whole(source, fresh)
    gone = fresh.world.company.present()[0]
    fresh.world.company.leave(gone.number, how="deleted")
    fresh.world.company.hire()

    after = followed(source, before, fresh)

    told = set(after.identities["source_id"])
    assert told == {str(user_id(number)) for number in fresh.world.company.people}
    assert str(user_id(gone.number)) not in set(after.memberships["source_id"])


def test_a_deletion_nobody_told_of_is_noticed(fresh: Running) -> None:
    """Without the event the number of users still contradicts what was read."""
    source = onelogin(fresh)
    before = whole(source, fresh)
    company = fresh.world.company
    company.leave(company.present()[0].number, how="deleted")
    company.events.clear()

    with pytest.raises(FeedLost, match="users would be known"):
        followed(source, before, fresh)


def test_somebody_who_was_never_told_of_is_noticed(fresh: Running) -> None:
    """More users than are known mean that one was missed."""
    source = onelogin(fresh)
    before = whole(source, fresh)
    person = fresh.world.company.hire()
    person.updated = fresh.world.company.founded.replace(year=2000)

    with pytest.raises(FeedLost):
        followed(source, before, fresh)


def test_sign_ins_alone_are_told(fresh: Running) -> None:
    """Whoever signed in is asked by that; other columns are not touched."""
    source = onelogin(fresh)
    before = whole(source, fresh)
    company = fresh.world.company
    person = company.present()[0]
    company.sign_in(person, company.now)

    after = followed(source, before, fresh)

    now = after.identities.set_index("source_id")["last_sign_in"]
    then = before.identities.set_index("source_id")["last_sign_in"]
    assert now[str(user_id(person.number))] == pd.Timestamp(company.now)
    others = now.index != str(user_id(person.number))
    pd.testing.assert_series_equal(then[others], now[others])


def test_a_sign_in_kept_elsewhere_is_not_asked_for(fresh: Running) -> None:
    """Where another field is the last sign-in, its change is one of the user."""
    source = onelogin(fresh, attributes={"last_sign_in": "activated_at"})
    before = whole(source, fresh)
    asked = fresh.world.counters.total(USERS)

    followed(source, before, fresh)

    assert fresh.world.counters.total(USERS) - asked == 2


def roles_listed(source: OneLogin, before: SourceSnapshot, sandbox: Running) -> bool:
    """Follow, and tell whether more than the number of roles was asked for."""
    asked = sandbox.world.counters.total(ROLES)
    followed(source, before, sandbox)
    return sandbox.world.counters.total(ROLES) - asked > 1


def test_roles_are_listed_only_when_one_changed(fresh: Running) -> None:
    """As long as the log tells of no role and there are as many as before, they are left alone."""
    source, company = onelogin(fresh), fresh.world.company
    before = whole(source, fresh)
    company.move(company.present()[0].number, {"title": "Chief"})

    quiet = roles_listed(source, before, fresh)
    company.quit(company.present()[0], ["everyone"])

    assert not quiet
    assert roles_listed(source, before, fresh)


def test_a_log_that_may_not_be_read_or_is_old_is_not_relied_on(faulty: Running) -> None:
    """Where the log cannot tell, roles are listed each time."""
    faulty.world.faults.add(path=EVENTS, status=403, times=0)
    source = onelogin(faulty)
    before = whole(source, faulty)
    assert roles_listed(source, before, faulty)
    faulty.world.faults.clear()

    told = whole(source, faulty)
    assert told.checkpoint is not None
    week = str(Checkpoint.parse(told.checkpoint)._replace(at="2026-11-01T08:00:00Z"))

    assert not roles_listed(source, told, faulty)
    assert roles_listed(source, replace(told, checkpoint=week), faulty)


def test_a_role_outside_the_patterns_leaves(fresh: Running) -> None:
    """A role renamed out of the patterns, or deleted, has no members any more."""
    company = fresh.world.company
    person = company.present()[0]
    company.join(person, ["atl-old", "atl-gone", "atl-kept"])
    source = onelogin(fresh, roles=["atl-*"])
    before = whole(source, fresh)
    company.rename_group("atl-old", "other")
    company.remove_group("atl-gone")

    after = followed(source, before, fresh)

    lost = set(before.memberships["group_name"]) - set(after.memberships["group_name"])
    assert lost == {"atl-old", "atl-gone"}


def test_an_account_without_totals_has_no_feed(fresh: Running) -> None:
    """Where the number of users is not told, a deletion could be missed: everything is read."""
    source = onelogin(fresh)
    before = whole(source, fresh)
    fresh.world.options["onelogin_bare"] = True

    assert onelogin(fresh).checkpoint() is None
    with pytest.raises(FeedLost):
        followed(source, before, fresh)
