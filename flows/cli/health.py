"""What `seatwise health` does: say whether everything that should run, runs."""

from __future__ import annotations

import json as jsonlib
import os
from pathlib import Path

from errors import explain_error
from flows.cli.findings import describe
from provisioning.model.findings import Finding
from tasks.health import check_memory
from tasks.session import open_session

NO_SERVER = Finding(
    "warning",
    "server",
    "PREFECT_API_URL is not set, so no schedule is watched",
    "Set it to the server's address.",
)


def tell_health(config: Path, *, json: bool) -> tuple[str, bool]:
    """Every finding as text, and whether all is well: no finding is an error."""
    parts = {"memory": _check_memory(config), "prefect": _check_prefect()}
    well = all(finding.level != "error" for part in parts.values() for finding in part)
    if json:
        plain = {name: [finding._asdict() for finding in part] for name, part in parts.items()}
        return jsonlib.dumps({"well": well, **plain}, indent=2), well
    return "\n".join([*describe(parts), "", "All is well." if well else "Not all is well."]), well


def _check_memory(config: Path) -> list[Finding]:
    try:
        with open_session(config) as session:
            return list(check_memory(session))
    except Exception as error:  # noqa: BLE001  the server is asked all the same
        explained = explain_error(error)
        return [Finding("error", "ledger", explained.message, explained.remedy)]


def _check_prefect() -> list[Finding]:
    if not os.environ.get("PREFECT_API_URL"):
        return [NO_SERVER]
    from flows.setup.health import check_server

    return list(check_server())
