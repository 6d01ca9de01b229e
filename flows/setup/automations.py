"""Automations: what the server does by itself when a run falls silent, and when something should be told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import (
    ActionTypes,
    ChangeFlowRunState,
    DoNothing,
    RunDeployment,
    SendNotification,
)
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound

from errors import SeatwiseError
from tasks.ending import ENDINGS
from tasks.events import EVENTS
from tasks.pushed import EVENT, SYNC, policy_resource
from tasks.schedule import SKIPPED

SILENT_AFTER = timedelta(seconds=90)
"""Three heartbeats of a run: prefect.yaml has runs give one every 30 seconds."""
HEARTBEAT = "prefect.flow-run.heartbeat"
ENDS = {"Completed", "Failed", "Cancelled", "Crashed", "Paused", "Suspended", SKIPPED} | {
    ending.name for ending in ENDINGS.values()
}
"""Names of the states in which a run has nothing more to say."""
ZOMBIES = "Seatwise: close runs that fell silent"
PUSHED = "Seatwise: sync what was pushed"
"""One for each deployment of a sync, its name behind it; a person switches it on, like the schedule."""


class ChannelMissing(SeatwiseError):
    """The block that messages should go through is not there."""

    remedy = (
        "Create a notification block in the Prefect UI and name it as TYPE/NAME, such as slack-webhook/ops."
    )


class Standing(NamedTuple):
    """One automation and whether it acts."""

    name: str
    acts: bool


def set_up_automations(client: SyncPrefectClient, channel: str | None) -> list[Standing]:
    """Create the automations, and connect those that tell something with a channel.

    One that is there stays on or off as a person left it, with the channel it has, unless another is given.

    Args:
        client: of the server.
        channel: notification block as TYPE/NAME; None leaves the automations without one switched off.

    Raises:
        ChannelMissing: there is no such block.
    """
    block = _find_block(client, channel) if channel is not None else None
    every = [*_wanted(block), *_sync_what_was_pushed(client)]
    return [_set_up(client, wanted, connect=block is not None) for wanted in every]


def _set_up(client: SyncPrefectClient, wanted: AutomationCore, *, connect: bool) -> Standing:
    found = next(iter(client.read_automations_by_name(wanted.name)), None)
    if found is None:
        client.create_automation(wanted)
        return Standing(wanted.name, wanted.enabled)
    tells = not wanted.name.startswith((ZOMBIES, PUSHED))
    if not tells or not connect:
        wanted = wanted.model_copy(update={"enabled": found.enabled})
    if tells and not connect:
        wanted = wanted.model_copy(update={"actions": found.actions})
    client.update_automation(found.id, wanted)
    return Standing(wanted.name, wanted.enabled)


def _wanted(block: UUID | None) -> Iterator[AutomationCore]:
    yield _close_silent_runs()
    for event in EVENTS:
        yield AutomationCore(
            name=f"Seatwise: tell {event.name.removeprefix('seatwise.')}",
            description=event.meaning,
            enabled=block is not None,
            trigger=EventTrigger(expect={event.name}, posture=Posture.Reactive, threshold=1),
            actions=[_tell(event.subject, event.body, block)],
        )


def _tell(subject: str, body: str, block: UUID | None) -> ActionTypes:
    if block is None:
        return DoNothing()
    return SendNotification(block_document_id=block, subject=subject, body=body)


def _close_silent_runs() -> AutomationCore:
    """A worker that was killed together with its run leaves a run that never ends, and holds its place."""
    return AutomationCore(
        name=ZOMBIES,
        description="A run whose machine died is closed, so that the next one may start.",
        trigger=EventTrigger(
            after={HEARTBEAT},
            expect={HEARTBEAT, *(f"prefect.flow-run.{end}" for end in ENDS)},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            match_related={"prefect.resource.id": ["prefect.tag.seatwise"], "prefect.resource.role": "tag"},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=SILENT_AFTER,
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message=f"No sign of life for {SILENT_AFTER.seconds} s: its machine or its worker died. "
                "Start it again; what it had begun is settled by reading.",
            )
        ],
    )


def _sync_what_was_pushed(client: SyncPrefectClient) -> Iterator[AutomationCore]:
    """The service tells when the pushes to a policy have come to rest and no sync of it is at work."""
    for deployment in client.read_deployments():
        if not deployment.name.startswith(SYNC):
            continue
        policy = policy_resource(str(deployment.parameters["config"]))
        yield AutomationCore(
            name=f"{PUSHED} ({deployment.name})",
            description="What an identity provider pushed is read and planned by a sync at once.",
            enabled=False,
            trigger=EventTrigger(
                expect={EVENT},
                match={"prefect.resource.id": [policy["prefect.resource.id"]]},
                posture=Posture.Reactive,
                threshold=1,
            ),
            actions=[RunDeployment(source="selected", deployment_id=deployment.id)],
        )


def _find_block(client: SyncPrefectClient, channel: str) -> UUID:
    kind, _, name = channel.partition("/")
    try:
        return client.read_block_document_by_name(name, kind).id
    except ObjectNotFound as error:
        raise ChannelMissing(f"Prefect has no block {channel}") from error
