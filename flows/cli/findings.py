"""Findings on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from provisioning.model.findings import Finding

MARKS = {"ok": "ok      ", "warning": "warning ", "error": "error   "}


def describe(findings: Mapping[str, Sequence[Finding]]) -> list[str]:
    """One line a finding under its connection, the remedy beneath it; further lines of either are set in."""
    lines = []
    for name, part in findings.items():
        lines.append(name)
        for finding in part:
            lines += _indented(f"  {MARKS[finding.level]}", f"{finding.subject}: {finding.message}")
            if finding.remedy and finding.level != "ok":
                lines += _indented("          → ", finding.remedy)
    return lines


def _indented(start: str, text: str) -> list[str]:
    first, *more = text.splitlines() or [""]
    return [f"{start}{first}", *(f"{' ' * len(start)}{line}" for line in more)]
