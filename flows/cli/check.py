"""What `seatwise check` does: the policy file, then every connection."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path

from errors import SeatwiseError
from provisioning.model.findings import Finding
from tasks.session import Session, open_session

MARKS = {"ok": "ok      ", "warning": "warning ", "error": "error   "}


def check_connections(config: Path, *, json: bool) -> tuple[str, bool]:
    """Every finding as text, and whether one of them is an error."""
    with open_session(config) as session:
        findings = {"policy": [Finding("ok", config.name, "is valid")]}
        for name in session.source_names:
            findings[name] = _check(session, name, source=True)
        for name in session.target_names:
            findings[name] = _check(session, name, source=False)
    failed = any(found.level == "error" for part in findings.values() for found in part)
    if json:
        return jsonlib.dumps(
            {name: [f._asdict() for f in part] for name, part in findings.items()}, indent=2
        ), failed
    return "\n".join(_lines(findings)), failed


def _check(session: Session, name: str, *, source: bool) -> list[Finding]:
    """What a connection says of itself; that it cannot be asked is a finding too."""
    try:
        connection = session.source(name) if source else session.sink(name)
        return connection.check()
    except Exception as error:  # noqa: BLE001  the other connections are checked all the same
        return [_describe_failure(name, error)]


def _describe_failure(name: str, error: Exception) -> Finding:
    if isinstance(error, SeatwiseError):
        return Finding("error", name, error.message, error.remedy)
    return Finding("error", name, str(error) or type(error).__name__)


def _lines(findings: dict[str, list[Finding]]) -> list[str]:
    lines = []
    for name, part in findings.items():
        lines.append(name)
        for found in part:
            lines.append(f"  {MARKS[found.level]}{found.subject}: {found.message}")
            if found.remedy and found.level != "ok":
                lines.append(f"          → {found.remedy}")
    return lines
