"""What a connection of kind `confluence_dc` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sinks.kit.options import DataCenterOptions


class ConfluenceDcOptions(DataCenterOptions):
    """What a connection of kind `confluence_dc` may say."""

    kind: ClassVar[str] = "confluence_dc"

    notify: bool = Field(False, description="Whether Confluence sends new users an e-mail.")
    licensed_groups: list[str] | None = Field(
        None, description="Groups that may use Confluence; asked of the server when not given."
    )
