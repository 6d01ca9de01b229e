"""As much of ASN.1's basic encoding (X.690) as LDAP needs: definite lengths, tags of one byte."""

from __future__ import annotations

from typing import NamedTuple

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31


class Element(NamedTuple):
    """One element: its tag and what it holds."""

    tag: int
    content: bytes

    @property
    def parts(self) -> list[Element]:
        """Return the elements inside."""
        return elements(self.content)

    @property
    def number(self) -> int:
        """Return what it holds as a number."""
        return int.from_bytes(self.content, "big", signed=True)

    @property
    def text(self) -> str:
        """Return what it holds as a text."""
        return self.content.decode("utf-8")


def size_of(data: bytes) -> int | None:
    """Return the bytes the first element takes, None where even that cannot be told yet."""
    if len(data) < 2:
        return None
    first = data[1]
    if first < 0x80:
        return 2 + first
    width = first & 0x7F
    if len(data) < 2 + width:
        return None
    return 2 + width + int.from_bytes(data[2 : 2 + width], "big")


def elements(data: bytes) -> list[Element]:
    """Return the elements that stand one after the other."""
    found = []
    while data:
        whole = size_of(data) or len(data)
        start = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
        found.append(Element(data[0], data[start:whole]))
        data = data[whole:]
    return found


def element(tag: int, *contents: bytes) -> bytes:
    """Return an element that holds others, or bytes."""
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes((tag, len(content))) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + content


def number(value: int, tag: int = INTEGER) -> bytes:
    """Return a number."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes | str, tag: int = OCTETS) -> bytes:
    """Return a text or bytes."""
    return element(tag, value.encode() if isinstance(value, str) else value)
