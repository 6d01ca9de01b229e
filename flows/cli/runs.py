"""What `seatwise history` does: the runs, at a glance."""

from __future__ import annotations

import json as jsonlib
from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.glance import newest_runs
from tasks.locate import find_ledger

NO_RUNS = "No runs yet. Start with `seatwise reconcile`."
COLUMNS = {"run_id": 22, "flow": 12, "started_at": 18, "verdict": 24, "exit_code": 4}


def list_runs(config: Path, *, limit: int, json: bool) -> str:
    """The newest runs, one a line."""
    runs = newest_runs(find_ledger(config), limit)
    if json:
        return jsonlib.dumps(runs, indent=2, default=datetime.isoformat)
    if not runs:
        return NO_RUNS
    head = "".join(name.replace("_", " ").ljust(width) for name, width in COLUMNS.items())
    return "\n".join([head.rstrip(), *(_line(run) for run in runs)])


def _line(run: dict[str, Any]) -> str:
    return "".join(_cell(run[name]).ljust(width) for name, width in COLUMNS.items()).rstrip()


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return "running" if value is None else str(value)
