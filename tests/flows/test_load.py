"""A plan is written phase after phase, a few batches at once, and each change costs one request at most."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple

import pandas as pd
import pytest

from provisioning.model import frames
from provisioning.model.frames import Accounts, Assignments, Changes, Outcomes
from provisioning.model.terms import Action
from sandbox import policy
from sandbox.kit.counters import Counters
from sandbox.running import Running
from sinks import Observation
from tasks import load, phases
from tasks.batches import load_batch
from tasks.decide import decide_target
from tasks.extract import read_source, read_target
from tasks.phases import split_into_phases
from tasks.references import RunReference
from tasks.run import open_run
from tasks.session import Session

# Which paths look at accounts; other reads ask once about groups and the caller. Of a few accounts
# Bitbucket tells the groups one by one, and those are not counted here.
LOOKS = {
    "acme-cloud": "/users/search",
    "acme-scim": "/Users(/[^/]+)?",
    "acme-jira": "/user(/search)?",
    "acme-confluence": "/user/(memberof|bulk)",
    "legacy-jira": "/user(/search)?",
    "legacy-confluence": "/user(/memberof)?|/list/active",
    "crowd": "/search|/user/group/direct",
    "bitbucket": "/admin/users",
    "acme-customers": "/api/3/user(/search)?",
    "legacy-customers": "/api/2/user(/search)?",
}


def changes(*rows: tuple[str, Action, bool]) -> pd.DataFrame:
    """A plan of person, action and whether it takes something away."""
    made = pd.DataFrame(rows, columns=["subject", "action", "destructive"])
    known = made["subject"].where(made["action"] != Action.CREATE_GROUP)
    return frames.complete(
        Changes,
        made.assign(
            change_id=[f"c{number}" for number in range(len(made))],
            position=range(len(made)),
            target="acme",
            account_id=known,
            reversible=True,
            before="{}",
            after="{}",
            reason="",
            rule="",
            movement="mover",
        ),
    )


def subjects(plan: list[list[pd.DataFrame]]) -> list[list[list[str]]]:
    return [[batch["subject"].tolist() for batch in phase] for phase in plan]


def test_groups_come_first_and_seats_are_freed_before_they_are_filled():
    """Each phase holds what may go in any order; a person who loses something is among those who free."""
    plan = changes(
        ("a", Action.GRANT, False),
        ("devs", Action.CREATE_GROUP, False),
        ("b", Action.GRANT, False),
        ("b", Action.REVOKE, True),
    )

    assert subjects(split_into_phases(plan)) == [[["devs"]], [["b", "b"]], [["a"]]]


def test_a_person_is_never_divided_between_batches():
    """Batches hold about so many changes, in the plan's order, and no account is in two."""
    plan = changes(*[(person, Action.GRANT, False) for person in "abcabcab"])

    (phase,) = split_into_phases(plan, size=4)

    assert [sorted(set(batch["subject"])) for batch in phase] == [["a"], ["b", "c"]]
    assert all(batch["position"].is_monotonic_increasing for batch in phase)
    assert sum(map(len, phase)) == len(plan)


class Batches:
    """Begins batches that end when the test says so.

    `begun` are the first subjects of all that were begun, `open` the futures of those under way.
    """

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.open: dict[str, Future[pd.DataFrame]] = {}
        self.batches: dict[str, pd.DataFrame] = {}
        self.changed = threading.Condition()

    def begin(self, _sink: object, _number: int, batch: pd.DataFrame) -> Future[pd.DataFrame]:
        name = batch["subject"].iloc[0]
        with self.changed:
            self.begun.append(name)
            self.batches[name] = batch
            self.open[name] = Future()
            self.changed.notify()
            return self.open[name]

    def end(self, name: str, status: str | list[str] = "applied") -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: name in self.open, 10)
        told = self.batches[name][["change_id", "account_id"]].assign(
            status=status, message=None, at=pd.Timestamp(0, tz="UTC")
        )
        self.open.pop(name).set_result(frames.complete(Outcomes, told))

    def wait_for(self, names: str) -> None:
        """Wait until these and no others are under way."""
        with self.changed:
            assert self.changed.wait_for(lambda: set(self.open) == set(names), 10), self.open


@pytest.fixture
def session():
    """What the load needs of a session."""
    limits = SimpleNamespace(failures=0.2)
    return SimpleNamespace(
        failed={},
        target_names=["acme"],
        stopping=threading.Event(),
        policy=SimpleNamespace(limits=limits),
        sink=lambda _name, **_options: object(),
        timed=lambda _step: nullcontext(),
    )


@pytest.fixture
def loading(session, monkeypatch):
    """Load a plan in a thread, ten changes a batch; its batches and the future of its outcomes."""
    monkeypatch.setattr(phases, "batch_size", lambda *_: 10)
    with ThreadPoolExecutor(1) as pool:

        def begin(plan: pd.DataFrame):
            batches = Batches()
            stored = SimpleNamespace(target="acme", changes=plan)
            return batches, pool.submit(load.load_plan, session, stored, batches.begin)

        yield begin


