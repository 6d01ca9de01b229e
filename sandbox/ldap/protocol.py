"""One LDAP connection, with everything that goes wrong as faults say."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from sandbox.kit.counters import CUT
from sandbox.kit.faults import Fault
from sandbox.kit.world import World
from sandbox.ldap import ber, message
from sandbox.ldap.message import Message
from sandbox.ldap.search import Session, search

PATH = "/ldap"
"""What faults and counts call a search."""
ACCOUNTS = {
    "seatwise@acme.test": "active_directory",
    "cn=seatwise,dc=acme,dc=test": "openldap",
}
"""Who may sign in, and the directory they belong to."""
PASSWORD = "sandbox-ldap-password"  # noqa: S105 - of a rehearsal
WRONG = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v2580"
UNBOUND = (
    "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be "
    "completed on the connection., data 0, v4563"
)
CODES = {401: message.OPERATIONS, 403: message.DENIED, 429: message.BUSY, 503: message.UNAVAILABLE}
"""What the status of a fault is here; any other one is an error of the server."""


class Ldap(asyncio.Protocol):
    """Answers one connection; uvicorn closes it with the others.

    Args:
        world: What is served.
        connections: Those that are open.
    """

    def __init__(self, world: World, connections: set[Any]) -> None:
        self.world, self._connections = world, connections
        self._session = Session()
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be one of the open connections."""
        self.transport = cast("asyncio.Transport", transport)
        self._connections.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Be none of them any more."""
        self._connections.discard(self)

    def shutdown(self) -> None:
        """Close, because the server stops."""
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come whole."""
        self._waiting += data
        while (size := ber.size_of(self._waiting)) and size <= len(self._waiting):
            whole, self._waiting = self._waiting[:size], self._waiting[size:]
            self._take(message.read(whole))

    def _take(self, asked: Message) -> None:
        if asked.operation.tag == message.BIND:
            self._send(asked, [self._bind(asked)])
        elif asked.operation.tag == message.SEARCH:
            self._search(asked)
        elif asked.operation.tag == message.EXTENDED:
            self._send(asked, [message.result(message.EXTENDED_DONE, message.PROTOCOL, "not spoken here")])
        elif asked.operation.tag == message.UNBIND:
            self.transport.close()
        elif asked.operation.tag != message.ABANDON:
            # Whatever would write is refused, and counted so that it is seen.
            self.world.counters.add(PATH, "WRITE", 403, write=True)
            self._send(asked, [message.result(asked.operation.tag + 1, message.DENIED, "read only")])

    def _bind(self, asked: Message) -> bytes:
        _version, name, password = asked.operation.parts
        known = ACCOUNTS.get(name.text.lower()) if password.text == PASSWORD else None
        self._session = Session(known)
        if known:
            return message.result(message.BIND_DONE, message.SUCCESS)
        return message.result(message.BIND_DONE, message.BAD_CREDENTIALS, WRONG)

    def _search(self, asked: Message) -> None:
        fault = self.world.faults.strike(PATH, "GET")
        kind = fault.kind if fault else None
        if kind == "reset":
            self.world.counters.add(PATH, "GET", CUT)
            self.transport.abort()
            return
        if kind == "expire_token":
            self._session = Session()
        operations = self._operations(asked, fault)
        self.world.counters.add(PATH, "GET", fault.status if fault and kind == "status" else 200)
        late = fault.seconds if fault and kind == "timeout" else 0.0
        self._send(asked, operations, late, cut=kind == "truncate")

    def _operations(self, asked: Message, fault: Fault | None) -> list[bytes]:
        if fault and fault.kind == "status" and isinstance(fault.body, list):
            return fault.body  # The same page again.
        if fault and fault.kind == "status":
            code = CODES.get(fault.status, message.OTHER)
            return [message.result(message.SEARCH_DONE, code, f"simulated {fault.status}")]
        if self._session.directory is None:
            return [message.result(message.SEARCH_DONE, message.OPERATIONS, UNBOUND)]
        operations = message.answer(search(self.world, self._session, message.read_search(asked)))
        if fault and fault.kind == "repeat":
            fault.answer_alike(200, {}, operations)
        return operations

    def _send(self, asked: Message, operations: list[bytes], late: float = 0.0, *, cut: bool = False) -> None:
        data = message.numbered(asked.number, operations)
        loop, late = asyncio.get_running_loop(), late + self.world.limits.latency
        loop.call_later(late, self._write, data[: len(data) // 2] if cut else data, cut)

    def _write(self, data: bytes, cut: bool) -> None:
        self.transport.write(data)
        if cut:
            self.transport.close()
