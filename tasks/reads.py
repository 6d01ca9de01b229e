"""Every source and target of a run, read side by side."""

from __future__ import annotations

from tasks.extract import extract_source, extract_target
from tasks.kept import take_source, take_target
from tasks.session import Session


def without_plan(session: Session) -> list[str]:
    """The targets a run has to decide about: it may go on with plans of an earlier attempt."""
    planned = {plan.target for plan in session.state.plans}
    return [name for name in session.target_names if name not in planned]


def read_all(session: Session, targets: list[str]) -> None:
    """Read these targets and every source; one target of several that cannot be read fails by itself."""
    run = session.reference
    source_reads = {name: extract_source.submit(run, name) for name in session.source_names}
    reachable = [name for name in targets if name not in session.failed]
    target_reads = {name: extract_target.submit(run, name) for name in reachable}
    session.state.sources = {name: take_source(session, read.result()) for name, read in source_reads.items()}
    for name, read in target_reads.items():
        target = read.result(raise_on_failure=len(session.target_names) == 1)
        if isinstance(target, Exception):
            session.failed[name] = str(target)
        else:
            session.state.targets[name] = take_target(session, target)
