"""What a connection of kind `entra` may say."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from provisioning.model.terms import State
from sources.entra.fields import FIELDS, MANAGER
from sources.kit.options import SourceOptions

LOGIN = "https://login.microsoftonline.com"
GRAPH = "https://graph.microsoft.com"


class EntraOptions(SourceOptions):
    """What a connection of kind `entra` may say."""

    kind: ClassVar[str] = "entra"
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
    known_fields = FIELDS | {"manager": MANAGER}

    tenant: str = Field(description="Identifier or domain of the tenant.")
    client_id: str = Field(description="Application (client) identifier of the app registration.")
    client_secret: SecretStr | None = Field(None, description="Its secret.")
    certificate: SecretStr | None = Field(
        None, description="In place of a secret: PEM text with private key and certificate."
    )
    authority: str = Field(LOGIN, description="Login authority; another one for a national cloud.")
    graph: str = Field(GRAPH, description="Address of Graph; another one for a national cloud.")
    attributes: dict[str, str] = Field({}, description="Column to property, where yours differ.")
    states: dict[Literal["enabled", "disabled", "invited", "deleted"], State] = Field(  # type: ignore[assignment]
        {}, description="What an account is that is so, where it means something else to you."
    )
    nested: bool = Field(True, description="Whether to follow groups in groups.")
    apps: list[str] = Field([], description="Patterns of the names of applications whose users to read.")
    managers: bool = Field(True, description="Whether to read managers; ten times the pages of users.")
    sign_ins: bool = Field(True, description="Whether to read last sign-ins.")
    sign_ins_per_minute: int = Field(10, ge=1, description="Requests for sign-ins a minute.")
    resource_units: int = Field(8_000, ge=100, description="Resource units in ten seconds.")
    page_size: int = Field(999, ge=1, le=999, description="Users and groups a page.")
    sign_in_page_size: int = Field(500, ge=1, le=500, description="Users a page of sign-ins.")
    member_page_size: int = Field(999, ge=1, le=999, description="Members a page.")
    workers: int = Field(4, ge=1, le=16, description="Batches of twenty groups read side by side.")

    @field_validator("authority", "graph")
    @classmethod
    def _without_slash(cls, address: str) -> str:
        return address.rstrip("/")

    @field_validator("certificate")
    @classmethod
    def _with_key(cls, pem: SecretStr | None) -> SecretStr | None:
        text = pem.get_secret_value() if pem else ""
        if pem and not ("PRIVATE KEY-----" in text and "BEGIN CERTIFICATE-----" in text):
            raise ValueError("give PEM text that holds the private key and the certificate")
        return pem

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.client_secret is None) == (self.certificate is None):
            raise ValueError("give either client_secret or certificate")
        return self
