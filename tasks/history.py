"""The history of seats: what a whole read shows is kept, and what is kept is shown."""

from __future__ import annotations

from dataclasses import replace

from provisioning.licensing.departed import find_departed
from provisioning.licensing.facts import state_facts
from provisioning.licensing.price_book import PriceBook
from reports.licences import Report
from reports.over_time import MEANINGS, look_back
from tasks.after import links_after
from tasks.progress import announce
from tasks.session import Session
from tasks.state import RunState


def keep_history(session: Session, state: RunState, report: Report, book: PriceBook | None) -> None:
    """Keep what the run read, where everything was read whole: what is absent of the rest is not gone."""
    if not session.remembers:
        return
    if unread := _unread(session, state):
        announce(f"the history of seats is not continued today: {', '.join(unread)} was not read whole")
        return
    sources = list(state.sources.values())
    session.ledger.keep_facts(
        state_facts(report.assessment, sources, book),
        session.now.date(),
        at=session.now,
        run_id=session.run_id,
    )


def add_history(session: Session, state: RunState, report: Report, book: PriceBook | None) -> Report:
    """The report with what is known over time."""
    sources, targets = list(state.sources.values()), list(state.targets.values())
    leavers = {name: session.ledger.leavers(name) for name in state.targets}
    departed = find_departed(sources, targets, links_after(session, state), leavers, report.at)
    told = look_back(session.ledger.seat_history(), departed, report.assessment, book, report.at.date())
    return replace(report, over_time=told, definitions=[*report.definitions, *MEANINGS])


def _unread(session: Session, state: RunState) -> list[str]:
    """Sources and targets of the policy that were not read, or not whole, or that lost too many people."""
    fallen = {name for decision in state.decisions.values() for name in decision.verdict.fallen}
    whole = {name for name, source in state.sources.items() if source.complete and name not in fallen}
    whole |= {name for name, target in state.targets.items() if target.complete}
    return [name for name in (*session.source_names, *session.target_names) if name not in whole]
