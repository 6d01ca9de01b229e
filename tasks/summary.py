"""The summary of a run: the one object scripts read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from tasks.session import Session

EXIT_CODES = {"done": 0, "changes planned": 2, "needs approval": 3, "done with failures": 4, "error": 1}


def verdict(*, needs_approval: bool, wrong: int, left: int) -> str:
    """One word for how a run ended; the gravest that holds.

    Args:
        needs_approval: a limit or a rule stops a plan until a person has approved it.
        wrong: failed and stale rows, and targets that could not be reached.
        left: changes that are still to be made.
    """
    if wrong:
        return "done with failures"
    if needs_approval:
        return "needs approval"
    return "changes planned" if left else "done"


def failure(session: Session, error: str) -> dict[str, Any]:
    """The summary of a run that ended in an error."""
    return {**frame_of(session), "verdict": "error", "exit_code": EXIT_CODES["error"], "error": error}


def frame_of(session: Session) -> dict[str, Any]:
    """What every summary holds, whatever the run did."""
    return {
        "run_id": session.run_id,
        "flow": session.flow,
        "fingerprint": None,
        "verdict": "done",
        "exit_code": 0,
        "identities": 0,
        "accounts": 0,
        "linked": 0,
        "orphans": 0,
        "ambiguous": 0,
        "changes": {},
        "applied": 0,
        "failed": 0,
        "stale": 0,
        "propagating": 0,
        "residual": 0,
        "seats": {},
        "waste": {"seats": 0, "monthly": None, "next_renewal": None, "currency": None},
        "requests": session.reader.meter.counts(),
        "seconds": dict(session.seconds),
    }


def write_summary(out: Path, summary: dict[str, Any]) -> Path:
    """Write `summary.json`; amounts as exact text."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / "summary.json"
    path.write_bytes(orjson.dumps(summary, option=orjson.OPT_INDENT_2, default=str))
    return path
