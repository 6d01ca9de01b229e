"""What a connection of kind `atlassian_scim` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from sinks.kit.options import RemoteOptions

PAGE = 100


class AtlassianScimOptions(RemoteOptions):
    """What a connection of kind `atlassian_scim` may say."""

    kind: ClassVar[str] = "atlassian_scim"

    url: str = Field("https://api.atlassian.com", description="Address of the API.")
    directory: str = Field(description="Identifier of the provisioning directory, shown beside its key.")
    key: SecretStr = Field(description="Key of that directory; not the organisation's.")
    default_groups: list[str] = Field(
        [], description="More names of Atlassian's own groups; * stands for any."
    )
    user_limit: int = Field(150_000, ge=1, description="Users the directory may hold.")
    member_limit: int = Field(35_000, ge=1, description="Members a group may hold.")
    members_at_once: int = Field(100, ge=1, le=1000, description="Members that one request names.")
    page_size: int = Field(PAGE, ge=1, le=1000, description="Users and groups a page.")
