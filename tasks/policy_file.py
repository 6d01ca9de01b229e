"""The policy file, read whole: neither frames nor connectors are loaded to understand it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

import sinks
import sources
from provisioning.policy import policy
from provisioning.policy.policy import Policy
from tasks.locate import read_file


class ConnectorOptions(Mapping[str, type[BaseModel]]):
    """What each kind of connection may say; no connector is loaded to know it."""

    def __getitem__(self, kind: str) -> type[BaseModel]:
        """The Options of a kind."""
        return sources.options_of(kind) if kind in sources.KINDS else sinks.options_of(kind)

    def __iter__(self) -> Iterator[str]:
        """All kinds."""
        return iter([*sources.KINDS, *sinks.KINDS])

    def __len__(self) -> int:
        """How many kinds there are."""
        return len(sources.KINDS) + len(sinks.KINDS)


def read_policy(config: Path) -> Policy:
    """The policy file, its connections' options checked against those of their kinds.

    Raises:
        PolicyMissing: there is no such file.
        PolicyError: it says something it must not; every mistake with its line.
    """
    return policy.load(read_file(config), origin=config.name, connection_options=ConnectorOptions())
