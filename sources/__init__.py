"""FROM: one identity provider a file.

A source reads and never writes. To add one, write a file with a class that satisfies `Source`
and add its line to `KINDS`; nothing else changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import ClassVar, Protocol

from pydantic import BaseModel

from provisioning.model.findings import Finding
from provisioning.model.frames import Screened
from transport.door import Door

KINDS = {
    "okta": "sources.okta:Okta",
    "entra": "sources.entra:Entra",
    "onelogin": "sources.onelogin:OneLogin",
    "scim": "sources.scim:Scim",
    "csv": "sources.tables:Csv",
    "sql": "sources.tables:Sql",
}


class Source(Protocol):
    """One identity provider, read whole."""

    kind: ClassVar[str]
    Options: ClassVar[type[BaseModel]]
    """What the connection's entry in the policy file may say; secrets are `SecretStr`."""

    def __init__(self, name: str, options: BaseModel, door: Door) -> None:
        """Open nothing yet; the first read does."""

    def check(self) -> list[Finding]:
        """Say in words what the credential can and cannot do."""

    def identities(self) -> Iterator[Screened]:
        """Pages of validated Identities; raises unless the listing was read to its end."""

    def memberships(self) -> Iterator[Screened]:
        """Pages of validated Memberships; raises unless every group was read to its end."""


def connector(kind: str) -> type[Source]:
    """The class of a kind, imported only now.

    Raises:
        KeyError: no source has that kind.
    """
    module, name = KINDS[kind].split(":")
    found: type[Source] = getattr(import_module(module), name)
    return found
