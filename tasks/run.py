"""The frame around a run: it is opened in the ledger, and closed there however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from errors import explain_error
from ledger.private import keep_folder_private
from tasks.events import emit_failure
from tasks.lease import keep_alive
from tasks.session import Session, open_session
from tasks.summary import summarise_error, write_summary
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
    """A session with a run in the ledger; an error closes the run as such and goes on up.

    Args:
        flow: name of the flow.
        config: the policy file.
        out: folder for the files people read; also gets a summary of a failed run.
        only: e-mail addresses the run is restricted to.
        as_of: moment a rehearsal stands for; it leaves nothing that a later run decides by.
        full: whether every source is read whole.
    """
    with open_session(config, out=out, only=only, as_of=as_of) as session:
        session.flow, session.full = flow, full
        keep_folder_private(session.out, shared=[session.config, Path.cwd(), Path.home()])
        session.run_id = session.ledger.start_run(
            flow, session.moment(), policy=session.policy.fingerprint(), config=str(session.config)
        )
        session.interrupted = session.ledger.close_interrupted(session.moment())
        try:
            with keep_alive(session):
                yield session
        except BaseException as error:
            _close_failed(session, error)
            raise


def _close_failed(session: Session, error: BaseException) -> None:
    summary = summarise_error(session, redact(str(explain_error(error))))
    write_summary(session.out, summary)
    session.ledger.finish_run(session.run_id, session.moment(), verdict="error", exit_code=1, summary=summary)
    emit_failure(session, error)
