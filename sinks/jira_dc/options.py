"""What a connection of kind `jira_dc` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sinks.kit.options import DataCenterOptions


class JiraDcOptions(DataCenterOptions):
    """What a connection of kind `jira_dc` may say."""

    kind: ClassVar[str] = "jira_dc"

    anonymize: bool = Field(False, description="Whether deleting anonymises instead, for users with issues.")
    new_owner: str | None = Field(None, description="Key of the user who takes over what they owned.")
