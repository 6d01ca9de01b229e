"""What a connection of kind `atlassian_export` may say."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator

from sinks.atlassian_export.access import Meaning
from sinks.atlassian_export.headers import NAMES
from sinks.kit.options import SinkOptions


class AtlassianExportOptions(SinkOptions):
    """What a connection of kind `atlassian_export` may say."""

    kind: ClassVar[str] = "atlassian_export"

    path: Path = Field(description="The exported file.")
    site: str | None = Field(None, description="Name of the site, where the file's headers name none.")
    columns: dict[str, str] = Field({}, description="Column to header, for a file that is no known export.")
    opens: dict[str, str] = Field(
        {},
        description="Group to the product it opens, such as `confluence` or `Jira - acme` where there are "
        "several sites, beside Atlassian's default groups.",
    )
    roles: dict[str, Meaning] = Field(
        {}, description="What words of access columns mean that are not known: billed, free or none."
    )
    dates: list[str] = Field(
        [], description="Formats of dates such as %d/%m/%Y, where the file does not show their order."
    )
    caller: str | None = Field(
        None, description="E-mail address of the administrator, whose account is protected."
    )
    as_of: datetime | None = Field(None, description="When the file was exported; its own time by default.")
    encoding: str | None = Field(None, description="UTF-8 or what the byte order mark says by default.")

    @field_validator("columns")
    @classmethod
    def _known_columns(cls, columns: dict[str, str]) -> dict[str, str]:
        if unknown := set(columns) - {*NAMES, "last_active"}:
            raise ValueError(f"no column {sorted(unknown)}; columns are {sorted({*NAMES, 'last_active'})}")
        return columns
