"""What a connection to a SCIM server may say."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from provisioning.model.terms import State
from sources.kit.options import SourceOptions
from sources.kit.scim_users import FIELDS


class ScimOptions(SourceOptions):
    """What a connection of kind `scim` may say."""

    kind: ClassVar[str] = "scim"
    known_fields = FIELDS

    url: str = Field(description="Address under which /Users and /Groups stand, version included.")
    token: SecretStr | None = Field(None, description="Bearer token.")
    username: str | None = Field(None, description="Name for HTTP Basic, in place of a token.")
    password: SecretStr | None = Field(None, description="Its password.")
    client_id: str | None = Field(None, description="OAuth client, in place of a token.")
    client_secret: SecretStr | None = Field(None, description="Its secret.")
    token_url: str | None = Field(None, description="Where the client asks for its tokens.")
    scope: str | None = Field(None, description="What its tokens are for, such as urn:opc:idm:__myscopes__.")
    version: Literal["auto", "2.0", "1.1"] = Field("auto", description="Version of SCIM; asked by default.")
    format: Literal["json", "xml"] = Field("json", description="What the server answers; XML means 1.1.")
    paging: Literal["auto", "index", "cursor"] = Field(
        "auto", description="How lists are paged; by cursor where the server offers it."
    )
    members: Literal["auto", "inline", "one_by_one"] = Field(
        "auto", description="Where members of groups stand: in the list, else in each group."
    )
    nested: bool = Field(True, description="Whether members of groups in groups count.")
    filter: str | None = Field(None, description="Only users who satisfy this, asked of the server.")
    query: dict[str, dict[str, str]] = Field(
        {},
        description="Further parameters of requests for `users` and `groups`, such as attributes to be told.",
    )
    attributes: dict[str, str] = Field(
        {}, description="Column to attribute: title, name.formatted, enterprise:division or urn:…:badge."
    )
    states: dict[str, State] = Field({}, description="What `active` means here: {'false': departed}.")
    page_size: int = Field(100, ge=1, le=10_000, description="Users and groups a page.")
    workers: int = Field(8, ge=1, le=64, description="Pages read side by side.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        pair = self.username is not None and self.password is not None
        client = None not in (self.client_id, self.client_secret, self.token_url)
        if [pair, client, self.token is not None].count(True) != 1:
            raise ValueError(
                "give token, username with password, or client_id with client_secret and token_url"
            )
        if unknown := set(self.query) - {"users", "groups"}:
            raise ValueError(f"query knows users and groups, not {', '.join(sorted(unknown))}")
        if self.format == "xml" and (self.version == "2.0" or self.paging == "cursor"):
            raise ValueError("format: xml is SCIM 1.1, which has no cursors")
        return self
