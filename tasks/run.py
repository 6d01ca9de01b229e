"""The frame around a run: it is opened in the ledger, and closed there however it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from ledger import StoredPlan
from provisioning.decide.decide import Decision
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from tasks.session import Session, opened
from tasks.summary import failure, write_summary
from transport.redact import redact


@dataclass
class Picture:
    """What a run has seen, decided and done, by the name of the source or target."""

    sources: dict[str, SourceSnapshot] = field(default_factory=dict)
    targets: dict[str, TargetSnapshot] = field(default_factory=dict)
    decisions: dict[str, Decision] = field(default_factory=dict)
    plans: dict[str, StoredPlan] = field(default_factory=dict)
    outcomes: dict[str, pd.DataFrame] = field(default_factory=dict)
    residual: dict[str, int] = field(default_factory=dict)


@contextmanager
def running(
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
        as_of: moment the run stands for; now if left out.
        full: whether every source is read whole.
    """
    with opened(config, out=out, only=only, as_of=as_of) as session:
        session.flow, session.full = flow, full
        session.run_id = session.ledger.start_run(
            flow, session.now, policy=session.policy.fingerprint(), config=str(session.config)
        )
        try:
            yield session
        except BaseException as error:
            summary = failure(session, redact(f"{error} {getattr(error, 'remedy', '')}".strip()))
            write_summary(session.out, summary)
            session.ledger.finish_run(
                session.run_id, session.moment(), verdict="error", exit_code=1, summary=summary
            )
            raise
