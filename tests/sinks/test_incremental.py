"""What every target with a feed of changes promises, held over all kinds in the table."""

from __future__ import annotations

import os
import random
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.findings import Refused
from provisioning.model.merge import FeedLost
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.target_merge import merged_target
from provisioning.model.terms import Action
from sandbox.running import Running
from sinks import Sink, connector
from sinks.kit.feed import TargetFeed
from tests.pages import positions
from tests.sinks.cases import CASES, PARTS, change, connect, read, story
from tests.sinks.test_contract import BREAKS, sent
from transport.door import Door
from transport.errors import TransportError
from transport.retry_policy import RetryPolicy

FEEDS = [kind for kind in CASES if hasattr(connector(kind), "delta")]
DAYS = int(os.environ.get("SEATWISE_DAYS", "60"))
"""Days that deltas are followed; 200 where there is time."""
READ = 0.4
"""Share of the days on which the target is read."""
USED = ["activity", "last_active"]
"""What no feed tells: when an account was last used."""


def whole(sink: Sink, sandbox: Running) -> TargetSnapshot:
    """A whole read that deltas can rest on."""
    assert isinstance(sink, TargetFeed)
    mark = sink.checkpoint()
    parts = {part: read(sink, part) for part in PARTS}
    return TargetSnapshot(sink.kind, sandbox.world.company.now, complete=True, **parts, checkpoint=mark)


def followed(
    sink: Sink, before: TargetSnapshot, sandbox: Running, written: Collection[str] = ()
) -> TargetSnapshot:
    """What a read by changes makes of the one before it."""
    assert isinstance(sink, TargetFeed)
    assert before.checkpoint is not None
    delta = sink.delta(before.checkpoint, before, written)
    return merged_target(before, delta, sandbox.world.company.now)


def assert_same(one: TargetSnapshot, other: TargetSnapshot) -> None:
    """The same rows in every part, when they were last used apart."""
    for part in PARTS:
        mine, theirs = (_facts(getattr(snapshot, part)) for snapshot in (one, other))
        pd.testing.assert_frame_equal(mine, theirs, obj=part)


def _facts(rows: pd.DataFrame) -> pd.DataFrame:
    kept = rows.drop(columns=USED, errors="ignore")
    by = [name for name in ("account_id", "kind", "entitlement_id", "product", "site") if name in kept]
    return kept.sort_values(by, ignore_index=True)


def test_targets_with_a_feed_use_it() -> None:
    """What tells changes is asked for them; any other target is read whole."""
    assert {"atlassian_org"} <= set(FEEDS)


@pytest.mark.parametrize("kind", FEEDS)
def test_nothing_changed_costs_little_and_changes_nothing(kind: str, acme: Running, tmp_path: Path) -> None:
    """A delta without changes leaves every row as it was, for requests that do not grow with the accounts."""
    before = whole(connect(kind, acme, tmp_path, Door()), acme)
    door = Door()

    after = followed(connect(kind, acme, tmp_path, door), before, acme)

    assert_same(before, after)
    assert sent(door) <= CASES[kind].unchanged


@pytest.mark.parametrize("kind", FEEDS)
def test_a_larger_company_costs_no_more_where_nothing_changed(kind: str, tmp_path: Path) -> None:
    """The requests of a whole read grow with the accounts, those of a delta do not."""
    costs = []
    for people in (60, 1_200):
        with Running(people=people, seed=3) as sandbox:
            reading, following = Door(), Door()
            before = whole(connect(kind, sandbox, tmp_path, reading), sandbox)
            followed(connect(kind, sandbox, tmp_path, following), before, sandbox)
            costs.append((sent(reading), sent(following)))
    (small, delta), (large, same) = costs

    assert large > 2 * small
    assert same == delta


@pytest.mark.parametrize("kind", FEEDS)
def test_deltas_equal_a_whole_read_after_many_days(kind: str, tmp_path: Path) -> None:
    """After many days of people and administrators, nothing is missed or left, and few reads were whole."""
    dice, lost, read_by_changes = random.Random(kind), list[str](), 0
    with Running(people=60, seed=3) as sandbox:
        admin = connect(kind, sandbox, tmp_path, Door(writable=True))
        known = whole(connect(kind, sandbox, tmp_path, Door()), sandbox)
        for day in range(1, DAYS + 1):
            sandbox.world.advance(1)
            if dice.random() < READ:
                administer(admin, known, dice)
            if day < DAYS and dice.random() > READ:
                continue
            sink = connect(kind, sandbox, tmp_path, Door())
            try:
                known = followed(sink, known, sandbox)
                read_by_changes += 1
            except FeedLost as why:
                lost.append(str(why))
                known = whole(sink, sandbox)

        assert_same(whole(connect(kind, sandbox, tmp_path, Door()), sandbox), known)
    assert len(lost) <= read_by_changes / 10, lost


