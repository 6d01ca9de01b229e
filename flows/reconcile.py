"""Read everything, compare, plan and show. Writes nothing outside."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from flows.parameters import AsOf, Config, Full, Only, Out
from tasks.aftermath import show_killed
from tasks.decide import decide_target, remember_reads
from tasks.ending import as_state
from tasks.extract import extract_source, extract_target
from tasks.past import restore_reads
from tasks.publish import publish
from tasks.run import open_run
from tasks.session import Session
from tasks.settle import settle_all


@flow(
    name="seatwise-reconcile",
    flow_run_name="reconcile {config}",
    on_crashed=[show_killed],
    on_cancellation=[show_killed],
)
async def reconcile(
    config: Config = "policy.yaml",
    out: Out = "out",
    only: Only = None,
    as_of: AsOf = None,
    full: Full = False,
) -> State[dict[str, Any]]:
    """Plan what would bring the targets in step, and show it."""
    with open_run("reconcile", config, out, only=only, as_of=as_of, full=full) as session:
        read_and_decide(session)
        return as_state(publish(session))


def read_and_decide(session: Session) -> None:
    """Settle what was interrupted, read the sources and targets side by side, decide target by target."""
    state = session.state
    if session.past is not None:
        state.sources, state.targets = restore_reads(session)
    else:
        settle_all(session)
        _read_all(session)
    for name, target in state.targets.items():
        state.decisions[name], plan = decide_target(session, name, state.sources, target)
        state.plans.append(plan)
    remember_reads(session, state.sources, state.targets, state.decisions)


def _read_all(session: Session) -> None:
    """Read every source and target; one target of several that cannot be read fails by itself."""
    source_reads = {name: extract_source.submit(session, name) for name in session.source_names}
    reachable = [name for name in session.target_names if name not in session.failed]
    target_reads = {name: extract_target.submit(session, name) for name in reachable}
    session.state.sources = {name: read.result() for name, read in source_reads.items()}
    for name, read in target_reads.items():
        target = read.result(raise_on_failure=len(session.target_names) == 1)
        if isinstance(target, Exception):
            session.failed[name] = str(target)
        else:
            session.state.targets[name] = target
