"""The files of a run: tables for scripts, the report and the steps for people."""

from __future__ import annotations

import pandas as pd

from ledger.private import keep_private
from provisioning.model import frames
from reports import files, html, todo, xlsx
from reports.licences import Report
from tasks.consent import waits_for_approval
from tasks.session import Session
from tasks.state import RunState

TODO = "todo.csv"
REPORT = "licences.html"
WORKBOOK = "licences.xlsx"


def write_files(session: Session, state: RunState, report: Report | None) -> None:
    """Write everything there is to show into the run's folder."""
    tables = {"plan": state.all_changes, "outcomes": state.all_outcomes}
    if report is not None:
        tables |= _tables_read(state) | _tables_decided(state)
        tables |= {"seats": report.seats, "waste": frames.concat(frames.Waste, [report.waste])}
    files.write_all(session.out, tables)
    if report is not None:
        html.write(report, session.out / REPORT)
        xlsx.write(report, session.out / WORKBOOK)
    if steps := _steps_by_hand(session, state):
        todo.write(steps, session.out / TODO)
    # What an earlier version wrote keeps the rights it was written with.
    names = [*(f"{name}.csv" for name in tables), REPORT, WORKBOOK, TODO]
    keep_private(*(session.out / name for name in names))


def files_to_read(session: Session, state: RunState, report: Report | None) -> dict[str, str]:
    """The files a person should open first: name → path."""
    names = [REPORT] if report is not None else []
    names += [TODO] if _steps_by_hand(session, state) else []
    return {name: str(session.out / name) for name in names}


def _steps_by_hand(session: Session, state: RunState) -> list[pd.DataFrame]:
    """What only a person can do; a plan that needs approval sends nobody yet."""
    steps: list[pd.DataFrame] = []
    for plan in state.plans:
        if waits_for_approval(session, plan):
            continue
        by_hand = [] if session.sink_actions(plan.target) else [todo.list_changes(plan.changes)]
        decision = state.decisions.get(plan.target)
        left = [] if decision is None or decision.stuck.empty else [todo.list_seats(decision.stuck)]
        steps += [*by_hand, *left]
    return steps


def _tables_read(state: RunState) -> dict[str, pd.DataFrame]:
    sources, targets = list(state.sources.values()), list(state.targets.values())
    rejects = [source.rejects for source in sources] + [target.rejects for target in targets]
    return {
        "identities": frames.concat(frames.Identities, [source.identities for source in sources]),
        "accounts": frames.concat(frames.Accounts, [target.accounts for target in targets]),
        "rejects": frames.concat(frames.Rejects, rejects),
    }


def _tables_decided(state: RunState) -> dict[str, pd.DataFrame]:
    decisions = list(state.decisions.values())
    return {
        "links": frames.concat(frames.Links, [decision.links for decision in decisions]),
        "conflicts": decisions[0].conflicts if decisions else frames.empty(frames.Conflicts),
        "ambiguities": frames.concat(frames.Ambiguities, [decision.ambiguities for decision in decisions]),
    }
