"""What a connection of kind `google_workspace` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from sources.google_workspace.fields import FIELDS, UNTOLD
from sources.kit.options import SourceOptions


class GoogleWorkspaceOptions(SourceOptions):
    """What a connection of kind `google_workspace` may say."""

    kind: ClassVar[str] = "google_workspace"
    known_fields = FIELDS | dict.fromkeys(UNTOLD, "")
    untold = frozenset(UNTOLD)

    key: SecretStr = Field(description="Key of the service account: the JSON file Google made, whole.")
    subject: str = Field(description="Address of the administrator the service account acts as.")
    customer: str = Field("my_customer", description="Customer to read; by default the administrator's own.")
    url: str = Field("https://admin.googleapis.com", description="Address of the Admin SDK API.")
    token_url: str | None = Field(
        None, description="Where tokens are asked for, where the key is wrong on it."
    )
    attributes: dict[str, str] = Field(
        {}, description="Column to path, such as externalIds.login_id or customSchemas.Employment.start."
    )
    nested: bool = Field(True, description="Whether members of groups in groups count.")
    deleted: bool = Field(True, description="Whether users deleted of late are read.")
    queries_per_minute: int = Field(2400, ge=1, description="Quota of queries a minute for a user.")
    page_size: int = Field(500, ge=1, le=500, description="Users a page; of groups and members 200 at most.")
    workers: int = Field(8, ge=1, le=64, description="Groups read side by side.")
