"""The files of a run: tables for scripts, the report and the steps for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from ledger.private import keep_private
from provisioning.model import frames
from provisioning.model.terms import Lane
from reports import actions, files, focus, html, todo
from reports.licences import Report
from tasks.consent import waits_for_approval
from tasks.session import Session
from tasks.state import RunState

TODO = "todo.csv"
ACTIONS = "actions.csv"
OWNERS = "owners"
REPORT = "licences.html"
WORKBOOK = "licences.xlsx"
PRINTED = "licences.pdf"
CHARGES = "focus.csv"
TYPED = ("seats", "waste")
"""The tables that are written as Parquet, too."""


class ByHand(NamedTuple):
    """Rows that only a person can see to, and how they are put as steps."""

    describe: Callable[[pd.DataFrame], pd.DataFrame]
    rows: pd.DataFrame


def write_files(session: Session, state: RunState, report: Report | None) -> None:
    """Write everything there is to show into the run's folder."""
    tables = {"plan": state.all_changes, "outcomes": state.all_outcomes}
    if report is not None:
        tables |= _tables_read(state) | _tables_decided(state)
        tables |= {"seats": report.seats, "waste": frames.concat(frames.Waste, [report.waste])}
        tables |= {} if report.compared is None else {"compare": report.compared.moves}
    files.write_all(session.out, tables)
    if report is not None:
        locale = session.policy.report.locale
        # What takes long to write is for finance, whose command `licences` is.
        workbook = WORKBOOK if session.for_finance else None
        html.write(report, session.out / REPORT, workbook=workbook, locale=locale)
        if workbook is not None:
            from reports import pdf, xlsx

            xlsx.write(report, session.out / workbook)
            pdf.write(report, session.out / PRINTED, locale=locale)
            files.write_csv(focus.list_charges(report), session.out / CHARGES)
            for name in TYPED:
                files.write_parquet(tables[name], session.out / f"{name}.parquet")
        actions.write_actions(report, session.out / ACTIONS)
        owned = actions.write_owners(report, session.out / OWNERS)
        keep_private(session.out / OWNERS, *(path.parent for path in owned), *owned)
    if by_hand := _list_by_hand(session, state, report):
        todo.write([one.describe(one.rows) for one in by_hand], session.out / TODO)
    # What an earlier version wrote keeps the rights it was written with.
    names = [*(f"{name}.csv" for name in tables), *(f"{name}.parquet" for name in TYPED)]
    names += [REPORT, WORKBOOK, PRINTED, CHARGES, ACTIONS, TODO]
    keep_private(*(session.out / name for name in names))


def files_to_read(session: Session, state: RunState, report: Report | None) -> dict[str, str]:
    """The files a person should open first: name → path."""
    names = [REPORT] if report is not None else []
    names += [TODO] if any(len(one.rows) for one in _list_by_hand(session, state, report)) else []
    return {name: str(session.out / name) for name in names}


def _list_by_hand(session: Session, state: RunState, report: Report | None) -> list[ByHand]:
    """What only a person can do; a plan that needs approval sends nobody yet.

    A report for finance plans nothing: its steps free seats and give none.
    """
    if session.for_finance and report is not None:
        ready = report.waste[report.waste["lane"] == Lane.READY.value]
        return [ByHand(todo.list_ready, ready)] if len(ready) else []
    listed: list[ByHand] = []
    for plan in state.plans:
        if waits_for_approval(session, plan):
            continue
        if not session.sink_actions(plan.target):
            listed.append(ByHand(todo.list_changes, plan.changes))
        decision = state.decisions.get(plan.target)
        if decision is not None and len(decision.stuck):
            listed.append(ByHand(todo.list_seats, decision.stuck))
    return listed


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
        "conflicts": state.conflicts,
        "ambiguities": frames.concat(frames.Ambiguities, [decision.ambiguities for decision in decisions]),
    }
