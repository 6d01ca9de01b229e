"""Names in the policy become open connections, secrets in place, read-only unless asked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sinks
import sources
from provisioning.policy.policy import Connection, Policy
from tasks.locate import ledger_address
from tasks.secrets import resolve

if TYPE_CHECKING:
    from transport.door import Door


def open_source(policy: Policy, name: str, door: Door, folder: Path) -> sources.Source:
    """The source of that name; nothing is requested yet."""
    connection = policy.connections[name]
    kind = sources.connector(connection.kind)
    options = dict(connection.options)
    if "ledger" in kind.Options.model_fields:
        options["ledger"] = ledger_address(options.get("ledger") or policy.ledger, folder)
    resolved = resolve(options, kind.Options, folder=folder, kind=connection.kind)
    return kind(name, resolved, _way(connection, door))


def open_sink(policy: Policy, name: str, door: Door, folder: Path) -> sinks.Sink:
    """The sink of that name; it can write only if the door can."""
    connection = policy.connections[name]
    kind = sinks.connector(connection.kind)
    options = resolve(connection.options, kind.Options, folder=folder, kind=connection.kind)
    return kind(name, options, _way(connection, door))


def _way(connection: Connection, door: Door) -> Door:
    """The door for one connection: credentials go in clear text only where the connection accepts it."""
    return door.like_this(writable=door.writable, clear_text=connection.insecure is not None)


def connector(kind: str) -> type[sources.Source | sinks.Sink]:
    """The class of a kind, imported only now."""
    return sources.connector(kind) if kind in sources.KINDS else sinks.connector(kind)
