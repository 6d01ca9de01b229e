"""What a connection of kind `keycloak` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from provisioning.model.terms import State
from sources.keycloak.fields import FIELDS, UNTOLD
from sources.kit.options import SourceOptions


class KeycloakOptions(SourceOptions):
    """What a connection of kind `keycloak` may say."""

    kind: ClassVar[str] = "keycloak"
    known_fields = FIELDS | dict.fromkeys(UNTOLD, "")
    untold = frozenset(UNTOLD)

    url: str = Field(description="Address of the server, with /auth at its end where an old one has it.")
    realm: str = Field(description="Name of the realm whose users are read.")
    client_id: str = Field(description="Confidential client with a service account, in the same realm.")
    client_secret: SecretStr = Field(description="Its secret.")
    attributes: dict[str, str] = Field(
        {}, description="Column to field of a user, such as attributes.kostenstelle."
    )
    states: dict[str, State] = Field({}, description="What `disabled` means here: {disabled: departed}.")
    groups: list[str] = Field(
        ["*"], description="Patterns of the paths of groups to read, without the first slash."
    )
    nested: bool = Field(True, description="Whether members of groups in groups count.")
    page_size: int = Field(100, ge=1, le=1000, description="Users, groups and members a page.")
    workers: int = Field(4, ge=1, le=64, description="Pages and groups read side by side.")
