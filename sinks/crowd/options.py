"""What a connection of kind `crowd` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from sinks.kit.options import RemoteOptions


class CrowdOptions(RemoteOptions):
    """What a connection of kind `crowd` may say."""

    kind: ClassVar[str] = "crowd"

    url: str = Field(description="Address of Crowd, with its context path.")
    application: str = Field(description="Name of the application in Crowd.")
    password: SecretStr = Field(description="That application's password.")
    products: dict[str, list[str]] = Field(
        {}, description="Groups that open each product, where no other connection reads that product."
    )
    site: str | None = Field(None, description="Name of the site in reports; the host when not given.")
    page_size: int = Field(1000, ge=1, le=1000, description="Rows a page.")
