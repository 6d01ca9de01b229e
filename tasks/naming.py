"""What a run is called in the Prefect UI, and where it writes when a deployment starts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prefect.runtime import flow_run

from tasks.ending import describe_briefly
from tasks.progress import announce
from tasks.session import Session
from tasks.ui import is_typed, name_run

LATEST = "latest"


def own_folder(out: Path, run_id: str) -> Path:
    """The folder of a run of a deployment: two of them never overwrite each other; `latest` leads to it."""
    own = out / run_id
    own.mkdir(parents=True, exist_ok=True)
    new = out / f".{run_id}"
    # Some file systems have no links; the folder is found by the run's name there.
    with suppress(OSError):
        new.symlink_to(run_id, target_is_directory=True)
        new.replace(out / LATEST)
    return own


@contextmanager
def named(session: Session) -> Iterator[None]:
    """Call the run by flow, policy, targets and time, and in the end by what came of it.

    A run that a person named keeps its name.
    """
    beginning = f"{session.flow} {session.policy_name} ("
    if session.flow_run is None or _is_named(beginning):
        yield
        return
    targets = session.target_names
    where = ", ".join(targets) if len(targets) < 4 else f"{len(targets)} targets"
    name = f"{beginning}{where}) {session.now:%Y-%m-%d %H:%M}"
    _rename(name)
    try:
        yield
    finally:
        if (summary := session.ledger.run(session.run_id).summary) is not None:
            _rename(f"{name}: {describe_briefly(summary)}")


def _rename(name: str) -> None:
    """A run is never lost for its name's sake."""
    try:
        name_run(name)
    except Exception as unnamed:  # noqa: BLE001  whatever it is
        announce(f"Prefect keeps another name than {name!r} for this run: {unnamed}")


def _is_named(beginning: str) -> bool:
    """Whether a person named the run; one that goes on bears the name that it gave itself when it began."""
    return is_typed(flow_run.name) and not flow_run.name.startswith(beginning)
