"""What a run says to its Prefect server outside Prefect's own steps: artifacts, and the run's name.

Steps work in threads that Prefect knows nothing of, so everything here names the run itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

from coolname.data import config as _slugs
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.runtime import flow_run

if TYPE_CHECKING:
    from prefect.artifacts import Artifact

_PARTS: dict[str, Any] = _slugs
_WORDS = {word for part in _PARTS.values() for word in part.get("words", ())}
"""What Prefect makes the name of a run of where nobody types one."""
_PROPOSED = re.compile(
    "(alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|omicron|pi|rho|sigma|tau"
    r"|upsilon|phi|chi|psi|omega)\d+-[a-z-]+"
)
"""What the form for a run of one's own stands filled with, such as omega5-ligobis."""


def post_artifact(shown: Artifact, run: str | None) -> UUID:
    """Show an artifact with a run; its identifier."""
    # Within a flow the method would give a coroutine unless told otherwise, which its type does not know.
    data = shown.format(_sync=True)  # type: ignore[call-arg]
    made = ArtifactCreate(
        type=shown.type,
        key=shown.key,
        description=shown.description,
        flow_run_id=UUID(run) if run else None,
        data=data,
    )
    with get_client(sync_client=True) as client:
        return client.create_artifact(made).id


def move_progress(artifact: UUID, percent: float) -> None:
    """Move a progress artifact."""
    with get_client(sync_client=True) as client:
        client.update_artifact(artifact, ArtifactUpdate(data=percent))


def artifact_key(*words: str) -> str:
    """The key of an artifact: lowercase letters, digits and dashes, which is all that Prefect allows."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(["seatwise", *words]).lower()).strip("-")


def is_typed(name: str) -> bool:
    """Whether a person named the run, rather than Prefect or the form of its UI, which proposes a name."""
    return not {*name.split("-")} <= _WORDS and not _PROPOSED.fullmatch(name)


def name_run(name: str) -> None:
    """Rename the run that this process is."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_name(UUID(flow_run.id), name)