def people(names: str, *, destructive: bool = False) -> list[tuple[str, Action, bool]]:
    """Ten changes of each person."""
    action = Action.REVOKE if destructive else Action.GRANT
    return [(name, action, destructive) for name in names for _ in range(10)]


def test_a_target_is_opened_anew_only_after_groups_were_made(loading, session):
    """What is known of its groups then lacks the new ones; else it serves every phase."""
    opened = []
    session.sink = lambda *_, **__: opened.append(object()) or opened[-1]
    frees, fills = people("b", destructive=True), people("c")
    batches, end = loading(changes(("a", Action.CREATE_GROUP, False), *frees, *fills))
    for name in "abc":
        batches.wait_for(name)
        batches.end(name)
    end.result()

    assert len(opened) == 2


def test_a_few_batches_go_side_by_side_and_the_next_phase_waits(loading):
    """Two at first, then more as they end; what fills seats begins when all that frees them has ended."""
    batches, end = loading(changes(*people("z"), *people("abcdefg", destructive=True)))

    batches.wait_for("ab")
    batches.end("b")
    batches.wait_for("acd")
    batches.end("a")
    batches.wait_for("cdef")
    for name in "cde":
        batches.end(name)
    batches.wait_for("fg")
    batches.end("g")
    assert "z" not in batches.begun
    batches.end("f")
    batches.end("z")

    outcomes = end.result(10)
    assert batches.begun == list("abcdefgz")
    assert outcomes["change_id"].tolist() == [f"c{number}" for number in range(80)]


def test_nothing_is_begun_once_too_many_changes_failed(loading, session):
    """Batches under way still end and are counted; the rest is not tried, and that is said."""
    batches, end = loading(changes(*people("abcd", destructive=True), *people("z")))

    batches.wait_for("ab")
    batches.end("a", "failed")
    batches.end("b")

    outcomes = end.result(10)
    assert batches.begun == ["a", "b"]
    assert outcomes["status"].value_counts().to_dict() == {"failed": 10, "applied": 10}
    assert "not tried" in session.failed["acme"]


def test_as_many_failures_as_are_allowed_hold_nobody_up(loading, session):
    """Two of ten are one in five."""
    batches, end = loading(changes(*people("abc", destructive=True)))

    batches.wait_for("ab")
    batches.end("a", ["failed"] * 2 + ["applied"] * 8)
    batches.wait_for("bc")
    batches.end("b")
    batches.end("c")

    assert end.result(10)["status"].value_counts().to_dict() == {"applied": 28, "failed": 2}
    assert session.failed == {}


def test_an_error_is_raised_when_no_batch_is_under_way_any_more(loading):
    """The others may still write, and the target must stay claimed as long."""
    batches, end = loading(changes(*people("abcd")))

    batches.wait_for("ab")
    batches.open["a"].set_exception(RuntimeError("the ledger is gone"))
    with pytest.raises(TimeoutError):
        end.result(0.05)
    batches.end("b")

    with pytest.raises(RuntimeError, match="ledger"):
        end.result(10)
    assert batches.begun == ["a", "b"]


class Loaded(NamedTuple):
    """What came of the first plan of a small company."""

    changes: pd.DataFrame
    batches: int
    outcomes: pd.DataFrame
    counters: Counters


@pytest.fixture(params=policy.TARGETS)
def loaded(request, tmp_path, monkeypatch):
    """The name of a target and its first load, several batches a phase although the company is small."""
    for name, value in policy.SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(phases, "batch_size", lambda *_: 12)
    with Running(people=40, seed=5, odd=False) as sandbox:
        path = policy.write(tmp_path, sandbox.url, 40, targets=[request.param])
        with open_run("test", str(path), str(tmp_path)) as session, ThreadPoolExecutor() as pool:
            yield request.param, first_load(session, request.param, pool, sandbox.world.counters)


def first_load(session: Session, target: str, pool: ThreadPoolExecutor, counters: Counters) -> Loaded:
    sources = {"okta-main": read_source(session, "okta-main")}
    _, plan = decide_target.fn(session, target, sources, {target: read_target(session, target)})
    counters.clear()
    begin = partial(pool.submit, load_batch, session, plan, advance=lambda _rows: None)
    outcomes = load.load_plan(session, plan, begin)
    batches = sum(map(len, split_into_phases(plan.changes, 12)))
    return Loaded(plan.changes, batches, outcomes, counters)


