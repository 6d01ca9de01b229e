"""The tables of a run in the Prefect UI; the files hold what does not fit."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from prefect.artifacts import Artifact, MarkdownArtifact, TableArtifact

from ledger import StoredPlan
from reports import glance, plan_text
from reports.licences import Report
from reports.rejects import count_rejects, describe_rejects
from tasks.consent import waits_for_approval
from tasks.files import REPORT
from tasks.personal_data import Shown, veil, veil_people
from tasks.session import Session
from tasks.state import RunState
from tasks.summary import describe_note
from tasks.ui import artifact_key, post_artifact


def show_artifacts(session: Session, report: Report | None) -> None:
    """Show the plan, the outcomes, the seats and what a person should know of the plan."""
    for shown in _artifacts(session, report):
        post_artifact(shown, session.flow_run)


def _artifacts(session: Session, report: Report | None) -> Iterator[Artifact]:
    state, policy, how = session.state, session.policy_name, session.policy.personal_data
    for plan in state.plans:
        changes = veil_people(plan.changes, how, texts=["reason"])
        yield TableArtifact(
            table=plan_text.table_rows(changes),
            key=artifact_key("plan", policy, plan.target),
            description=_describe_plan(session, plan),
        )
        if (outcomes := state.outcomes.get(plan.target)) is not None:
            yield TableArtifact(
                table=plan_text.outcome_rows(changes, _veil_messages(outcomes, how)),
                key=artifact_key("outcome", policy, plan.target),
                description=f"{plan.target}: what became of each change of plan {plan.fingerprint[:12]}",
            )
    if report is not None:
        yield TableArtifact(
            table=glance.table_rows(report),
            key=artifact_key("licences", policy),
            description="Seats, money and waste",
        )
        yield MarkdownArtifact(
            markdown=glance.bars(report),
            key=artifact_key("seats", policy),
            description="How much of what is paid for is used",
        )
        yield MarkdownArtifact(
            markdown=f"The licence report of run {session.run_id}: `{session.out / REPORT}`",
            key=artifact_key("report", policy),
            description="Where the report is",
        )
    if text := _describe_verdicts(state):
        yield MarkdownArtifact(
            markdown=veil(text, how),
            key=artifact_key("verdict", policy),
            description="What needs approval, and what to know of the plan",
        )


def _veil_messages(outcomes: pd.DataFrame, how: Shown) -> pd.DataFrame:
    messages = [veil(said, how) if isinstance(said, str) else said for said in outcomes["message"]]
    return outcomes.assign(message=messages)


def _describe_plan(session: Session, plan: StoredPlan) -> str:
    """The plan in one line, and what to press."""
    title = plan_text.plan_title(plan.changes, f"{plan.target}: plan {plan.fingerprint[:12]}")
    if plan.target in session.state.outcomes or plan.changes.empty:
        return title
    if waits_for_approval(session, plan):
        return f"{title}. It needs approval: Resume on a run that waits, else `seatwise approve`."
    return f"{title}. seatwise-apply makes these changes."


def _describe_verdicts(state: RunState) -> str | None:
    """Reasons and notes of all targets as Markdown; None when there are none."""
    decisions = state.decisions.items()
    reasons = [f"- {target}: {why}" for target, decision in decisions for why in decision.verdict.reasons]
    given = [plan for plan in state.plans if plan.target not in state.decisions]
    reasons += [f"- {plan.target}: {why}" for plan in given for why in plan.blocked_by]
    notes = [
        f"- {target}: {describe_note(note)}" for target, decision in decisions for note in decision.notes
    ]
    unread = count_rejects([*state.sources.values(), *state.targets.values()])
    notes += [f"- {line}" for line in describe_rejects(unread)]
    if not reasons and not notes:
        return None
    title = "# What needs approval or is withheld"
    return "\n".join([title, *(reasons or ["- nothing"]), "# Notes", *notes])
