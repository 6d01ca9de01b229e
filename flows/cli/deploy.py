"""What `seatwise deploy` does: tell a Prefect server of Seatwise, as often as you like."""

from __future__ import annotations

from pathlib import Path

from prefect_email import EmailServerCredentials

from flows.setup.automations import Standing, set_up_automations
from flows.setup.deployments import (
    create_pool,
    deploy,
    find_known,
    find_policies,
    for_each_policy,
    limit_queues,
    read_deployments,
)
from flows.setup.server import open_server
from tasks.blocks import BLOCK_TYPES

REGISTERED = (*BLOCK_TYPES, EmailServerCredentials)
"""The block types a server is told of: ours, and the one that mail goes through."""


def deploy_all(folder: Path | None, channel: str | None, *, worker: bool = False) -> str:
    """Register block types, work pool, deployments and automations.

    Args:
        folder: of policies, each of which gets a set of deployments; None for the one set of prefect.yaml.
        channel: notification block as TYPE/NAME that events are told through.
        worker: whether whoever calls starts a worker.

    Returns:
        What is there now, and what to click.
    """
    policies = find_policies(folder) if folder is not None else {}
    content = read_deployments()
    if policies:
        content = for_each_policy(content, policies)
    with open_server() as client:
        for block in REGISTERED:
            block.register_type_and_schema()
        fresh = create_pool(client)
        names = deploy(client, content, None if policies else find_known(client))
        limit_queues(client, policies)
        automations = set_up_automations(client, channel)
        address = str(client.api_url).removesuffix("/").removesuffix("/api")
    there = _describe(names, automations, fresh=fresh)
    return "\n".join([*there, "", *_next_steps(address, worker=worker)])


def _describe(names: list[str], automations: list[Standing], *, fresh: bool) -> list[str]:
    acting = [standing.name for standing in automations if standing.acts]
    silent = len(automations) - len(acting)
    lines = [
        f"work pool    seatwise ({'new' if fresh else 'as it was'})",
        f"blocks       {len(REGISTERED)} types",
        *(f"deployment   {name}" for name in names),
        *(f"automation   {name}" for name in acting),
    ]
    if silent:
        lines.append(
            f"automation   {silent} more tell of events; they are off until a channel is given: "
            "seatwise deploy --channel TYPE/NAME"
        )
    return lines


def _next_steps(address: str, *, worker: bool) -> list[str]:
    start = "Start a worker where the policy is: SEATWISE_HOME=FOLDER prefect worker start --pool seatwise"
    steps = [
        *([] if worker else [start]),
        f"{address}/deployments: click seatwise-reconcile, then Run > Quick run, and watch it plan.",
        "When its plan is right, click seatwise-sync and switch its schedule on.",
        f"{address}/blocks: create a notification block to be told when a plan waits or a run fails.",
    ]
    return ["Next:", *(f"{number}. {step}" for number, step in enumerate(steps, 1))]
