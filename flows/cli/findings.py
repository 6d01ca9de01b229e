"""Findings on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioning.model.findings import Finding

MARKS = {"ok": "ok      ", "warning": "warning ", "error": "error   "}


def describe(findings: Mapping[str, Sequence[Finding]]) -> list[str]:
    """One line a finding under its connection, the remedy beneath it."""
    lines = []
    for name, part in findings.items():
        lines.append(name)
        for finding in part:
            lines.append(f"  {MARKS[finding.level]}{finding.subject}: {finding.message}")
            if finding.remedy and finding.level != "ok":
                lines.append(f"          → {finding.remedy}")
    return lines
