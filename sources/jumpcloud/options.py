"""What a connection of kind `jumpcloud` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from sources.jumpcloud.fields import FIELDS, UNTOLD
from sources.kit.options import SourceOptions


class JumpCloudOptions(SourceOptions):
    """What a connection of kind `jumpcloud` may say."""

    kind: ClassVar[str] = "jumpcloud"
    known_fields = FIELDS | dict.fromkeys(UNTOLD, "")
    untold = frozenset(UNTOLD)

    key: SecretStr = Field(description="API key of an administrator, best of one with read-only access.")
    url: str = Field("https://console.jumpcloud.com/api", description="Address of the API.")
    org: str | None = Field(None, description="Organisation, where the administrator has several.")
    attributes: dict[str, str] = Field(
        {}, description="Column to field of a user, such as attributes.kostenstelle for a custom one."
    )
    nested: bool = Field(True, description="Whether members of groups in groups count.")
    page_size: int = Field(100, ge=1, le=100, description="Users, groups and members a page.")
    workers: int = Field(4, ge=1, le=64, description="Pages and groups read side by side.")
