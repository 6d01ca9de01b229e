"""What a connection of kind `okta` may say."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from sources.kit.options import SourceOptions
from sources.okta.fields import FIELDS


class OktaOptions(SourceOptions):
    """What a connection of kind `okta` may say."""

    kind: ClassVar[str] = "okta"
    known_fields = FIELDS

    url: str = Field(description="Address of the org, such as https://acme.okta.com.")
    token: SecretStr | None = Field(None, description="API token (SSWS).")
    client_id: str | None = Field(None, description="Service app, in place of a token.")
    private_key: SecretStr | None = Field(None, description="Its private key, PEM or JWK.")
    kid: str | None = Field(None, description="Name of the key, when the app has several.")
    scopes: list[str] = Field(
        ["okta.users.read", "okta.groups.read", "okta.logs.read"],
        description="Scopes to ask for; okta.logs.read is done without where it is not granted.",
    )
    dpop: bool = Field(False, description="Whether the app demands proofs of possession.")
    attributes: dict[str, str] = Field({}, description="Column to profile attribute, where yours differ.")
    page_size: int = Field(200, ge=1, le=200, description="Users and groups a page.")
    member_page_size: int = Field(1000, ge=1, le=1000, description="Members a page.")
    workers: int = Field(8, ge=1, le=64, description="Groups read side by side.")

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        app = self.client_id is not None and self.private_key is not None
        if app == (self.token is not None):
            raise ValueError("give either token, or client_id with private_key")
        return self
