"""What a check says of an exported user list: how old it is, which column feeds what, what was not used."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from provisioning.model.findings import Finding
from sinks.atlassian_export.layout import Layout
from sinks.atlassian_export.sheet import Sheet

TOLD = {"access": "access", "seen": "last use", "sites": "sites"}
"""What each sort of product column tells."""


def explain(sheet: Sheet, as_of: datetime) -> list[Finding]:
    """Say what a file tells."""
    name, layout = sheet.name, sheet.layout
    feeds, *unused = describe_columns(sheet)
    findings = [Finding("ok", name, f"{len(sheet.keys)} accounts as of {as_of:%Y-%m-%d}; {feeds}")]
    findings += [Finding("ok", name, words) for words in unused]
    if not layout.has_access:
        message = "the file has no access columns, so seats that were never used do not show"
        findings.append(Finding("warning", name, message, "Export again with product access."))
    if not (layout.header.group_names or layout.header.group_ids):
        message = "the file has no groups, so a plan cannot know which are assigned already"
        findings.append(Finding("warning", name, message, "Export again with group data."))
    for field, rejects in sheet.rejects.groupby("field"):
        message = f"{field}: {len(rejects)} not understood, the first {rejects['value'].iloc[0]!r}"
        findings.append(Finding("warning", name, message, rejects["remedy"].iloc[0]))
    return findings


def describe_columns(sheet: Sheet) -> list[str]:
    """Which column feeds what, and which were not used, if any."""
    unused = sheet.layout.unused
    return ["; ".join(_feeds(sheet.layout)), *([f"not used: {', '.join(unused)}"] if unused else [])]


def _feeds(layout: Layout) -> Iterator[str]:
    """Each thing that is read, and the columns that feed it."""
    header = layout.header
    for what, place in header.places.items():
        yield f"{what} from '{header.names[place]}'"
    if header.last_active:
        yield f"last_active from {_quoted(layout, header.last_active)}"
    if header.group_names:
        yield f"groups from {_quoted(layout, header.group_names)}"
    for column in layout.products:
        where = f" on {column.site}" if column.site else ""
        yield f"{TOLD[column.sort]} of {column.product}{where} from '{header.names[column.place]}'"


def _quoted(layout: Layout, places: list[int]) -> str:
    return ", ".join(f"'{layout.header.names[place]}'" for place in places)
