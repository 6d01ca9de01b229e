"""The deployments of prefect.yaml: one set, or one for each policy of a folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentUpdate,
    WorkPoolCreate,
)
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.flows import load_flow_from_entrypoint
from prefect.workers.process import ProcessWorker

from errors import SeatwiseError
from tasks.blocks import PolicyBlock
from tasks.choices import with_policies
from tasks.locate import home
from tasks.policy_file import read_policy

POOL = "seatwise"
RUNS_AT_ONCE = 2
"""Runs of one policy: one that writes, and a report or a plan beside it."""


class DeployFailed(SeatwiseError):
    """Prefect would not take the deployments."""

    remedy = "Correct prefect.yaml, or set the server right, and deploy again."


class NoPolicies(SeatwiseError):
    """A folder that should hold policies holds none."""

    remedy = "Name the folder with the policy files in it, *.yaml with a key `connections`."


def create_pool(client: SyncPrefectClient) -> bool:
    """Create the work pool; one that is there keeps what was set on it.

    Returns:
        Whether it was created.
    """
    try:
        client.read_work_pool(POOL)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=template))
        return True
    return False


def read_deployments() -> dict[str, Any]:
    """The file the deployments stand in: beside the packages, or among the examples of an installed one."""
    import config
    import flows

    beside = Path(flows.__file__).parents[1] / "prefect.yaml"
    path = beside if beside.is_file() else Path(config.__file__).parent / "prefect.yaml"
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def find_policies(folder: Path) -> dict[str, Path]:
    """The policies of a folder by name, each of them valid.

    Raises:
        NoPolicies: there is none.
        PolicyError: one of them says something it must not.
    """
    stated = {path.stem: path for path in sorted(folder.glob("*.yaml")) if _is_policy(path)}
    if not stated:
        raise NoPolicies(f"there is no policy in {folder}")
    for path in stated.values():
        read_policy(path)
    return stated


def _is_policy(path: Path) -> bool:
    return any(line.startswith("connections:") for line in path.read_text(encoding="utf-8").splitlines())


def for_each_policy(content: Mapping[str, Any], policies: Mapping[str, Path]) -> dict[str, Any]:
    """The same deployments once for each policy, with its tag, its work queue and its folder of results."""
    every = [
        {
            **deployment,
            "name": f"{deployment['name']}-{name}",
            "tags": [*deployment["tags"], f"policy:{name}"],
            "parameters": {**deployment["parameters"], "config": str(path), "out": f"out/{name}"},
            "work_pool": {**deployment["work_pool"], "work_queue_name": name},
        }
        for name, path in policies.items()
        for deployment in content["deployments"]
    ]
    return {**content, "deployments": every}


def find_known(client: SyncPrefectClient) -> list[str]:
    """What a form may call a policy: the files in the folder of the worker, and those kept at the server.

    Nothing is found where the folder is another machine's; the form takes any name then.
    """
    files = [path.name for path in sorted(home().glob("*.yaml")) if _is_policy(path)]
    blocks = client.read_block_documents_by_type(PolicyBlock.get_block_type_slug())
    return [*files, *sorted(f"block:{block.name}" for block in blocks)]


def deploy(
    client: SyncPrefectClient, content: Mapping[str, Any], known: Sequence[str] | None = None
) -> list[str]:
    """Create or update deployments; the schedules of those that are there stay as a person left them.

    Args:
        client: of the server.
        content: as prefect.yaml states them.
        known: policies that the forms offer beside the deployment's own; None where it has that one alone.

    Returns:
        Their names.

    Raises:
        DeployFailed: Prefect refuses.
    """
    names = [deployment["name"] for deployment in content["deployments"]]
    before = {found.name: found for found in _find(client, names)}
    _run_prefect(content)
    for found in _find(client, names):
        # `prefect deploy` reads the form off the code, and calls its fields as that does.
        form = load_flow_from_entrypoint(
            str(found.entrypoint), use_placeholder_flow=False
        ).parameters.model_dump()
        own = str(found.parameters["config"])
        form = with_policies(form, own, [own] if known is None else known)
        client.update_deployment(found.id, DeploymentUpdate(parameter_openapi_schema=form))
        if found.name in before:
            _set_schedules(client, found, before[found.name].schedules)
    return names


def limit_queues(client: SyncPrefectClient, policies: Iterable[str]) -> None:
    """Let one policy take no more than its share of the workers."""
    for name in policies:
        queue = client.read_work_queue_by_name(name, POOL)
        client.update_work_queue(queue.id, concurrency_limit=RUNS_AT_ONCE)


def _find(client: SyncPrefectClient, names: Iterable[str]) -> Iterator[DeploymentResponse]:
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

    # One at a time: a server gives at most 200 at once.
    for name in names:
        named = DeploymentFilter(name=DeploymentFilterName(any_=[name]))
        yield from client.read_deployments(deployment_filter=named)


def _set_schedules(
    client: SyncPrefectClient, deployment: DeploymentResponse, schedules: Iterable[DeploymentSchedule]
) -> None:
    """Replace the schedules of a deployment; those that were made in the UI have no slug to know them by."""
    for there in deployment.schedules:
        client.delete_deployment_schedule(deployment.id, there.id)
    kept = ("schedule", "active", "slug", "parameters")
    stated = [{name: getattr(schedule, name) for name in kept} for schedule in schedules]
    if stated:
        client.create_deployment_schedules(
            deployment.id, [DeploymentScheduleCreate(**each) for each in stated]
        )


def _run_prefect(content: Mapping[str, Any]) -> None:
    """Have Prefect's own command read them: what prefect.yaml may say is its to know."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "prefect.yaml"
        path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "prefect",
            "--no-prompt",
            "deploy",
            "--all",
            "--prefect-file",
            str(path),
        ]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603  ours
    if ran.returncode:
        raise DeployFailed(f"prefect deploy failed: {(ran.stdout + ran.stderr).strip()[-2000:]}")
