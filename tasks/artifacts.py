"""The tables of a run in the Prefect UI; the files hold what does not fit."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from prefect.artifacts import Artifact, MarkdownArtifact, TableArtifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate

from reports import licences, plan_text
from reports.licences import Report
from reports.rejects import count_rejects, describe_rejects
from tasks.session import Session
from tasks.state import RunState
from tasks.summary import describe_note


def show_artifacts(session: Session, report: Report | None) -> None:
    """Show the plan, the outcomes, the seats and what a person should know of the plan."""
    flow_run = UUID(session.flow_run) if session.flow_run else None
    client = get_client(sync_client=True)
    for shown in _artifacts(session.state, report):
        # Within a flow the method would give a coroutine unless told otherwise, which its type does not know.
        data = shown.format(_sync=True)  # type: ignore[call-arg]
        client.create_artifact(
            ArtifactCreate(
                type=shown.type, key=shown.key, description=shown.description, flow_run_id=flow_run, data=data
            )
        )


def _artifacts(state: RunState, report: Report | None) -> Iterator[Artifact]:
    changes, outcomes = state.all_changes, state.all_outcomes
    yield TableArtifact(
        table=plan_text.table_rows(changes),
        key="seatwise-plan",
        description=f"{len(changes):,} planned changes",
    )
    if len(outcomes):
        yield TableArtifact(
            table=plan_text.outcome_rows(changes, outcomes),
            key="seatwise-outcome",
            description="What became of each change",
        )
    if report is not None:
        yield TableArtifact(
            table=licences.table_rows(report), key="seatwise-licences", description="Seats, money and waste"
        )
    if text := _describe_verdicts(state):
        yield MarkdownArtifact(
            markdown=text,
            key="seatwise-verdict",
            description="What needs approval, and what to know of the plan",
        )


def _describe_verdicts(state: RunState) -> str | None:
    """Reasons and notes of all targets as Markdown; None when there are none."""
    decisions = state.decisions.items()
    reasons = [f"- {target}: {why}" for target, decision in decisions for why in decision.verdict.reasons]
    notes = [
        f"- {target}: {describe_note(note)}" for target, decision in decisions for note in decision.notes
    ]
    unread = count_rejects([*state.sources.values(), *state.targets.values()])
    notes += [f"- {line}" for line in describe_rejects(unread)]
    if not reasons and not notes:
        return None
    title = "# What needs approval or is withheld"
    return "\n".join([title, *(reasons or ["- nothing"]), "# Notes", *notes])
