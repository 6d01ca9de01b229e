"""What every sink promises, held over all kinds in the table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from provisioning.decide.preconditions import postcondition_holds
from provisioning.model import frames
from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from sandbox.running import Running
from sinks import KINDS, Sink
from tests.pages import positions
from tests.sinks.cases import CASES, PARTS, STORIES, change, connect, read, story
from transport.door import Door
from transport.errors import Malformed, ReadOnly, TransportError, UnknownOutcome
from transport.retry_policy import RetryPolicy

REMOTE = [kind for kind, case in CASES.items() if case.paths]
BREAKS = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 403},
    {"kind": "status", "status": 429},
    {"kind": "reset"},
    {"kind": "truncate"},
    {"kind": "expire_token"},
]
REFUSALS = [{"kind": "status", "status": 403}, {"kind": "expire_token"}]
"""Faults by which a part that can be left out, or one group, may be refused."""

ODD = [{"odd": True}, ["a text"], "a text"]
"""Answers with status 200 that are no listing, whatever is asked."""
NAMED_BY_US = ("crowd", "bitbucket_dc")
"""Kinds whose accounts bear the name they are created with, so that no answer needs to tell it."""

APART = {"atlassian_org", "atlassian_scim"}
"""Kinds that make a person in a request of its own, or with all that the person is granted."""


def sent(door: Door, what: str = "read") -> int:
    return sum(counts[what] for counts in door.meter.counts().values())


def failure_of(sink: Sink) -> TransportError | None:
    try:
        read(sink, "accounts")
    except TransportError as failure:
        return failure
    return None


def observe(sink: Sink, made: Change) -> pd.DataFrame:
    """Ask whether the target shows what a change wants."""
    plan = frames.complete(frames.Changes, pd.DataFrame([made._asdict()]))
    known = [made.account_id] if made.account_id else []
    if made.action == Action.CREATE_GROUP:
        seen = sink.observe([], [], [made.subject])
    else:
        seen = sink.observe(known, [] if known else [made.subject])
    return postcondition_holds(plan, seen.accounts, seen.assignments, seen.groups)


def able(story_name: str) -> list[str]:
    """Name the kinds that can do all of a story."""
    from sinks import connector

    return [kind for kind, case in CASES.items() if case.able(story_name, connector(kind).actions)]


DOABLE = [(kind, name) for name in STORIES for kind in able(name)]


def test_every_kind_is_covered() -> None:
    """A connector in the table has an entry here, and every action of every sink is in a story."""
    from sinks import connector

    told = {action for actions in STORIES.values() for action in actions}

    assert set(KINDS) == set(CASES)
    assert all(connector(kind).actions <= told for kind in KINDS)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind", CASES)
def test_frames_are_valid(kind: str, part: str, acme: Running, tmp_path: Path) -> None:
    """Every page satisfies its model, and each account is there once."""
    whole = read(connect(kind, acme, tmp_path, Door()), part)

    pd.testing.assert_frame_equal(PARTS[part].validate(whole), whole)
    assert len(whole) or part in CASES[kind].silent
    assert set(whole["target"]) <= {kind}
    keys = {"accounts": ["account_id"], "seats": ["account_id", "product", "site"]}
    assert not whole.duplicated(keys.get(part)).any()


@pytest.mark.parametrize("kind", CASES)
def test_parts_fit_together(kind: str, acme: Running, tmp_path: Path) -> None:
    """Whatever is held is held by an account, is in the entitlements, and every seat is an account's."""
    sink = connect(kind, acme, tmp_path, Door())
    parts = {part: read(sink, part) for part in PARTS}
    accounts = set(parts["accounts"]["account_id"])
    groups = parts["assignments"].query("kind == 'group'")

    assert set(parts["assignments"]["account_id"]) <= accounts
    assert set(parts["seats"]["account_id"]) <= accounts
    assert set(groups["entitlement_id"]) <= set(parts["entitlements"]["entitlement_id"])


@pytest.mark.parametrize("kind", REMOTE)
def test_page_size_changes_nothing(kind: str, acme: Running, tmp_path: Path) -> None:
    """Small pages and large ones bring the same rows of every part."""
    few, many = Door(), Door()
    large = connect(kind, acme, tmp_path, few)
    small = connect(kind, acme, tmp_path, many, **CASES[kind].small_pages)

    for part in PARTS:
        pd.testing.assert_frame_equal(read(large, part), read(small, part))
    assert sent(many) > sent(few)


