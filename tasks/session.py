"""One run of Seatwise: its policy, its ledger, its doors, its clock and its stop-watch."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from attrs import define, field

import sinks
from ledger import Ledger
from ledger.snapshots import REPORT
from provisioning.model.terms import Deployment
from provisioning.policy.policy import Policy
from sinks import Sink
from sources import Source
from tasks import connections
from tasks.clock import as_utc, clock_offset
from tasks.locate import home, ledger_address, locate_policy
from tasks.policy_file import read_policy
from tasks.progress import announce
from tasks.references import Account, ReadReference, RunReference
from tasks.state import Batch, Read, RunState
from transport.redact import guard_logs

if TYPE_CHECKING:
    from provisioning.licensing.price_book import PriceBook
    from transport.door import Door


# No dataclass: Prefect would walk through all that a session holds whenever a step is given it.
@define(slots=False, eq=False)
class Session:
    """What every step of a run needs.

    Attributes:
        config: the policy file; relative paths in it start at its folder.
        out: where the files for people go.
        now: the moment the run judges by.
        clock_ahead: how far the clock the runs share is ahead of this machine's.
        as_of: the moment a rehearsal stands for; None when the run stands for the present.
        full: whether every source and target is read whole, whatever it could tell of changes.
        run_id, flow: the run in the ledger and the flow it runs; empty for commands that only read.
        only: e-mail addresses the run is restricted to; none means everyone.
        seconds: time spent by step.
        failed: targets that could not be read or written, and why.
        observing: taken by the batch that observes, as all at once would do so long before one writes.
        recording: taken by whoever reads and replaces what the ledger remembers.
        read_whole: sources and targets whose feed of changes could not be used, and why.
        columns_told: which column of each table or exported file feeds what, and which were not used.
        interrupted: runs that were found killed, and closed.
        stopping: set when the run is told to end; no request is begun any more.
        flow_run: the Prefect flow run, where a person watches it.
        prices: the price book, read before anything else is; None where the policy names none.
        given: the policy file as the run was given it.
        elsewhere: whether this is one step of a run whose flow another process runs.
        reads: what extract steps of this process have read and nobody has taken up yet.
        taken_up: the reference of each read that was.
        batches: those of a plan that are begun and not taken up yet, by its fingerprint and their number.
        written: the Outcomes frames of those that steps of this process have written.
        state: what the run has read, decided and done so far; it is shown however the run ends.
    """

    config: Path
    out: Path
    policy: Policy
    ledger: Ledger
    now: datetime
    clock_ahead: timedelta = timedelta(0)
    as_of: datetime | None = None
    only: tuple[str, ...] = ()
    full: bool = False
    run_id: str = ""
    flow: str = ""
    seconds: dict[str, float] = field(factory=dict)
    failed: dict[str, str] = field(factory=dict)
    read_whole: dict[str, str] = field(factory=dict)
    columns_told: dict[str, list[str]] = field(factory=dict)
    interrupted: list[str] = field(factory=list)
    stopping: threading.Event = field(factory=threading.Event)
    flow_run: str | None = None
    prices: PriceBook | None = None
    given: str = ""
    elsewhere: bool = False
    reads: dict[tuple[str, str], Read] = field(factory=dict)
    taken_up: dict[str, ReadReference] = field(factory=dict)
    batches: dict[tuple[str, int], Batch] = field(factory=dict)
    written: dict[tuple[str, int], pd.DataFrame] = field(factory=dict)
    state: RunState = field(factory=RunState)
    observing: threading.Lock = field(factory=threading.Lock)
    recording: threading.Lock = field(factory=threading.Lock)

    @cached_property
    def reader(self) -> Door:
        """The way out that can only read, made for whoever asks anything."""
        from transport.door import Door

        return Door(say=announce)

    @property
    def reference(self) -> RunReference:
        """What a step needs to open this run again, wherever it is."""
        return RunReference(
            run_id=self.run_id,
            flow=self.flow,
            config=self.given,
            policy=self.policy.fingerprint(),
            now=self.now,
            as_of=self.as_of,
            only=self.only,
            full=self.full,
            flow_run=self.flow_run,
        )

    def account(self) -> Account:
        """What a step elsewhere tells its run; the run's own process knows it already."""
        if not self.elsewhere:
            return Account()
        return Account(
            seconds=self.seconds,
            requests={host: dict(count) for host, count in self.reader.meter.counts().items()},
            refused=self.reader.meter.refusals(),
            read_whole=self.read_whole,
            columns_told={name: tuple(told) for name, told in self.columns_told.items()},
        )

    def add(self, account: Account) -> None:
        """Take over what a step elsewhere told."""
        for step, seconds in account.seconds.items():
            self.seconds[step] = round(self.seconds.get(step, 0.0) + seconds, 3)
        self.reader.meter.add(account.requests, account.refused)
        self.read_whole |= account.read_whole
        self.columns_told |= {name: list(told) for name, told in account.columns_told.items()}

    @property
    def earlier_attempts(self) -> list[str]:
        """Runs in the ledger that began what this one goes on with, oldest first."""
        return [run_id for run_id in self.attempts if run_id != self.run_id]

    @property
    def attempts(self) -> list[str]:
        """This run in the ledger and those it goes on with, oldest first; none where there is no run."""
        return self.ledger.attempts(self.run_id) if self.run_id else []

    @property
    def policy_name(self) -> str:
        """The name of the policy: that of its file."""
        return self.config.stem

    @property
    def folder(self) -> Path:
        """Where relative paths of the policy start."""
        return self.config.parent

    @property
    def source_names(self) -> list[str]:
        """Sources in order of precedence."""
        return [rules.origin for rules in self.policy.sources]

    @property
    def target_names(self) -> list[str]:
        """Targets in the order of the policy."""
        return [rules.to for rules in self.policy.targets]

    def source(self, name: str) -> Source:
        """Open a source; it can only read."""
        return connections.open_source(self.policy, name, self.reader, self.folder)

    def sink(self, name: str, *, writable: bool = False) -> Sink:
        """Open a sink; only the load step asks for one that writes."""
        door = self.reader
        if writable:
            door = door.like_this(writable=True)
        return connections.open_sink(self.policy, name, door, self.folder)

    def sink_actions(self, name: str) -> frozenset[str]:
        """What a target lets us do; nothing for one that is read from a file."""
        connector = sinks.connector(self.policy.connections[name].kind)
        return frozenset(action.value for action in connector.actions)

    def deployment(self, name: str) -> Deployment:
        """Where the products of a target run."""
        return sinks.connector(self.policy.connections[name].kind).deployment

    def moment(self) -> datetime:
        """The time now, on the clock the runs share, whatever moment the run stands for."""
        return datetime.now(UTC) + self.clock_ahead

    @property
    def remembers(self) -> bool:
        """Whether later runs may decide by what this one read and decided.

        What stands for another moment, for a few people or for a report alone leaves no trace.
        """
        return self.keeps_reads and not self.for_finance

    @property
    def keeps_reads(self) -> bool:
        """Whether what this run reads is kept: later runs decide by it, or later reports compare with it."""
        return self.as_of is None and not self.only

    @property
    def for_finance(self) -> bool:
        """Whether the run makes the report alone, with all that takes long to write."""
        return self.flow == REPORT

    @property
    def past(self) -> datetime | None:
        """The moment of a rehearsal that lies behind: nobody can read what was there then any more."""
        return self.as_of if self.as_of is not None and self.as_of < self.moment() else None

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the time the block takes to the step's seconds."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[step] = round(self.seconds.get(step, 0.0) + time.monotonic() - start, 3)


def open_ledger(rules: Policy, folder: Path) -> Ledger:
    """The ledger the policy names; what is relative lies beside the policy, wherever the run works."""
    stated = rules.snapshots
    snapshots = stated if stated is None or "://" in stated else folder / stated
    return Ledger.open(ledger_address(rules.ledger, folder), folder=snapshots, beside=folder)


@contextmanager
def open_session(
    config: Path | str,
    *,
    out: Path | str = "out",
    only: list[str] | None = None,
    as_of: datetime | None = None,
) -> Iterator[Session]:
    """A session without a run, for commands that only read; relative paths start at `home()`."""
    guard_logs()
    path = locate_policy(config)
    rules = read_policy(path)
    ledger = open_ledger(rules, path.parent)
    try:
        ahead = clock_offset(ledger)
        moment = as_utc(as_of) if as_of is not None else None
        now = moment or datetime.now(UTC) + ahead
        yield Session(
            path, home() / out, rules, ledger, now, ahead, moment, tuple(only or ()), given=str(config)
        )
    finally:
        ledger.close()
