"""SIGKILL at every request and every transaction of an apply: the next run ends where no kill would have.

Each point is a family of processes: one serves the sandbox, one applies and dies, one comes a minute later.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.chaos import bare, truth
from tests.chaos.staging import PEOPLE, Stage, Waiting, apart, freeze, served, set_up
from tests.chaos.tally import Tally
from tests.chaos.triggers import Moment, Watch

TARGETS = (
    "acme-cloud", "acme-scim", "acme-jira", "acme-confluence",
    "legacy-jira", "legacy-confluence", "crowd", "bitbucket", "acme-customers", "legacy-customers",
)  # fmt: skip
CLAIMS = {"claims", "leases"}
"""Tables that say who holds a target."""
LARGEST = 400
"""People of the largest company that is founded to have as many points as are asked for."""
MINUTE = timedelta(seconds=61)
Told = dict[str, Any]


def prepared(target: str, folder: Path, port: int, people: int = PEOPLE) -> tuple[Stage, str]:
    """A company out of step with one target, its plan made and approved: the stage and the fingerprint."""
    # No limit stops the rest of a plan that a later run finds: how it ends is what is judged.
    stage, world = set_up(folder, port, target=target, share="100%", people=people)
    with served(world, port), bare.without_prefect():
        summary = bare.run("reconcile", stage.folder)
        for fingerprint in summary["fingerprints"].values():
            bare.approve(stage.folder, fingerprint)
    stage.frozen = freeze(world)
    if not summary["fingerprints"]:
        raise RuntimeError(f"no plan for {target}: {summary.get('error')}")
    return stage, next(iter(summary["fingerprints"].values()))


def play(stage: Stage, fingerprint: str, folder: Path, moment: Moment | None) -> Told:
    """Apply the plan, dying at a moment or not at all, let a minute pass, and synchronise."""
    stage.copy_to(folder)

    def first() -> Told:
        watch = Watch(moment)
        with bare.without_prefect(), watch.looking():
            return bare.run("apply", folder, plan=fingerprint) | {"counts": watch.counts}

    def later() -> Told:
        with bare.without_prefect():
            return later_run(folder, lambda: _forget_claims(folder))

    def host() -> Told:
        dying, next_run = Waiting(first), Waiting(later)
        world = stage.world()
        with served(world, stage.port):
            died = dying.go()
            _age_claims(folder)
            ended = next_run.go() or {}
        names = truth.identifiers(world)
        return {
            "died": died is None,
            "first": died,
            "later": {k: ended.get(k) for k in ("exit_code", "error", "refused", "blocked_by", "raw")},
            "held": truth.held(world),
            "remembered": truth.remembered(folder, names),
            "written": world.counters.written,
        }

    return dict(apart(host))


def later_run(folder: Path, forget_claims: Callable[[], None]) -> Told:
    """The run that comes a minute later; if it is refused, that is told, and the way is cleared for it."""
    ended = bare.sync(folder)
    if not ended.get("error", "").startswith("TargetBusy"):
        return ended
    forget_claims()
    return bare.sync(folder) | {"refused": ended["error"]}


def judge(usual: Told, found: Told, moment: Moment, tally: Tally) -> None:
    """Compare a run that was killed and finished with one that nobody disturbed."""
    tally.points += 1
    later = found["later"]
    if not found["died"]:
        tally.note("not reached")
    if later["refused"]:
        tally.broke("next run refused after a minute", f"{moment}: {later['refused']}")
    if later["exit_code"] != usual["later"]["exit_code"]:
        why = later["error"] or later["blocked_by"]
        tally.broke("next run ends otherwise", f"{moment}: exit {later['exit_code']}, {why}")
    if wrong := truth.difference(usual["held"], found["held"]):
        tally.broke("target differs", f"{moment}: {'; '.join(wrong[:4])}")
    wrong = truth.difference(usual["remembered"], found["remembered"])
    kinds = {"ownership lost": "- owned", "ledger differs": ""}
    for kind, begins in kinds.items():
        lines = [line for line in wrong if line.startswith("- owned") == bool(begins)]
        if lines:
            tally.broke(kind, f"{moment}: {len(lines)} rows; {'; '.join(lines[:4])}")
    counts = Counter(map(tuple, found["written"]))
    once = Counter(map(tuple, usual["written"]))
    if twice := [row for row, n in counts.items() if n > max(1, once[row])]:
        tally.broke("written twice", f"{moment}: {twice[0]}")


def campaign(target: str, folder: Path, port: int, *, most: int, seed: int = 1) -> Tally:
    """Kill at so many moments, drawn by chance from all there are, or at all."""
    tally = Tally("killed while applying", target)
    people, moments = PEOPLE, list[Moment]()
    while len(moments) < most and people <= LARGEST:
        stage, fingerprint = prepared(target, folder / f"stage of {people}", port, people)
        usual = play(stage, fingerprint, folder / "usual", None)
        moments = every_moment(usual["first"]["counts"])
        people *= 2
    if usual["later"]["exit_code"]:
        tally.broke("undisturbed run ends badly", str(usual["later"]))
    tally.there_are = len(moments)
    for moment in chosen(moments, most, seed):
        judge(usual, play(stage, fingerprint, folder / "point", moment), moment, tally)
    return tally


def every_moment(counts: dict[str, int]) -> list[Moment]:
    """Both ends of every request and transaction."""
    return [
        Moment(what, end, number)
        for what, count in counts.items()
        for number in range(1, count + 1)
        for end in ("before", "after")
    ]


def chosen(moments: Sequence[Any], most: int, seed: int) -> list[Any]:
    """All of them, or a few drawn by chance but the same each time."""
    return list(moments) if len(moments) <= most else random.Random(seed).sample(moments, most)


def _age_claims(folder: Path) -> None:
    """Let a minute pass: all that the ledger says of runs and of who holds a target is a minute older."""
    with closing(sqlite3.connect(folder / "seatwise.db")) as database:
        for table in _tables(database) & {*CLAIMS, "runs"}:
            columns = [(name, kind) for _, name, kind, *_ in database.execute(f"PRAGMA table_info({table})")]
            for name in (name for name, kind in columns if "DATE" in kind.upper()):
                for rowid, value in database.execute(f"SELECT rowid, {name} FROM {table}").fetchall():
                    if value:
                        older = (datetime.fromisoformat(value) - MINUTE).isoformat(" ", "microseconds")
                        database.execute(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", (older, rowid))
        database.commit()


def _forget_claims(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "seatwise.db")) as database:
        for table in _tables(database) & CLAIMS:
            database.execute(f"DELETE FROM {table}")
        database.commit()


def _tables(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