def test_k_changes_cost_k_writes_and_a_look_an_account(loaded):
    """Besides, one list a batch where a target cannot name some accounts in one request."""
    target, load = loaded
    reads = [row for row in load.counters.as_rows() if row["method"] == "GET" or "/search" in row["path"]]
    looks = sum(row["count"] for row in reads if re.fullmatch(f".*({LOOKS[target]})", row["path"]))
    accounts = load.changes["account_id"].fillna(load.changes["source_id"]).nunique()

    assert load.outcomes["status"].isin(["applied", "propagating"]).all()
    assert 0 < load.counters.writes <= len(load.changes)
    assert 0 < looks <= accounts + load.batches


class Steps:
    """Stands for Prefect: runs each step in a thread, and keeps what it was told."""

    def __init__(self, pool: ThreadPoolExecutor, step: Callable[..., Any]) -> None:
        self.told: list[tuple[Any, ...]] = []
        self._pool, self._step = pool, step

    def submit(self, run: RunReference, *about: Any) -> Future[Any]:
        self.told.append(about)
        return self._pool.submit(self._step, run, *about)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_batch_is_a_step_that_is_told_which_of_how_many_it_is(tmp_path, monkeypatch, elsewhere):
    """It is found in this process, or opened from the ledger by one that knows nothing of the run."""
    for name, value in policy.SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(phases, "batch_size", lambda *_: 12)
    with Running(people=30, seed=5, odd=False) as sandbox:
        path = policy.write(tmp_path, sandbox.url, 30, targets=["acme-cloud"])
        with open_run("test", str(path), str(tmp_path)) as session, ThreadPoolExecutor() as pool:
            steps = Steps(pool, load.write_batch.fn)
            monkeypatch.setattr(load, "write_batch", steps)
            read = {"okta-main": read_source(session, "okta-main")}
            _, plan = decide_target.fn(
                session, "acme-cloud", read, {"acme-cloud": read_target(session, "acme-cloud")}
            )
            with monkeypatch.context() as process:
                if elsewhere:
                    process.setattr("tasks.opened._here", {})
                outcomes = load.load_plan(session, plan)

    batches = [batch for phase in split_into_phases(plan.changes, 12) for batch in phase]
    assert outcomes["change_id"].tolist() == plan.changes["change_id"].tolist()
    assert outcomes["status"].isin(["applied", "propagating"]).all()
    assert steps.told == [
        ("acme-cloud", plan.fingerprint, number, len(batches), len(batch))
        for number, batch in enumerate(batches, 1)
    ]
    assert (session.batches, session.written) == ({}, {})
    assert session.seconds["load acme-cloud"] > 0
    frames.Outcomes.validate(outcomes)


@pytest.mark.parametrize(("size", "words"), [(1, "1 change"), (1200, "1,200 changes")])
def test_the_name_of_a_step_says_how_much_there_is_of_what(size, words):
    about = {"number": 2, "of": 7, "target": "acme-cloud", "size": size}

    assert load._name_batch(about) == f"load batch 2 of 7: acme-cloud, {words}"


class Alone:
    """A call that waits a moment for another one to come in beside it; `most` is how many were there."""

    def __init__(self, answer: object = None) -> None:
        self.most, self._inside, self._answer = 0, 0, answer
        self._both = threading.Barrier(2)

    def __call__(self, *_: object) -> object:
        self._inside += 1
        self.most = max(self.most, self._inside)
        with suppress(threading.BrokenBarrierError):
            self._both.wait(0.1)
        self._inside -= 1
        return self._answer


def test_batches_observe_and_record_one_at_a_time():
    """What is remembered is read and replaced, so two at once would forget what one of them wrote."""
    observe = Alone(Observation(frames.empty(Accounts), frames.empty(Assignments)))
    record, withdrawn = Alone(), set()
    nothing = SimpleNamespace(
        lease=lambda *_, **_times: None, intend=lambda *_: None, record=record, together=nullcontext,
        withdraw=lambda *about: withdrawn.add(about[:2]), undoes=lambda _: None,
        suspended_rules=lambda _: pd.DataFrame(),
    )  # fmt: skip
    session = SimpleNamespace(
        run_id="run", ledger=nothing, observing=threading.Lock(), recording=threading.Lock(),
        moment=lambda: datetime.now(UTC), stopping=threading.Event(),
    )  # fmt: skip
    sink = SimpleNamespace(kind="none", actions=frozenset(Action), observe=observe)
    plan = changes(*people("ab"))
    stored = SimpleNamespace(fingerprint="f", target="acme", changes=plan)

    with ThreadPoolExecutor(2) as pool:
        (batches,) = split_into_phases(plan, size=10)
        begin = partial(load_batch, session, stored, sink, advance=lambda _rows: None)
        ended = list(pool.map(lambda batch: begin(number=1, batch=batch), batches))

    assert [set(outcomes["status"]) for outcomes in ended] == [{"stale"}, {"stale"}]
    assert (observe.most, record.most) == (1, 1)
    assert withdrawn == {("run", "f")}
