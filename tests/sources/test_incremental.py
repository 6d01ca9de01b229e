"""What every source with a feed of changes promises, held over all kinds in the table."""

from __future__ import annotations

import os
import random
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pytest

from provisioning.model.merge import FeedLost, merged
from provisioning.model.snapshots import SourceSnapshot
from sandbox.running import Running
from sources import Source, connector
from sources.kit.feed import Feed
from tests.pages import positions
from tests.sources.cases import CASES, connect
from tests.sources.test_contract import BREAKS, PARTS, hasty, read, sent
from transport.door import Door
from transport.errors import TransportError

FEEDS = [name for name, case in CASES.items() if hasattr(connector(case.kind or name), "delta")]
DAYS = int(os.environ.get("SEATWISE_DAYS", "60"))
"""Days that deltas are followed; 200 where there is time."""
READ = 0.4
"""Share of the days on which the source is read."""


def whole(source: Source, sandbox: Running) -> SourceSnapshot:
    assert isinstance(source, Feed)
    mark = source.checkpoint()
    parts = {part: read(source, part) for part in PARTS}
    return SourceSnapshot(source.kind, sandbox.world.company.now, True, checkpoint=mark, **parts)


def followed(source: Source, before: SourceSnapshot, sandbox: Running) -> SourceSnapshot:
    assert isinstance(source, Feed)
    assert before.checkpoint is not None
    return merged(before, source.delta(before.checkpoint, before), sandbox.world.company.now)


def facts(snapshot: SourceSnapshot) -> tuple[pd.DataFrame, pd.DataFrame]:
    people = snapshot.identities.sort_values("source_id", ignore_index=True)
    people.loc[people["state"] == "departed", list(CASES[snapshot.source].remembers)] = None
    order = ["group_id", "source_id"]
    return people, snapshot.memberships.sort_values(order, ignore_index=True)


def assert_same(one: SourceSnapshot, other: SourceSnapshot) -> None:
    for mine, theirs in zip(facts(one), facts(other), strict=True):
        pd.testing.assert_frame_equal(mine, theirs)


def test_directories_with_a_feed_use_it() -> None:
    """What tells changes is asked for them; a source that came later may be read whole."""
    assert {"okta", "entra", "onelogin", "scim"} <= {CASES[name].kind or name for name in FEEDS}


@pytest.mark.parametrize("kind", FEEDS)
def test_nothing_changed_costs_little_and_changes_nothing(kind: str, acme: Running, tmp_path: Path) -> None:
    """A delta of a day without changes leaves every row as it was, for a handful of requests."""
    before = whole(connect(kind, acme, tmp_path, Door()), acme)
    door = Door()

    after = followed(connect(kind, acme, tmp_path, door), before, acme)

    assert_same(before, after)
    assert sent(door) <= 6


@pytest.mark.parametrize("kind", FEEDS)
def test_deltas_equal_a_whole_read_after_many_days(kind: str, tmp_path: Path) -> None:
    """After many days of joins, moves, leaves, rehires and group changes, nothing is missed or left."""
    dice = random.Random(kind)
    with Running(people=60, seed=3) as sandbox:
        source = connect(kind, sandbox, tmp_path, Door())
        known = whole(source, sandbox)
        for day in range(1, DAYS + 1):
            sandbox.world.advance(1)
            stir(sandbox, dice)
            if day < DAYS and dice.random() > READ:
                continue
            try:
                known = followed(source, known, sandbox)
            except FeedLost:
                known = whole(source, sandbox)

        assert_same(whole(connect(kind, sandbox, tmp_path, Door()), sandbox), known)


def stir(sandbox: Running, dice: random.Random) -> None:
    """Change groups the way administrators do; people come and go by the calendar."""
    company = sandbox.world.company
    names = sorted(name for name in company.groups if name.startswith("team-"))
    what = dice.random()
    if what < 0.05:
        company.join(dice.choice(company.present()), [f"team-{dice.randrange(10**6)}"])
    elif what < 0.10 and names:
        company.rename_group(dice.choice(names), f"team-{dice.randrange(10**6)}")
    elif what < 0.13 and names:
        company.remove_group(dice.choice(names))
    elif what < 0.16:
        company.leave(dice.choice(company.present()).number, how="deleted")
    elif what < 0.3 and names:
        company.join(dice.choice(company.present()), [dice.choice(names)])


@pytest.mark.parametrize("fault", BREAKS, ids=lambda f: f"{f['kind']}{f.get('status', '')}")
@pytest.mark.parametrize("kind", FEEDS)
def test_a_fault_on_any_page_of_a_delta_raises(
    kind: str, fault: dict[str, object], faulty: Running, tmp_path: Path
) -> None:
    """Whatever request of a delta fails for good, nothing of it counts."""
    path = "/" + next(iter(CASES[kind].paths.values())).split("/")[1]
    before = whole(connect(kind, faulty, tmp_path, Door()), faulty)
    faulty.world.advance(1)
    start = faulty.world.counters.total(path)
    followed(connect(kind, faulty, tmp_path, Door()), before, faulty)
    requests = faulty.world.counters.total(path) - start
    assert requests > 1

    for request in positions(requests, many=fault == BREAKS[0]):
        faulty.world.faults.clear()
        faulty.world.faults.add(path=path, skip=request, times=0, **fault)
        source = connect(kind, faulty, tmp_path, hasty())

        with pytest.raises(TransportError) as failure:
            followed(source, before, faulty)

        assert failure.value.remedy


@pytest.mark.parametrize("kind", FEEDS)
def test_a_checkpoint_too_old_is_told(kind: str, tmp_path: Path) -> None:
    """A delta either reaches back as far as its checkpoint or says that it cannot; it never guesses."""
    with Running(people=20, seed=4) as sandbox:
        source = connect(kind, sandbox, tmp_path, Door())
        before = whole(source, sandbox)
        sandbox.world.advance(120)
        now = whole(connect(kind, sandbox, tmp_path, Door()), sandbox)
        with suppress(FeedLost):
            assert_same(now, followed(source, before, sandbox))
        assert not now.identities.equals(before.identities)
