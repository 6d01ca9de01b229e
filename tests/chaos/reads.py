"""Faults of every kind at every page of every list: nobody loses what an honest read would have left them.

The company is in step, but for a few changes of the day. A run meets one fault while it reads; what it takes
is compared with what the same run takes undisturbed. Once a fault can strike no more and the plan takes no
more than the honest one, the run goes no further: an apply does its plan, as the other campaigns show. The
connection that no fault can reach is read once and its answers are given again. The company's groups are few
and its pages short, so that long lists have several pages and all points can be struck in an hour.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pandas as pd

from errors import SeatwiseError
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from sandbox import policy
from sandbox.kit.shapes import SHAPES
from sandbox.kit.world import World
from tests.chaos import bare, truth
from tests.chaos.kills import chosen
from tests.chaos.staging import Stage, freeze, served, set_up, thaw
from tests.chaos.tally import Tally

LDAP = tuple(name for name in ("acme-ad", "acme-openldap") if name in policy.SOURCES)
"""Directories, where the library that speaks LDAP is installed."""
SOURCES = (
    "okta-main", "entra", "onelogin", "scim-2", "scim-1", "google", "keycloak", "jumpcloud", "pingone", *LDAP,
)  # fmt: skip
FEEDS = ("okta-main", "entra", "onelogin", "scim-2", *LDAP)
"""Sources that can tell what changed."""
TARGET_FEEDS = ("acme-cloud",)
"""Targets that can tell what changed."""
STATUSES = (500, 503, 429, 401, 403, 404, 400, 408, 409)
"""Each place meets the next one of them."""
ODD: tuple[dict[str, Any], ...] = (
    *({"kind": kind} for kind in ("reset", "truncate", "expire_token", "stale_read")),
    {"kind": "timeout", "seconds": bare.TIMEOUT + 0.3},
    {"kind": "status", "status": 204, "body": ""},
    {"kind": "status", "status": 200, "body": ""},
    {"kind": "status", "status": 200, "body": []},
    *({"kind": "reshape", "shape": shape} for shape in SHAPES),
)
PAGE = 10
"""Rows on a page, where the vendor lets the client or the server choose."""
SHORT_PAGES = {
    f"{name}_{what}": PAGE
    for name, what in (
        ("okta", "page_size"), ("entra", "page_size"), ("onelogin", "page_size"),
        ("pingone", "page_size"), ("scim", "page_cap"),
    )
}  # fmt: skip
FEW_GROUPS = ("dept-sales", "dept-engineering")
"""Departments that have a group; no town has one."""
LDAP_KINDS = ("status", "reset", "truncate", "expire_token")
"""What can go wrong where no HTTP is spoken."""
LASTING = ("status", "reset", "truncate", "reshape", "stale_read")
"""Kinds that are also tried for ever."""


class Place(NamedTuple):
    """One request of a read: the n-th of a method below a path."""

    method: str
    path: str
    nth: int


class Lived(NamedTuple):
    """A stage in step but for the changes of a day; and the day before, for stale answers."""

    stage: Stage
    before: bytes


def prepared(folder: Path, port: int, source: str, target: str) -> Lived:
    """Bring a company in step twice, and let a little happen after each time."""
    stage, world = set_up(folder, port, source=source, target=target, options=SHORT_PAGES)
    _close_groups(world)
    with served(world, port), bare.without_prefect():
        in_step(stage.folder)
        _age_gifts(stage.folder)
        before = freeze(world)
        _a_day(world, 0)
        in_step(stage.folder)
        _a_day(world, 1)
    stage.frozen = freeze(world)
    return Lived(stage, before)


def _close_groups(world: World) -> None:
    """Leave few of the groups that differ by name alone: each costs a list of its own."""
    books = world.company
    for name in [name for name in books.groups if name.startswith(("dept-", "loc-"))]:
        if name not in FEW_GROUPS:
            books.remove_group(name)


def _age_gifts(folder: Path) -> None:
    """Let weeks pass since everybody got what they have: what is young is taken with more care."""
    with closing(sqlite3.connect(folder / "seatwise.db")) as database:
        database.execute("UPDATE owned SET at = strftime('%Y-%m-%d %H:%M:%f', at, '-30 days') || '000'")
        database.commit()


def in_step(folder: Path) -> None:
    """Synchronise, approve what waits, and synchronise."""
    for _ in range(3):
        summary = bare.sync(folder, full=True)
        for fingerprint in summary.get("waiting") or summary["fingerprints"]:
            bare.approve(folder, summary["fingerprints"].get(fingerprint, fingerprint))
        if summary["exit_code"] == 0:
            return
    raise RuntimeError(f"the company cannot be brought in step: {summary.get('error') or summary['verdict']}")


def _a_day(world: World, nth: int) -> None:
    """Somebody joins, somebody moves and somebody leaves."""
    company = world.company
    staff = [p for p in company.in_state("active") if p.user_type == "Employee" and not p.flaw]
    both = [p for p in staff if {"atl-jira-users", "atl-confluence-users"} <= p.groups]
    company.hire({"groups": ["atl-jira-users", "atl-confluence-users"]})
    others = [p for p in staff if not {"atl-jira-users", "atl-confluence-users"} <= p.groups]
    company.move(others[nth].number, {"add_groups": ["atl-jira-users", "atl-confluence-users"]})
    company.move(both[2 * nth].number, {"remove_groups": ["atl-confluence-users"]})
    company.leave(both[2 * nth + 1].number)


Frames = dict[str, pd.DataFrame]
Takes = set[tuple[str, str, str]]
"""Action, account and entitlement of each destructive change."""


class NoHarm(SeatwiseError):
    """A run will take no more than the undisturbed one, and this is why."""


class Campaign:
    """Runs against one connection, each with one fault."""

    def __init__(self, lived: Lived, folder: Path, world: World, *, full: bool, of: str) -> None:
        """Run once undisturbed, to know what is asked and what is taken."""
        self.lived, self.folder, self.world, self.full = lived, folder, world, full
        self.of, self.other = of, "read_target" if of in SOURCES else "read_source"
        self.unreached: SourceSnapshot | TargetSnapshot | None = None
        self.honest: Frames = {}
        self.takes: Takes = set()
        self._start()
        bare.run("reconcile", folder, full=full)
        self.places = [
            Place(method, path, nth)
            for (path, method, _status), count in sorted(world.counters.counts.items())
            if path.startswith(_prefix(of))
            for nth in range(count)
        ]
        with self._comparing(keep=True):
            self.usual = self.taken(None)[0]

    def taken(self, fault: dict[str, Any] | None) -> tuple[set[tuple[str, str, str]], dict[str, Any]]:
        """What a run takes that meets a fault, and its summary."""
        self._start()
        if fault:
            self.world.faults.add(**fault)
            self.world._before = self.lived.before
        before = truth.possessions(self.world)
        summary = bare.sync(self.folder, full=self.full)
        return before - truth.possessions(self.world), summary

    def strike(self, place: Place, fault: dict[str, Any], tally: Tally) -> None:
        """Run once with a fault at a place, and judge."""
        tally.points += 1
        told = {**fault, "method": place.method, "path": place.path, "skip": place.nth}
        with self._comparing():
            taken, summary = self.taken(told)
        kind, _, why = (summary.get("error") or "").partition(": ")
        if kind == NoHarm.__name__:
            tally.note(why)
            return
        what = {k: v for k, v in told.items() if k != "seconds"}
        if summary.get("raw"):
            tally.broke("error that nobody foresaw", f"{what}: {summary['error']}")
        tally.note({0: "went on", 1: "refused", 3: "waited for a person"}.get(summary["exit_code"], "told"))
        if extra := sorted(taken - self.usual):
            tally.broke(
                f"taken after {told.get('shape') or told['kind']}", f"{what}: {len(extra)}: {extra[:4]}"
            )

    @contextmanager
    def _comparing(self, *, keep: bool = False) -> Iterator[None]:
        """End a run once it must take no more than the honest one; or keep it as the honest one."""
        from flows import reconcile
        from tasks import extract, run

        decide = reconcile.decide_target

        def compare(session: Any, *args: Any) -> Any:
            reads = frames_of({**session.state.sources, **session.state.targets})
            # A write asks the target again, and no source.
            spent = self.of in SOURCES or all(fault.spent for fault in self.world.faults.all)
            if not keep and spent and alike(reads, self.honest):
                raise NoHarm("read alike")
            decision, plan = decide(session, *args)
            if not keep and spent and takes(plan.changes) <= self.takes:
                raise NoHarm("took no more")
            if keep:
                self.honest, self.takes = self.honest or reads, self.takes | takes(plan.changes)
            return decision, plan

        with ExitStack() as patched:
            patched.enter_context(patch.object(reconcile, "decide_target", compare))
            # What a run that ended early shows decides nothing, and costs as much as the read.
            patched.enter_context(patch.object(run, "publish_so_far"))
            patched.enter_context(patch.object(extract, self.other, self._other_read()))
            yield

    def _other_read(self) -> Callable[..., Any]:
        """How a run reads what no fault reaches: at first as the undisturbed run did, later for itself."""
        from tasks import extract

        read, again = getattr(extract, self.other), self.unreached

        def other(session: Any, name: str) -> Any:
            nonlocal again
            given, again = again, None
            if given is not None:
                return replace(given, taken_at=session.now)
            done = read(session, name)
            self.unreached = self.unreached or done
            return done

        return other

    def _start(self) -> None:
        self.lived.stage.copy_to(self.folder)
        thaw(self.world, self.lived.stage.frozen)


def frames_of(reads: dict[str, SourceSnapshot | TargetSnapshot]) -> Frames:
    """Every frame of these reads, by connection and part."""
    return {
        f"{name}: {part}": value
        for name, read in reads.items()
        for part, value in vars(read).items()
        if isinstance(value, pd.DataFrame)
    }


def takes(changes: pd.DataFrame) -> Takes:
    """What a plan takes."""
    shown = changes.loc[changes["destructive"], ["action", "account_id", "entitlement_id"]].astype(object)
    return set(shown.where(shown.notna(), "").itertuples(index=False, name=None))


def alike(some: Frames, others: Frames) -> bool:
    """Whether two sets of reads hold the same rows."""
    return some.keys() == others.keys() and all(frame.equals(others[part]) for part, frame in some.items())


def points(places: list[Place]) -> list[tuple[Place, dict[str, Any]]]:
    """Every kind of fault at every place, once and, where that differs, for ever."""
    every = []
    for place, status in zip(places, cycle(STATUSES), strict=False):
        once = ({"kind": "status", "status": status}, *ODD)
        lasting = ({**fault, "times": 0} for fault in once if fault["kind"] in LASTING)
        every += [(place, fault) for fault in (*once, *lasting)]
    return [(place, fault) for place, fault in every if place.path != "/ldap" or fault["kind"] in LDAP_KINDS]


def campaign(
    folder: Path,
    port: int,
    *,
    source: str,
    target: str,
    of: str,
    full: bool,
    most: int,
    seed: int = 1,
    kind: str = "",
) -> Tally:
    """Strike so many points, drawn by chance from all there are, or all.

    Args:
        folder: a folder to work in.
        port: where the sandbox listens.
        source: connection that is read.
        target: connection that is written.
        of: connection whose requests are struck, one of the two.
        full: whether everything is read whole, or by what changed.
        most: how many points at most.
        seed: which.
        kind: of which kind the faults are; of every kind for none.
    """
    tally = Tally(f"reads, {'whole' if full else 'changes'}", of)
    lived = prepared(folder / "stage", port, source, target)
    world = lived.stage.world()
    with served(world, port), bare.without_prefect(hasty=True):
        runs = Campaign(lived, folder / "point", world, full=full, of=of)
        every = [(place, fault) for place, fault in points(runs.places) if kind in fault["kind"]]
        tally.there_are = len(every)
        gc.freeze()
        for place, fault in chosen(every, most, seed):
            runs.strike(place, fault, tally)
    return tally


def _prefix(connection: str) -> str:
    """Where the sandbox serves a connection."""
    prefixes = {
        "okta-main": "/okta", "entra": "/entra", "onelogin": "/onelogin",
        "scim-2": "/scim", "scim-1": "/scim", "acme-cloud": "/atlassian", "acme-scim": "/atlassian",
        "acme-jira": "/cloud", "acme-confluence": "/cloud", "crowd": "/crowd",
        "legacy-jira": "/jira", "legacy-confluence": "/confluence",
        "bitbucket": "/bitbucket", "acme-customers": "/cloud/desk", "legacy-customers": "/desk",
        "google": "/google", "keycloak": "/keycloak", "jumpcloud": "/jumpcloud", "pingone": "/pingone",
        "acme-ad": "/ldap", "acme-openldap": "/ldap",
    }  # fmt: skip
    return prefixes[connection]
