"""What `seatwise check` does: the policy file, then every connection."""

from __future__ import annotations

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING

from errors import explain_error
from flows.cli.findings import describe
from provisioning.model.findings import Finding
from tasks.locate import locate_policy
from tasks.policy_file import read_policy
from tasks.prices import read_prices

if TYPE_CHECKING:
    from sinks import Sink
    from tasks.session import Session


def check_connections(config: Path, *, offline: bool, json: bool) -> tuple[str, bool]:
    """Every finding as text, and whether one of them is an error; offline the policy file alone."""
    findings = _check_policy(config) if offline else _check_all(config)
    failed = any(finding.level == "error" for part in findings.values() for finding in part)
    if json:
        # A policy that is not valid is refused before any connection is asked.
        findings = {"policy": [Finding("ok", config.name, "is valid")], **findings}
        plain = {name: [finding._asdict() for finding in part] for name, part in findings.items()}
        return jsonlib.dumps(plain, indent=2), failed
    return "\n".join([f"{config.name} is valid", *describe(findings)]), failed


def _check_policy(config: Path) -> dict[str, list[Finding]]:
    """That the file and its price book are valid, and each connection's options; no secret is looked up."""
    path = locate_policy(config)
    read_prices(read_policy(path), path.parent)
    return {}


def _check_all(config: Path) -> dict[str, list[Finding]]:
    from tasks.session import open_session

    with open_session(config) as session:
        read_prices(session.policy, session.folder)
        sources = {name: _check(session, name, source=True) for name in session.source_names}
        targets = {name: _check(session, name, source=False) for name in session.target_names}
    return {**sources, **targets}


def check_block(what: str, *, json: bool) -> tuple[str, bool]:
    """What a Prefect block says of the connection or policy it holds, as text, and whether it is an error."""
    from tasks.blocks import find_block

    block = find_block(what)
    try:
        part = block.check()
    except Exception as error:  # noqa: BLE001  that it cannot be asked is a finding too
        explained = explain_error(error)
        part = [Finding("error", what, explained.message, explained.remedy)]
    failed = any(finding.level == "error" for finding in part)
    if json:
        return jsonlib.dumps({what: [finding._asdict() for finding in part]}, indent=2), failed
    return "\n".join(describe({what: part})), failed


def _check(session: Session, name: str, *, source: bool) -> list[Finding]:
    """What a connection says of itself; that it cannot be asked is a finding too."""
    try:
        if source:
            return session.source(name).check()
        sink = session.sink(name)
        return [*sink.check(), *_tells_changes(name, sink)]
    except Exception as error:  # noqa: BLE001  the other connections are checked all the same
        explained = explain_error(error)
        return [Finding("error", name, explained.message, explained.remedy)]


def _tells_changes(name: str, sink: Sink) -> list[Finding]:
    """That a target which is changed is read whole each time, where it is of a kind that tells no changes."""
    from sinks.kit.feed import TargetFeed

    if isinstance(sink, TargetFeed) or not sink.actions:
        return []
    words = "cannot tell what changed, so each run reads it whole"
    return [Finding("ok", f"{name}: changes", words)]
