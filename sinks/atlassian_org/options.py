"""What a connection of kind `atlassian_org` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from sinks.kit.options import RemoteOptions

PAGE = 100


class AtlassianOrgOptions(RemoteOptions):
    """What a connection of kind `atlassian_org` may say."""

    kind: ClassVar[str] = "atlassian_org"

    url: str = Field("https://api.atlassian.com", description="Address of the API.")
    org: str = Field(
        description="Identifier of the organisation, in the address of its admin site after /o/."
    )
    directory: str | None = Field(None, description="Identifier of the directory, where there are several.")
    key: SecretStr = Field(description="Organisation API key, made without scopes.")
    caller: str | None = Field(None, description="E-mail address of the administrator who made the key.")
    domains: list[str] = Field(
        [], description="Claimed domains; a new address must be in one of them. None given: any address."
    )
    notify: bool = Field(False, description="Whether Atlassian sends invitations by e-mail.")
    managed: bool = Field(True, description="Whether to read the managed accounts beside.")
    page_size: int = Field(PAGE, ge=1, le=PAGE, description="Users and groups a page.")
