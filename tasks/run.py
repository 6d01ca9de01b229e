"""The frame around a run: it is opened in the ledger, and closed there however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from prefect.exceptions import Pause
from prefect.runtime import deployment, flow_run

from errors import explain_error
from ledger.private import keep_folder_private
from tasks.events import emit_failure
from tasks.first_event import tell_first_event
from tasks.lease import keep_alive
from tasks.naming import named, own_folder
from tasks.opened import open_here
from tasks.personal_data import veil_logs
from tasks.prices import read_prices
from tasks.progress import current_progress, show_on
from tasks.progress_artifacts import InPrefect
from tasks.publish import publish_so_far
from tasks.session import Session, open_session
from tasks.unheard import tell_unheard
from transport.redact import redact


@contextmanager
def open_run(
    flow: str,
    config: str,
    out: str,
    *,
    only: list[str] | None = None,
    as_of: datetime | None = None,
    full: bool = False,
) -> Iterator[Session]:
    """A session with a run in the ledger; an error closes the run as such, shows what it did, and goes on up.

    An error that nobody foresaw goes up as one with a remedy.

    Args:
        flow: name of the flow.
        config: the policy file.
        out: folder for the files people read; also gets what a failed run came to.
        only: e-mail addresses the run is restricted to.
        as_of: moment a rehearsal stands for; it leaves nothing that a later run decides by.
        full: whether every source and target is read whole.
    """
    with open_session(config, out=out, only=only, as_of=as_of) as session:
        session.flow, session.full, session.flow_run = flow, full, flow_run.id
        _begin(session)
        with named(session), open_here(session):
            try:
                # Its mistakes are told before anything is read, not when everything is.
                session.prices = read_prices(session.policy, session.folder)
                with keep_alive(session), show_on(InPrefect(session, current_progress())):
                    yield session
            except Pause:
                # It waits for a person, and has said so itself.
                raise
            except BaseException as error:
                _end_early(session, error)
                raise


def _begin(session: Session) -> None:
    """Open the run in the ledger and its folder, and say how those ended that fell silent."""
    ledger = session.ledger
    session.run_id = ledger.start_run(
        session.flow,
        session.moment(),
        policy=session.policy.fingerprint(),
        config=str(session.config),
        flow_run=session.flow_run,
    )
    if deployment.id:
        session.out = own_folder(session.out, session.run_id)
    keep_folder_private(session.out, shared=[session.config, Path.cwd(), Path.home()])
    tell_first_event()
    veil_logs(session.policy.personal_data if session.flow_run else "full")
    session.interrupted = ledger.close_interrupted(session.moment())
    if session.flow_run:
        tell_unheard(ledger)


def _end_early(session: Session, error: BaseException) -> None:
    """Show and close what came of the run.

    Raises:
        Unforeseen: instead of an error without a remedy.
    """
    session.stopping.set()
    explained = explain_error(error)
    publish_so_far(session, redact(str(explained)))
    emit_failure(session, error)
    if isinstance(error, Exception) and explained is not error:
        raise explained from error
