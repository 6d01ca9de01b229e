"""What a connection of kind `pingone` may say."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from provisioning.model.terms import State
from sources.kit.options import SourceOptions
from sources.pingone.fields import FIELDS


class PingOneOptions(SourceOptions):
    """What a connection of kind `pingone` may say."""

    kind: ClassVar[str] = "pingone"
    known_fields = FIELDS

    environment: str = Field(description="Identifier of the environment.")
    client_id: str = Field(description="Client id of a worker application.")
    client_secret: SecretStr = Field(description="Its secret.")
    region: Literal["com", "eu", "ca", "asia", "com.au", "sg"] = Field(
        "com", description="Where the environment is: what the addresses of its console end with."
    )
    url: str | None = Field(None, description="Address of the API, version included, if not the region's.")
    auth_url: str | None = Field(None, description="Address of the token service, if not the region's.")
    attributes: dict[str, str] = Field(
        {}, description="Column to field of a user, such as an attribute your schema adds."
    )
    states: dict[str, State] = Field({}, description="What `disabled` means here: {disabled: departed}.")
    page_size: int = Field(200, ge=1, le=200, description="Users and groups a page.")