def administer(sink: Sink, known: TargetSnapshot, dice: random.Random) -> None:
    """Do something to somebody, as an administrator would; what the target refuses was not done."""
    accounts, groups = known.accounts, known.entitlements.query("kind == 'group'")
    group, number = groups.iloc[dice.randrange(len(groups))], dice.randrange(10**6)
    action = dice.choice(sorted(sink.actions))
    facts: dict[str, Any] = {
        Action.CREATE: {"subject": f"new.{number}@acme.test", "after": {"email": f"new.{number}@acme.test"}},
        Action.CREATE_GROUP: {"subject": f"team-{number}", "kind": "group", "entitlement": f"team-{number}"},
        Action.UPDATE: {"after": CASES[sink.kind].profile},
        Action.UPDATE_EMAIL: {"after": {"email": f"other.{number}@acme.test"}},
    }.get(action, {"kind": "group", "entitlement_id": group["entitlement_id"], "entitlement": group["name"]})
    account = str(accounts["account_id"].iloc[dice.randrange(len(accounts))])
    nobody = action in (Action.CREATE, Action.CREATE_GROUP)
    with suppress(Refused, TransportError):
        sink.apply([change(sink, action, None if nobody else account, **facts)])


@pytest.mark.parametrize("fault", BREAKS, ids=lambda f: f"{f['kind']}{f.get('status', '')}")
@pytest.mark.parametrize("kind", FEEDS)
def test_a_fault_on_any_page_of_a_delta_is_no_delta(
    kind: str, fault: dict[str, object], faulty: Running, tmp_path: Path
) -> None:
    """Whatever request of a delta fails for good, nothing of it counts, or what may be left out was."""
    home = CASES[kind].home
    admin = connect(kind, faulty, tmp_path, Door(writable=True))
    before = whole(connect(kind, faulty, tmp_path, Door()), faulty)
    (made, *back) = story(admin, "group")
    admin.apply([made])
    written = [str(made.account_id)]
    start = faulty.world.counters.total(home)
    good = followed(connect(kind, faulty, tmp_path, Door()), before, faulty, written)
    requests = faulty.world.counters.total(home) - start

    for request in positions(requests, many=fault == BREAKS[0]):
        faulty.world.faults.clear()
        faulty.world.faults.add(path=home, skip=request, times=0, **fault)
        sink = connect(kind, faulty, tmp_path, Door(retry_policy=RetryPolicy(attempts=2)))
        with suppress(TransportError, FeedLost):
            assert_same(good, followed(sink, before, faulty, written))
    faulty.world.faults.clear()
    admin.apply(back)


@pytest.mark.parametrize("kind", FEEDS)
def test_a_feed_that_does_not_tell_our_own_writes_is_not_trusted(
    kind: str, acme: Running, tmp_path: Path
) -> None:
    """Where nothing is told of an account that was written, nothing else may be told either."""
    sink = connect(kind, acme, tmp_path, Door())
    before = whole(sink, acme)

    with pytest.raises(FeedLost, match="wrote"):
        followed(sink, before, acme, [str(before.accounts["account_id"].iloc[0])])


@pytest.mark.parametrize("kind", FEEDS)
def test_a_checkpoint_of_another_time_is_told(kind: str, fresh: Running, tmp_path: Path) -> None:
    """One too old, and one of the future, are no place to go on from."""
    sink = connect(kind, fresh, tmp_path, Door())
    before = whole(sink, fresh)
    fresh.world.advance(200)
    with pytest.raises(FeedLost):
        followed(sink, before, fresh)
    late = whole(connect(kind, fresh, tmp_path, Door()), fresh)
    fresh.world.company.now = before.taken_at

    with pytest.raises(FeedLost):
        followed(connect(kind, fresh, tmp_path, Door()), late, fresh)


@pytest.mark.parametrize("kind", FEEDS)
def test_a_delta_is_made_of_valid_frames(kind: str, fresh: Running, tmp_path: Path) -> None:
    """What is laid over a read has the types of a read."""
    admin = connect(kind, fresh, tmp_path, Door(writable=True))
    before = whole(admin, fresh)
    admin.apply(story(admin, "suspension")[:1] if CASES[kind].able("suspension", admin.actions) else [])

    after = followed(connect(kind, fresh, tmp_path, Door()), before, fresh)

    for part, model in PARTS.items():
        pd.testing.assert_frame_equal(model.validate(getattr(after, part)), getattr(after, part))
    assert frames.Rejects.validate(after.rejects) is not None
