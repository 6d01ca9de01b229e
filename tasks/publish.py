"""The step that shows: files for people, artifacts for the Prefect UI, the summary for scripts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from provisioning.licensing.assess import assess
from provisioning.licensing.lanes import Waits
from provisioning.licensing.price_book import PriceBook
from provisioning.model import frames
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.text import matching
from reports import licences
from reports.licences import Report
from tasks.after import links_after, links_then
from tasks.artifacts import show_artifacts
from tasks.choices import offer_choices
from tasks.elsewhere import recall_unread
from tasks.ending import describe_ending
from tasks.events import emit_events
from tasks.files import write_files
from tasks.history import add_history, keep_history
from tasks.measures import measure_run
from tasks.progress import announce, tell
from tasks.session import Session
from tasks.state import Earlier, RunState
from tasks.summary import summarise, summarise_error, write_summary


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE)
def publish(session: Session) -> dict[str, Any]:
    """Write the files, show the tables, close the run.

    Returns:
        The summary, `exit_code` included.
    """
    state = session.state
    with session.timed("publish"):
        collect_outcomes(session)
        report = _build_report(session, state, session.prices) if state.targets else None
        write_files(session, state, report)
        show_artifacts(session, report)
    summary = summarise(session, state, report)
    _close(session, summary)
    emit_events(session, state, summary)
    tell(describe_ending(summary))
    return summary


def publish_so_far(session: Session, error: str, verdict: str = "error") -> None:
    """Show the plans and outcomes of a run that ends early, and close it.

    What cannot be shown does not hide why the run ends.

    Args:
        session: the open session.
        error: why it ends, with the remedy.
        verdict: the word for that.
    """
    collect_outcomes(session)
    if session.state.plans:
        write_files(session, session.state, None)
        try:
            show_artifacts(session, None)
        except Exception as unshown:  # noqa: BLE001  whatever it is, the run ends in its own error
            announce(f"the plan and its outcomes are in {session.out}; Prefect does not show them: {unshown}")
    _close(session, summarise_error(session, error) | {"verdict": verdict})


def collect_outcomes(session: Session) -> None:
    """Take from the ledger how the changes of a plan ended whose writing was not seen to its end."""
    state, attempts = session.state, session.ledger.attempts(session.run_id)
    for plan in state.plans:
        # A rehearsal's plan is in no ledger.
        if plan.target in state.outcomes or session.as_of is not None:
            continue
        recorded = session.ledger.outcomes(plan.fingerprint, attempts)
        if len(recorded):
            state.outcomes[plan.target] = recorded


def _close(session: Session, summary: dict[str, Any]) -> None:
    write_summary(session.out, summary)
    verdict, code = summary["verdict"], summary["exit_code"]
    session.ledger.finish_run(
        session.run_id, session.moment(), verdict=verdict, exit_code=code, summary=summary
    )
    measure_run(session.config.stem, summary, session.reader.meter.refusals())
    offer_choices(session)


def _build_report(session: Session, state: RunState, book: PriceBook | None) -> Report:
    """The licence report of what was read, after what the run changed."""
    stated = session.policy.report
    columns = [f"{name}: {words}" for name, told in session.columns_told.items() for words in told]
    terms = licences.Terms(
        now=session.now,
        waits=Waits(stated.idle, stated.never_used_after, stated.in_use),
        by=stated.by,
        deployments={name: session.deployment(name) for name in state.targets},
        evidence_within=stated.evidence_within,
        protected=_protected_accounts(session, state.targets.values()),
        ambiguous=_ambiguous_accounts(state),
        elsewhere=recall_unread(session, state.targets),
        remarks=[*state.remarks, *columns],
    )
    sources, links = list(state.sources.values()), links_after(session, state)
    report = licences.build(sources, list(state.targets.values()), links, book, terms)
    if state.before:
        written = list({**state.targets, **state.before}.values())
        report = licences.after_run(report, assess(sources, written, links, book, terms), book)
    if (then := state.earlier) is not None:
        report = _compare(session, report, then, terms, book)
    keep_history(session, state, report, book)
    return add_history(session, state, report, book) if session.for_finance else report


def _compare(
    session: Session, report: Report, then: Earlier, terms: licences.Terms, book: PriceBook | None
) -> Report:
    """The report with what differs from an earlier day: its accounts were those of the people of then."""
    targets = list(then.targets.values())
    links = links_then(session, then)
    protected = _protected_accounts(session, targets)
    of_then = replace(terms, now=then.at, protected=protected)
    earlier = assess(list(then.sources.values()), targets, links, book, of_then)
    read = min(target.taken_at for target in targets)
    return licences.since(report, then.at, earlier, book, session.ledger.made_since(read))


def _ambiguous_accounts(state: RunState) -> pd.DataFrame:
    """Accounts that correlation could not give to one person."""
    found = frames.concat(frames.Ambiguities, [decision.ambiguities for decision in state.decisions.values()])
    return found.loc[found["account_id"].notna(), ["target", "account_id"]].drop_duplicates()


def _protected_accounts(session: Session, targets: Iterable[TargetSnapshot]) -> pd.DataFrame:
    """Accounts the policy protects, by address or by a group they are in: their seats are never ready."""
    read = list(targets)
    accounts = frames.concat(frames.Accounts, [target.accounts for target in read])
    assignments = frames.concat(frames.Assignments, [target.assignments for target in read])
    protect = session.policy.protect
    spared = matching(accounts["email"], protect.emails) | matching(accounts["user_name"], protect.emails)
    members = assignments[matching(assignments["name"], protect.groups)]
    account = ["target", "account_id"]
    return pd.concat([accounts.loc[spared, account], members[account]]).drop_duplicates(ignore_index=True)
