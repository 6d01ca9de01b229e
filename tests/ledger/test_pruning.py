"""What is forgotten, and what never is."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from ledger import Ledger, Moments, StoredPlan, seat_tables, tables
from ledger.people_gone import HIDDEN, REMEMBERING

DAY = timedelta(days=1)
NAMES = ("okta", "acme")


@pytest.fixture
def age(now: datetime) -> Callable[[int], datetime]:
    return lambda days: now - days * DAY


@pytest.fixture
def prune(ledger: Ledger, now: datetime) -> Callable[..., Any]:
    """Prune with these ages in days."""

    def pruned(undo: int = 30, snapshots: int = 90, runs: int = 400, people: int = 400, **more: Any) -> Any:
        ages = (undo, snapshots, runs, people, more.pop("seats", 1100))
        before = Moments(*(now - days * DAY for days in ages))
        return ledger.prune(now, before, more.pop("origins", NAMES), really=more.pop("really", True))

    return pruned


@pytest.fixture
def write(ledger: Ledger, make_changes, make_outcomes) -> Callable[..., str]:
    """A run that came to a plan and applied it."""

    def written(at: datetime, number: int = 2, target: str = "acme", **more: Any) -> str:
        run = ledger.start_run("sync", at, policy="p")
        fingerprint = more.pop("fingerprint", f"plan-{run}")
        changes = make_changes(number, target)
        ledger.store_plan(StoredPlan(fingerprint, target, run, "p", [], at, changes))
        ledger.approve(fingerprint, by="ann", reason="read", at=at)
        ledger.intend(run, list(changes["change_id"]), fingerprint, at)
        outcomes = make_outcomes(changes)
        outcomes["account_id"] = outcomes["account_id"].fillna("a0")
        outcomes["at"] = pd.Timestamp(at)
        if more.pop("settled", True):
            ledger.record(run, fingerprint, outcomes)
        return run

    return written


def read(ledger: Ledger, origin: str, at: datetime, people: list[str], *, complete: bool = True) -> str:
    part, key = ("accounts", "account_id") if origin == "acme" else ("identities", "source_id")
    frame = pd.DataFrame({key: pd.Series(people, dtype="str")})
    return ledger.save_snapshot(origin, {part: frame}, complete=complete, at=at, run_id=None)


def rows(ledger: Ledger, table: str) -> int:
    with ledger._reading() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def grow_old(folder: Path, now: datetime, days: float) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            moment = (now - days * DAY).timestamp()
            os.utime(path, (moment, moment))


def test_old_reads_go_and_the_last_complete_one_of_each_origin_stays(ledger, age, prune):
    """What the next run is compared with is there, however old."""
    read(ledger, "okta", age(300), ["1"])
    kept = read(ledger, "okta", age(200), ["1", "2"])
    newest = read(ledger, "okta", age(150), ["1"], complete=False)
    read(ledger, "acme", age(200), ["a"])
    young = read(ledger, "acme", age(10), ["a", "b"])

    assert prune().snapshots == 2
    assert set(ledger.snapshots()["digest"]) == {kept, newest, young}
    assert ledger.last_complete("okta").digest == kept


def test_nothing_stays_of_an_origin_that_the_policy_names_no_more(ledger, age, prune):
    read(ledger, "hr", age(91), ["1"])

    assert prune().snapshots == 1


def test_files_go_once_no_read_holds_them(ledger, age, prune, now, tmp_path):
    """A young file may belong to a run that has not catalogued it yet."""
    read(ledger, "okta", age(300), ["1"])
    read(ledger, "okta", age(200), ["1", "2"])
    folder = tmp_path / "snapshots"
    (folder / "tmp1.part").write_text("half")

    assert prune().files == 0
    grow_old(folder, now, 2)
    assert prune().files == 2
    assert [len(frame) for frame in ledger.last_complete("okta").frames().values()] == [2]
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def test_old_runs_go_with_all_that_is_theirs(ledger, write, age, prune):
    """No row is left that refers to a run or plan which is not there."""
    for days in (500, 450):
        write(age(days))
    run = write(age(20))
    pruned = prune()

    assert (pruned.runs, pruned.plans) == (2, 2)
    assert list(ledger.runs()["run_id"]) == [run]
    for table, expected in {"changes": 2, "outcomes": 2, "intents": 2, "approvals": 1, "plans": 1}.items():
        assert rows(ledger, table) == expected


def test_the_last_run_that_wrote_each_target_stays(ledger, write, age, prune):
    """There is always something that can be taken back."""
    first = write(age(900), target="acme")
    write(age(800), target="legacy")
    last = write(age(700), target="legacy")

    assert prune().runs == 1
    assert set(ledger.runs()["run_id"]) == {first, last}
    assert len(ledger.plans(first)[0].changes) == 2


def test_a_run_whose_writes_are_not_settled_stays(ledger, write, age, prune):
    open_run = write(age(900), settled=False)
    write(age(10))

    prune()

    assert open_run in set(ledger.runs()["run_id"])
    assert len(ledger.unsettled()) == 2


def test_the_run_that_came_to_a_plan_stays_as_long_as_the_one_that_wrote_it(
    ledger, make_changes, make_outcomes, age, prune
):
    """Whoever takes a run back needs the plan it applied, which another run had made."""
    planner = ledger.start_run("reconcile", age(401), policy="p")
    changes = make_changes(2)
    ledger.store_plan(StoredPlan("f1", "acme", planner, "p", [], age(401), changes))
    writer = ledger.start_run("apply", age(399), policy="p")
    ledger.intend(writer, list(changes["change_id"]), "f1", age(399))
    ledger.record(writer, "f1", make_outcomes(changes))

    assert prune().runs == 0
    assert ledger.plan("f1").run_id == planner


def test_no_run_in_the_time_of_undoing_loses_anything(ledger, write, age, prune):
    """Whatever else the numbers say: a run that may be taken back is whole."""
    write(age(29))
    write(age(28))

    pruned = prune(undo=30, runs=1, people=1)

    assert (pruned.runs, pruned.plans, pruned.people) == (0, 0, 0)
    assert HIDDEN not in set(ledger.plans(ledger.runs()["run_id"].iloc[0])[0].changes["subject"])


def test_a_dry_prune_says_the_same_and_changes_nothing(ledger, write, age, prune, now, tmp_path):
    for days in (500, 450, 20):
        write(age(days))
    read(ledger, "okta", age(300), ["1"])
    read(ledger, "okta", age(200), ["1", "2"])
    grow_old(tmp_path / "snapshots", now, 2)
    before = {table.name: rows(ledger, table.name) for table in tables.metadata.sorted_tables}

    dry = prune(really=False)

    assert {table.name: rows(ledger, table.name) for table in tables.metadata.sorted_tables} == before
    assert dry.files == 1
    assert prune() == dry
    assert prune() == type(dry)(0, 0, 0, 0, 0)


@pytest.fixture
def remembered(ledger, make_links, age) -> None:
    """Ann left long ago, Ben last month, Cy is there; all are remembered alike."""
    started = age(900)
    ledger.save_links("acme", make_links(("a0", "ann"), ("a1", "ben"), ("a2", "cy")), started)
    ledger.save_links("acme", make_links(("a1", "ben"), ("a2", "cy")), age(500))
    ledger.save_links("acme", make_links(("a2", "cy")), age(30))
    accounts = pd.DataFrame({"account_id": ["a0", "a1", "a2"], "since": pd.Timestamp(started)})
    ledger.save_leavers("acme", accounts.assign(cause="departed"))
    ledger.own("acme", accounts.assign(kind=None, entitlement_id=None, how="made"), started)


@pytest.mark.usefixtures("remembered")
def test_who_is_long_gone_is_forgotten_and_nobody_else(ledger, age, prune, write):
    """Long gone: no source, no target lists them, and no link held since."""
    old = write(age(450), 3)
    read(ledger, "acme", age(1), ["a2"])
    read(ledger, "okta", age(1), ["cy"])

    assert prune().people > 0

    assert set(ledger.owned("acme")["account_id"]) == {"a1", "a2"}
    assert set(ledger.leavers("acme")["account_id"]) == {"a1", "a2"}
    changes = ledger.plans(old)[0].changes.set_index("position")
    assert list(changes["subject"]) == [HIDDEN, "p1@acme.test", "p2@acme.test"]
    assert changes.loc[0, ["before", "after", "reason"]].tolist() == ["{}", "{}", HIDDEN]
    assert changes["reversible"].tolist() == [False, True, True]


@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize("unknown", ["never read", "lost"])
def test_nobody_is_gone_where_nothing_is_known(ledger, age, prune, tmp_path, unknown):
    """No read is no evidence that someone left."""
    if unknown == "lost":
        read(ledger, "acme", age(1), ["a2"])
        for path in (tmp_path / "snapshots").rglob("*.parquet"):
            path.unlink()
    prune()

    assert set(ledger.owned("acme")["account_id"]) == {"a0", "a1", "a2"}


@pytest.mark.usefixtures("remembered")
def test_a_name_that_was_removed_is_in_no_file(ledger, age, prune, write, tmp_path):
    """SQLite leaves what it deletes in the file until the file is written anew."""
    write(age(450), 3)
    read(ledger, "acme", age(1), ["a2"])
    read(ledger, "okta", age(1), ["cy"])
    prune()

    for path in tmp_path.glob("seatwise.db*"):
        assert b"p0@acme.test" not in path.read_bytes()


def test_for_whom_an_old_plan_was_asked_is_forgotten(ledger, age, prune, make_changes):
    """Also of whoever is still there: no plan of that age is made any more."""
    for name, days in (("old", 500), ("young", 5)):
        run = ledger.start_run("reconcile", age(days), policy="p")
        asked = {"partial": True, "asked_for": ["ada@acme.test"]}
        ledger.store_plan(StoredPlan(name, "acme", run, "p", [], age(days), make_changes(1), **asked))

    assert (prune(runs=600).people, prune(runs=600).people) == (1, 0)
    kept = [(plan.asked_for, plan.whole) for plan in map(ledger.plan, ("old", "young"))]
    assert kept == [(None, False), (["ada@acme.test"], False)]


def test_every_table_that_names_an_account_is_known_to_the_forgetting():
    """Whoever adds a table with people in it says how they are forgotten."""
    named = {table for table in tables.metadata.sorted_tables if "account_id" in table.c}

    assert named == {*REMEMBERING, tables.changes, tables.outcomes, seat_tables.seat_people}


def test_every_reference_between_tables_holds_afterwards(ledger, url, write, age, prune):
    for days in range(600, 0, -60):
        write(age(days), target=f"t{days % 3}", fingerprint=f"f{days % 7}{days % 3}")
    read(ledger, "okta", age(300), ["1"])
    prune(runs=100, people=100)

    if url.startswith("sqlite"):
        with create_engine(url).connect() as connection:
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    for run in ledger.runs()["run_id"]:
        for plan in ledger.plans(run):
            assert len(plan.changes) == 2
        for fingerprint in ledger.written([run]):
            assert len(ledger.plan(fingerprint).changes) == 2
