"""What every connection to a target may say."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator


class SinkOptions(BaseModel):
    """What a connection may say, whatever the target; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid")
    kind: ClassVar[str]
    """What the policy file calls the target."""


class RemoteOptions(SinkOptions):
    """What a connection to a target behind an API may say besides."""

    url: str = Field(description="Address of the API.")
    workers: int = Field(8, ge=1, le=64, description="Requests side by side.")


class SiteOptions(RemoteOptions):
    """What a connection to a site may say, whatever the product."""

    url: str = Field(description="Address of the site, such as https://acme.atlassian.net.")
    email: str = Field(description="E-mail address of the administrator whose token it is.")
    token: SecretStr = Field(description="API token of that administrator.")


class ServerOptions(RemoteOptions):
    """What a connection to a Data Center server may say."""

    url: str = Field(description="Address of the product, with its context path.")
    token: SecretStr | None = Field(None, description="Personal access token of an administrator.")
    user: str | None = Field(None, description="Name of an administrator, where there is no token.")
    password: SecretStr | None = Field(None, description="That administrator's password.")
    page_size: int = Field(200, ge=1, le=1000, description="Rows a page, as far as the product allows.")

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.token is None) == (self.user is None or self.password is None):
            raise ValueError("give either `token`, or `user` and `password`")
        return self


class DataCenterOptions(ServerOptions):
    """What a connection to a Data Center product with seats may say."""

    site: str | None = Field(None, description="Name of the site in reports; the host when not given.")
