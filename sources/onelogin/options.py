"""What a connection of kind `onelogin` may say."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from provisioning.model.terms import State
from sources.kit.options import SourceOptions
from sources.onelogin.fields import FIELDS


class OneLoginOptions(SourceOptions):
    """What a connection of kind `onelogin` may say."""

    kind: ClassVar[str] = "onelogin"
    known_fields = FIELDS

    url: str = Field(description="Address of the account, such as https://acme.onelogin.com.")
    client_id: str = Field(description="Client id of the API credential pair.")
    client_secret: SecretStr = Field(description="Its secret.")
    sign_in: Literal["basic", "header"] = Field(
        "basic", description="How the pair is sent: HTTP Basic, or OneLogin's own header."
    )
    attributes: dict[str, str] = Field(
        {}, description="Column to field of a user, such as custom_attributes.kostenstelle."
    )
    states: dict[str, State] = Field(
        {}, description="What state words (unlicensed, suspended, unlicensed suspended) mean here."
    )
    groups: list[str] = Field(
        ["*"], alias="roles", description="Patterns of the names of roles to read; case does not count."
    )
    page_size: int = Field(100, ge=1, le=100, description="Users and roles a page.")
    workers: int = Field(8, ge=1, le=64, description="Pages read side by side.")
