"""FROM: one identity provider a folder, named as its kind in the policy file.

A source reads and never writes. To add one, make a folder whose `options` says what a connection may say and
whose `source` has a class that satisfies `Source`; it is found by itself, see `docs/connectors.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, ClassVar, Protocol

from pydantic import BaseModel

from provisioning.model.stated import find_class, find_options

if TYPE_CHECKING:
    from provisioning.model.findings import Finding
    from provisioning.model.screening import Screened
    from transport.door import Door

# Folders whose name is not their one kind.
_SHARED = {"kit": (), "tables": ("csv", "sql")}
KINDS = {
    kind: f"{__name__}.{folder.name}"
    for folder in iter_modules(__path__)
    if folder.ispkg
    for kind in _SHARED.get(folder.name, (folder.name,))
}
"""Each kind and the folder to import when it is used; finding it imports nothing."""


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


def options_of(kind: str) -> type[BaseModel]:
    """Return what a connection of a kind may say; neither frames nor the connector are loaded.

    Raises:
        KeyError: no source has that kind.
        LookupError: its folder states no such options.
    """
    return find_options(import_module(f"{KINDS[kind]}.options"), kind)


def connector(kind: str) -> type[Source]:
    """Return the class of a kind, imported only now.

    Raises:
        KeyError: no source has that kind.
        LookupError: its folder has no such class.
    """
    found: type[Source] = find_class(import_module(f"{KINDS[kind]}.source"), options_of(kind))
    return found
