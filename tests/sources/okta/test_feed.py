"""What changed in an Okta org: what its log tells, and groups that come into or go out of view."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.merge import Delta, FeedLost, merged
from provisioning.model.snapshots import SourceSnapshot
from sandbox.company.company import Company
from sandbox.okta.rows import group_id, user_id
from sandbox.running import Running
from sources.okta.feed import PAGE
from sources.okta.source import Okta, OktaOptions
from transport.door import Door
from transport.server_clock import stamp

LOG = "/okta/api/v1/logs"


@pytest.fixture
def fresh() -> Iterator[Running]:
    """Serve 40 people to one test, to be changed at will, a day after the start."""
    with Running(people=40, seed=3) as sandbox:
        sandbox.world.advance(1)
        yield sandbox


@pytest.fixture
def company(fresh: Running) -> Company:
    """Return the people and groups that are served."""
    return fresh.world.company


def okta(sandbox: Running, **options: Any) -> Okta:
    settings = {"token": "sandbox-okta-token", "groups": ["lab-*"], **options}
    return Okta("okta-main", OktaOptions(url=f"{sandbox.url}/okta", **settings), Door())


def whole(source: Okta, sandbox: Running) -> SourceSnapshot:
    mark = source.checkpoint()
    people = frames.concat(frames.Identities, [page.frame for page in source.identities()])
    groups = frames.concat(frames.Memberships, [page.frame for page in source.memberships()])
    return SourceSnapshot("okta-main", sandbox.world.company.now, True, people, groups, checkpoint=mark)


def changes(source: Okta, before: SourceSnapshot) -> Delta:
    assert before.checkpoint is not None
    return source.delta(before.checkpoint, before)


def held(snapshot: SourceSnapshot) -> set[tuple[str, str]]:
    rows = snapshot.memberships
    return set(zip(rows["group_name"], rows["source_id"], strict=True))


def test_groups_follow_what_becomes_of_them(fresh: Running, company: Company) -> None:
    """Groups vanish when deleted, emptied or renamed out of the patterns; renamed into them they appear."""
    names = ("lab-deleted", "lab-emptied", "lab-out", "other-in", "lab-kept")
    ada, ben, *_ = company.present()
    company.join(ada, names)
    company.join(ben, ["lab-kept"])
    company.now += timedelta(hours=1)
    before = whole(okta(fresh), fresh)
    company.now += timedelta(hours=1)

    company.remove_group("lab-deleted")
    company.quit(ada, ["lab-emptied", "lab-kept"])
    company.rename_group("lab-out", "other-out")
    company.rename_group("other-in", "lab-in")
    after = merged(before, changes(okta(fresh), before), company.now)

    gone = {("lab-deleted", "ada"), ("lab-emptied", "ada"), ("lab-out", "ada"), ("lab-kept", "ada")}
    ids = {"ada": user_id(ada.number), "ben": user_id(ben.number)}
    assert {(name, ids[who]) for name, who in gone} <= held(before)
    assert held(after) == {("lab-in", ids["ada"]), ("lab-kept", ids["ben"])}


def test_an_imported_group_is_deleted_as_well(fresh: Running, company: Company) -> None:
    """A group that came from another directory has an event of its own, and vanishes by it."""
    group = company.add_group("CN=Imported,DC=acme", kind="app")
    company.join(company.present()[0], [group.name])
    source = okta(fresh, groups=["Imported"])
    before = whole(source, fresh)

    company.remove_group(group.name)
    delta = changes(source, before)

    assert before.memberships["group_id"].tolist() == [group_id(group)]
    assert set(delta.groups) == {group_id(group)}
    assert merged(before, delta, company.now).memberships.empty


def test_the_deleted_go_and_their_reports_are_read_again(fresh: Running, company: Company) -> None:
    """No listing tells of a deletion; the log does, and only of the one who was deleted."""
    boss = next(p for p in company.present() if any(q.manager == p.number for q in company.present()))
    source = okta(fresh)
    before = whole(source, fresh)

    company.leave(boss.number, how="deleted")
    delta = changes(source, before)

    assert set(delta.gone) == {user_id(boss.number)}
    after = merged(before, delta, company.now).identities
    assert set(after["source_id"]) == set(before.identities["source_id"]) - {user_id(boss.number)}
    assert boss.login in set(before.identities["manager"])
    assert boss.login not in set(after["manager"])


def test_a_sign_in_is_told_and_a_refused_one_is_not(fresh: Running, company: Company) -> None:
    """Who signed in has a later last sign-in though the record did not change; a failure does not count."""
    ada, ben, *_ = company.in_state("active")
    source = okta(fresh)
    before = whole(source, fresh)
    fresh.world.company.now += timedelta(hours=1)

    company.sign_in(ada, company.now)
    company.record("failed_sign_in", ben)
    delta = changes(source, before)

    assert delta.identities.empty
    assert delta.sign_ins["source_id"].tolist() == [user_id(ada.number)]
    assert delta.sign_ins["last_sign_in"].tolist() == [pd.Timestamp(company.now)]


def test_a_sign_in_leaves_another_field_alone(fresh: Running, company: Company) -> None:
    """Where the connection takes the last sign-in from the profile, the log does not overwrite it."""
    source = okta(fresh, attributes={"last_sign_in": "hireDate"})
    before = whole(source, fresh)

    company.sign_in(company.in_state("active")[0], company.now)
    after = merged(before, changes(source, before), company.now)

    pd.testing.assert_series_equal(before.identities["last_sign_in"], after.identities["last_sign_in"])


def test_the_log_is_read_to_its_last_page(fresh: Running, company: Company) -> None:
    """More events than a page holds are all read, and of one person the latest sign-in counts."""
    ada, ben, *_ = company.in_state("active")
    source = okta(fresh)
    before = whole(source, fresh)
    first = company.now
    for _ in range(PAGE):
        company.sign_in(ada, first)
    company.now += timedelta(minutes=1)
    company.sign_in(ada, company.now)
    company.sign_in(ben, company.now)

    told = changes(source, before).sign_ins.set_index("source_id")["last_sign_in"]

    assert told[user_id(ada.number)] == told[user_id(ben.number)] == pd.Timestamp(company.now)


def test_the_log_is_not_read_past_the_present(fresh: Running, company: Company) -> None:
    """A page with an event younger than the reading ends it, though the log always names a next page."""
    source = okta(fresh)
    before = whole(source, fresh)
    ada = company.in_state("active")[0]

    company.sign_in(ada, company.now)
    to_the_empty_page = asked(fresh, source, before)
    company.sign_in(ada, company.now + timedelta(seconds=30))
    to_the_younger_event = asked(fresh, source, before)

    assert (to_the_empty_page, to_the_younger_event) == (2, 1)


def test_nothing_changed_is_three_requests(fresh: Running, company: Company) -> None:
    """Users, groups and the log are asked once each, and no members."""
    company.now += timedelta(hours=1)
    source = okta(fresh, groups=["*"])
    before = whole(source, fresh)
    start = fresh.world.counters.total("/okta")

    delta = changes(source, before)

    assert fresh.world.counters.total("/okta") - start == 3
    assert delta.identities.empty
    assert not delta.groups


@pytest.mark.parametrize(("days", "told"), [(89, True), (90, False)])
def test_the_log_reaches_back_ninety_days(fresh: Running, days: int, told: bool, company: Company) -> None:
    """Beyond that it answers as if nothing had happened, so an older checkpoint is not followed."""
    source = okta(fresh)
    before = whole(source, fresh)
    checkpoint = stamp(company.now - timedelta(days=days))

    if told:
        assert source.delta(checkpoint, before).checkpoint == stamp(company.now)
    else:
        with pytest.raises(FeedLost, match="90 days"):
            source.delta(checkpoint, before)


def test_without_the_log_there_are_only_whole_reads(fresh: Running) -> None:
    """A credential that may not read the log has no feed, and check says so and what to do."""
    fresh.world.options["okta_tokens"] = {"lean": ["okta.users.read", "okta.groups.read"]}
    source = okta(fresh, token="lean")

    *_, finding = source.check()

    assert source.checkpoint() is None
    assert finding.level == "warning"
    assert "every read is a whole one" in finding.message
    assert "okta.logs.read" in str(finding.remedy)
    assert len(whole(source, fresh).identities)


def asked(sandbox: Running, source: Okta, before: SourceSnapshot) -> int:
    """Count the requests for the log that a delta makes."""
    start = sandbox.world.counters.total(LOG)
    changes(source, before)
    return sandbox.world.counters.total(LOG) - start
