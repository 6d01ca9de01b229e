"""What a connection that is pushed to may say; the service and the source read the same entry."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

from pydantic import Field

from provisioning.model.terms import State
from provisioning.policy.values import Duration
from sources.kit.options import SourceOptions
from sources.kit.scim_users import FIELDS


class ScimPushOptions(SourceOptions):
    """What a connection of kind `scim_push` may say."""

    kind: ClassVar[str] = "scim_push"
    known_fields = FIELDS

    ledger: str | None = Field(
        None, description="Database the service keeps pushes in; the policy's ledger unless it says another."
    )
    url: str | None = Field(
        None, description="Public https address of the service, as the identity provider is to enter it."
    )
    authentication: list[Literal["bearer", "raw", "basic"]] = Field(
        ["bearer"], min_length=1, description="How the token may come: Bearer, alone, or as a password."
    )
    answers: Literal["scim", "json"] = Field(
        "scim", description="`json` for a client that takes no content type but application/json."
    )
    requests_per_minute: int = Field(6_000, ge=1, description="Requests a token may make.")
    silent_after: Duration = Field(
        timedelta(days=3), description="How long nothing may be heard before the connection counts as stale."
    )
    attributes: dict[str, str] = Field(
        {}, description="Column to attribute: title, name.formatted, enterprise:division or urn:…:badge."
    )
    states: dict[str, State] = Field(
        {}, description="What `active` means here: {'false': departed}; a deleted user has departed."
    )
