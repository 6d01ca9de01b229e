"""The step that shows: files for people, artifacts for the Prefect UI, the summary for scripts."""

from __future__ import annotations

from typing import Any

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from errors import SeatwiseError
from provisioning.licensing import price_book
from provisioning.model import frames
from provisioning.model.frames import Links
from provisioning.model.text import matching
from reports import licences
from reports.licences import Report
from tasks.artifacts import create_artifacts
from tasks.events import emit_events
from tasks.files import write_files
from tasks.session import Session
from tasks.state import RunState
from tasks.summary import summarise, write_summary


class PriceBookMissing(SeatwiseError):
    """There is no file where the policy looks for its price book."""

    remedy = "Correct `prices` in the policy, which starts at the folder of the policy file, or leave it out."


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE)
async def publish(session: Session, state: RunState, *, report_only: bool = False) -> dict[str, Any]:
    """Write the files, show the tables, close the run.

    Args:
        session: the open session.
        state: what the run read, decided and did.
        report_only: whether the plan was only made to count seats, so that nothing is asked of anybody.

    Returns:
        The summary, `exit_code` included.
    """
    with session.timed("publish"):
        report = _build_report(session, state) if state.targets else None
        write_files(session, state, report)
        await create_artifacts(state, report)
    summary = summarise(session, state, report, report_only=report_only)
    write_summary(session.out, summary)
    session.ledger.finish_run(
        session.run_id,
        session.moment(),
        verdict=summary["verdict"],
        exit_code=summary["exit_code"],
        summary=summary,
    )
    emit_events(session, state, summary)
    return summary


def _build_report(session: Session, state: RunState) -> Report:
    """The licence report of what was read."""
    stated = session.policy.report
    terms = licences.Terms(
        now=session.now,
        idle=stated.idle,
        never_used_after=stated.never_used_after,
        by=stated.by,
        protected=_protected_accounts(session, state),
        ambiguous=_ambiguous_accounts(state),
        remarks=[f"{name}: {words}" for name, told in session.columns_told.items() for words in told],
    )
    links = frames.concat(Links, [decision.links for decision in state.decisions.values()])
    return licences.build(
        list(state.sources.values()),
        list(state.targets.values()),
        links,
        _read_prices(session),
        terms,
    )


def _read_prices(session: Session) -> pd.DataFrame | None:
    """The price book the policy names; None when it names none."""
    if session.policy.prices is None:
        return None
    path = session.folder / session.policy.prices
    if not path.is_file():
        raise PriceBookMissing(f"there is no price book {path}")
    text = path.read_text(encoding="utf-8")
    return price_book.load(text, origin=path.name, currency=session.policy.report.currency)


def _ambiguous_accounts(state: RunState) -> pd.DataFrame:
    """Accounts that correlation could not give to one person."""
    found = frames.concat(frames.Ambiguities, [decision.ambiguities for decision in state.decisions.values()])
    return found.loc[found["account_id"].notna(), ["target", "account_id"]].drop_duplicates()


def _protected_accounts(session: Session, state: RunState) -> pd.DataFrame:
    """Accounts the policy protects by address: their seats are never called waste."""
    accounts = frames.concat(frames.Accounts, [target.accounts for target in state.targets.values()])
    globs = session.policy.protect.emails
    spared = matching(accounts["email"], globs) | matching(accounts["user_name"], globs)
    return accounts.loc[spared, ["target", "account_id"]]
