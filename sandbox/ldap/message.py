"""LDAP's messages (RFC 4511): the requests a client sends, and the answers as bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.ldap import ber
from sandbox.ldap.ber import Element

BIND, UNBIND, SEARCH, ABANDON, EXTENDED = 0x60, 0x42, 0x63, 0x50, 0x77
BIND_DONE, ENTRY, SEARCH_DONE, REFERENCE, EXTENDED_DONE = 0x61, 0x64, 0x65, 0x73, 0x78
SUCCESS, OPERATIONS, PROTOCOL, SIZE_LIMIT = 0, 1, 2, 4
NO_SUCH_OBJECT, BAD_CREDENTIALS, DENIED, BUSY, UNAVAILABLE, UNWILLING, OTHER = 32, 49, 50, 51, 52, 53, 80
PAGED, SHOW_DELETED = "1.2.840.113556.1.4.319", "1.2.840.113556.1.4.417"
_CONTROLS = 0xA0


@dataclass(frozen=True)
class Message:
    """One request.

    Attributes:
        number: its answers bear it too.
        operation: what is asked.
        controls: value by identifier.
    """

    number: int
    operation: Element
    controls: Mapping[str, bytes]


@dataclass(frozen=True)
class Search:
    """What a search asks for; `attributes` are as the client wrote them."""

    base: str
    scope: int
    most: int
    filter: Element
    attributes: tuple[str, ...]
    page: int | None = None
    cookie: bytes = b""
    deleted: bool = False


@dataclass
class Answer:
    """What a search brings.

    Attributes:
        code: of the result.
        words: beside the code.
        entries: DN and attributes.
        references: addresses of other servers.
        cookie: of the next page, empty at the end; None where none was asked for.
    """

    code: int = SUCCESS
    words: str = ""
    entries: Sequence[tuple[str, Mapping[str, Sequence[bytes]]]] = ()
    references: Sequence[str] = field(default_factory=list)
    cookie: bytes | None = None


def read(data: bytes) -> Message:
    """Return a whole message."""
    [whole] = ber.elements(data)
    number, operation, *rest = whole.parts
    controls = {}
    for control in rest[0].parts if rest else []:
        oid, *more = control.parts
        controls[oid.text] = next((part.content for part in more if part.tag == ber.OCTETS), b"")
    return Message(number.number, operation, controls)


def read_search(message: Message) -> Search:
    """Return what a search asks for."""
    base, scope, _aliases, most, _seconds, _types, wanted, attributes = message.operation.parts
    page, cookie = None, b""
    if PAGED in message.controls:
        size, mark = ber.elements(message.controls[PAGED])[0].parts
        page, cookie = size.number, mark.content
    return Search(
        base.text,
        scope.number,
        most.number,
        wanted,
        tuple(name.text for name in attributes.parts),
        page,
        cookie,
        SHOW_DELETED in message.controls,
    )


def answer(answer: Answer) -> list[bytes]:
    """Return an answer's operations, each with its controls; the message's number is yet to come."""
    found = [_entry(dn, held) for dn, held in answer.entries]
    found += [ber.element(REFERENCE, ber.octets(url)) for url in answer.references]
    controls = b""
    if answer.cookie is not None:
        value = ber.element(ber.SEQUENCE, ber.number(0), ber.octets(answer.cookie))
        control = ber.element(ber.SEQUENCE, ber.octets(PAGED), ber.octets(value))
        controls = ber.element(_CONTROLS, control)
    return [*found, result(SEARCH_DONE, answer.code, answer.words) + controls]


def result(tag: int, code: int, words: str = "") -> bytes:
    """Return the end of an operation."""
    return ber.element(tag, ber.number(code, ber.ENUMERATED), ber.octets(""), ber.octets(words))


def numbered(number: int, operations: Iterable[bytes]) -> bytes:
    """Return operations as messages that answer the request of a number."""
    return b"".join(ber.element(ber.SEQUENCE, ber.number(number), operation) for operation in operations)


def _entry(dn: str, held: Mapping[str, Sequence[bytes]]) -> bytes:
    attributes = (
        ber.element(ber.SEQUENCE, ber.octets(name), ber.element(ber.SET, *map(ber.octets, values)))
        for name, values in held.items()
    )
    return ber.element(ENTRY, ber.octets(dn), ber.element(ber.SEQUENCE, *attributes))