@pytest.mark.parametrize("fault", BREAKS, ids=lambda f: f"{f['kind']}{f.get('status', '')}")
@pytest.mark.parametrize("kind", REMOTE)
def test_a_fault_on_any_page_raises(
    kind: str, fault: dict[str, object], faulty: Running, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever page fails for good, every part of the read raises and says what to do.

    Only what can be left out, and a single group, may be refused: that is told, and the rest is read.
    """
    for path in CASES[kind].paths:
        counter = faulty.world.counters
        counter.clear()
        read(connect(kind, faulty, tmp_path, Door(), **CASES[kind].small_pages), "accounts")
        pages = counter.total(path)
        assert pages
        for page in positions(pages, many=fault == BREAKS[0]):
            faulty.world.faults.clear()
            faulty.world.faults.add(path=path, skip=page, times=0, **fault)
            door = Door(retry_policy=RetryPolicy(attempts=2))
            caplog.clear()

            failure = failure_of(connect(kind, faulty, tmp_path, door, **CASES[kind].small_pages))

            assert failure.remedy if failure else fault in REFUSALS and "it was refused" in caplog.text
        faulty.world.faults.clear()


@pytest.mark.parametrize("odd", ODD, ids=["object", "list", "text"])
@pytest.mark.parametrize("kind", REMOTE)
def test_an_odd_answer_is_no_listing(kind: str, odd: object, faulty: Running, tmp_path: Path) -> None:
    """An answer that is not what was asked for raises with where it came from, whatever was asked."""
    for path in CASES[kind].paths:
        faulty.world.faults.add(path=path, times=0, status=200, body=odd)

        with pytest.raises(Malformed) as failure:
            read(connect(kind, faulty, tmp_path, Door(retry_policy=RetryPolicy(attempts=1))), "accounts")

        assert path in str(failure.value.url)
        assert failure.value.remedy
        faulty.world.faults.clear()


@pytest.mark.parametrize(("kind", "name"), DOABLE)
def test_an_odd_answer_to_a_write_fails_in_words(
    kind: str, name: str, faulty: Running, tmp_path: Path
) -> None:
    """A write whose answer is not the record fails with words, unless nothing of it is needed."""
    sink = connect(kind, faulty, tmp_path, Door(writable=True))
    (made, *_) = story(sink, name)
    case = CASES[kind]
    for odd in ODD:
        faulty.world.faults.add(path=case.home, times=0, status=200, body=odd, method=case.verb(made))
        raised: TransportError | None = None
        try:
            sink.apply([made])
        except TransportError as error:
            raised = error

        assert raised is None or (raised.message and raised.remedy)
        assert raised or made.action != Action.CREATE or kind in NAMED_BY_US
        faulty.world.faults.clear()


@pytest.mark.parametrize("kind", CASES)
def test_reading_and_checking_write_nothing(kind: str, acme: Running, tmp_path: Path) -> None:
    """Reading everything, observing and checking send no write, even through a door that could."""
    door = Door(writable=True)
    sink = connect(kind, acme, tmp_path, door)
    first = read(sink, "accounts")
    for part in PARTS:
        read(sink, part)
    seen = sink.observe(first["account_id"].head(15).tolist(), first["email"].dropna().tail(3).tolist())
    findings = sink.check()

    assert sent(door, "write") == 0
    assert set(first["account_id"].head(15)) <= set(seen.accounts["account_id"])
    assert findings
    assert "error" not in {finding.level for finding in findings}


@pytest.mark.parametrize("kind", CASES)
def test_an_observation_shows_what_the_read_showed(kind: str, acme: Running, tmp_path: Path) -> None:
    """Account and assignments of one person are the same read alone or with all the others."""
    sink = connect(kind, acme, tmp_path, Door())
    accounts, held = read(sink, "accounts"), read(sink, "assignments")
    person = accounts.dropna(subset="email").iloc[7]

    by_id = sink.observe([person["account_id"]], [])
    by_email = sink.observe([], [person["email"]])

    for seen in (by_id, by_email):
        assert seen.accounts["state"].tolist() == [person["state"]]
        mine = held.loc[held["account_id"] == person["account_id"], "entitlement_id"]
        assert set(seen.assignments["entitlement_id"]) == set(mine)


@pytest.mark.parametrize(("kind", "name"), DOABLE)
def test_writes_are_read_back(kind: str, name: str, fresh: Running, tmp_path: Path) -> None:
    """After each change of a story an observation shows what it wanted, and before it did not."""
    sink = connect(kind, fresh, tmp_path, Door(writable=True))

    for made in story(sink, name):
        assert not observe(sink, made).all()
        applied = sink.apply([made])

        assert observe(sink, made).all(), made.action
        assert bool(applied.account_id) == (made.action != Action.CREATE_GROUP)
        assert not applied.failed


@pytest.mark.parametrize(("kind", "name"), DOABLE)
def test_applied_twice_is_applied_once(kind: str, name: str, fresh: Running, tmp_path: Path) -> None:
    """The same change once more neither fails nor changes anything."""
    sink = connect(kind, fresh, tmp_path, Door(writable=True))

    for made in story(sink, name):
        once = sink.apply([made])
        before = {part: read(sink, part) for part in PARTS}
        again = sink.apply([made])

        assert again.account_id == once.account_id
        for part, frame in before.items():
            pd.testing.assert_frame_equal(frame, read(sink, part))


@pytest.mark.parametrize(("kind", "name"), DOABLE)
def test_a_door_that_reads_refuses(kind: str, name: str, acme: Running, tmp_path: Path) -> None:
    """Through a read-only door no change is sent."""
    door = Door()
    sink = connect(kind, acme, tmp_path, door)
    (made, *_) = story(sink, name)
    acme.world.counters.clear()

    with pytest.raises(ReadOnly):
        sink.apply([made])

    assert sent(door, "write") == 0
    assert acme.world.counters.writes == 0


@pytest.mark.parametrize("kind", CASES)
def test_what_a_sink_cannot_do_is_refused(kind: str, acme: Running, tmp_path: Path) -> None:
    """An action that is not the sink's, or a role, is refused in words before any write."""
    door = Door(writable=True)
    sink = connect(kind, acme, tmp_path, door)
    unable = [change(sink, action, "x") for action in Action if action not in sink.actions]
    role = change(
        sink, Action.GRANT, "x", kind="role", entitlement_id="atlassian/org-admin", entitlement="org-admin"
    )

    for made in [*unable, role]:
        with pytest.raises(Refused) as refusal:
            sink.apply([made])
        assert refusal.value.remedy
    assert sent(door, "write") == 0


@pytest.mark.parametrize(("kind", "name"), DOABLE)
def test_a_lost_answer_is_settled_by_reading(kind: str, name: str, fresh: Running, tmp_path: Path) -> None:
    """A write whose answer is lost is reported as such, sent once, and an observation finds it done."""
    door = Door(writable=True)
    sink = connect(kind, fresh, tmp_path, door)

    for made in story(sink, name):
        before = sent(door, "write")
        case = CASES[kind]
        fresh.world.faults.add(path=case.home, kind="lost_write", times=1, method=case.verb(made))
        with pytest.raises(UnknownOutcome):
            sink.apply([made])
        fresh.world.faults.clear()

        assert sent(door, "write") == before + 1
        assert observe(sink, made).all(), made.action


@pytest.mark.parametrize(("kind", "name"), DOABLE)
def test_a_refused_write_raises_and_changes_nothing(
    kind: str, name: str, fresh: Running, tmp_path: Path
) -> None:
    """A write that is answered 403 did not happen, says so, and is not sent again."""
    door = Door(writable=True)
    sink = connect(kind, fresh, tmp_path, door)
    (made, *_) = story(sink, name)
    case = CASES[kind]
    fresh.world.faults.add(path=case.home, status=403, times=0, method=case.verb(made))

    with pytest.raises(TransportError):
        sink.apply([made])
    fresh.world.faults.clear()

    assert sent(door, "write") == 1
    assert not observe(sink, made).all()


@pytest.mark.parametrize("status", [401, 402, 403])
@pytest.mark.parametrize("kind", sorted(set(able("invite")) & set(able("group")) - APART))
def test_who_was_let_in_is_told_whatever_came_after(
    kind: str, status: int, fresh: Running, tmp_path: Path
) -> None:
    """The account is there, its group was refused: the group alone has failed, so the account stays ours."""
    sink = connect(kind, fresh, tmp_path, Door(writable=True))
    (person,) = story(sink, "invite")
    group = story(sink, "group")[0]._replace(account_id=None, subject=person.subject)
    verbs = [CASES[kind].verb(made) for made in (person, group)]
    fresh.world.faults.add(
        path=CASES[kind].home, status=status, times=0, method=verbs[1], skip=verbs.count(verbs[0]) - 1
    )

    applied = sink.apply([person, group])
    fresh.world.faults.clear()

    assert list(applied.failed) == [group.change_id]
    assert applied.account_id in set(sink.observe([], [person.subject]).accounts["account_id"])
