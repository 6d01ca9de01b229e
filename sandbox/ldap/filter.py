"""Search filters (RFC 4511, 4.5.1.7), evaluated over one entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.ldap.ber import Element

Held = Mapping[str, Sequence[bytes]]
"""Values by the name of the attribute in lower case."""

AND, OR, NOT, EQUAL, SUBSTRINGS, AT_LEAST, AT_MOST, PRESENT, EXTENSIBLE = (
    0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0x87, 0xA9
)  # fmt: skip
ALL_BITS = "1.2.840.113556.1.4.803"
BINARY = ("objectguid", "objectsid")


def satisfies(held: Held, wanted: Element) -> bool:
    """Whether an entry satisfies a filter; one that is not understood is satisfied by none."""
    if wanted.tag == AND:
        return all(satisfies(held, part) for part in wanted.parts)
    if wanted.tag == OR:
        return any(satisfies(held, part) for part in wanted.parts)
    if wanted.tag == NOT:
        return not satisfies(held, wanted.parts[0])
    if wanted.tag == PRESENT:
        return bool(held.get(wanted.text.lower()))
    if wanted.tag == EXTENSIBLE:
        return _has_bits(held, wanted)
    return _compares(held, wanted)


def _compares(held: Held, wanted: Element) -> bool:
    attribute, value = wanted.parts
    name = attribute.text.lower()
    values = held.get(name, ())
    if wanted.tag == EQUAL:
        return any(_equal(name, own, value.content) for own in values)
    if wanted.tag == SUBSTRINGS:
        return any(_fits(own.lower(), value.parts) for own in values)
    if wanted.tag in (AT_LEAST, AT_MOST):
        order = [_order(own, value.content) for own in values]
        return any(sign >= 0 if wanted.tag == AT_LEAST else sign <= 0 for sign in order)
    return False


def _equal(name: str, own: bytes, asked: bytes) -> bool:
    if name in BINARY:
        return own == asked
    mine, theirs = own.decode().lower(), asked.decode().lower()
    # A category is a DN, and goes by its first name too.
    return mine == theirs or (name == "objectcategory" and mine.startswith(f"cn={theirs},"))


def _order(own: bytes, asked: bytes) -> int:
    """Compare numbers as numbers, and all else by its letters, which orders times."""
    if own.isdigit() and asked.isdigit():
        return (int(own) > int(asked)) - (int(own) < int(asked))
    return (own > asked) - (own < asked)


def _fits(own: bytes, parts: list[Element]) -> bool:
    at = 0
    for part in parts:
        piece, kind = part.content.lower(), part.tag & 0x1F
        if kind == 0 and not own.startswith(piece):
            return False
        if kind == 2:
            return own.endswith(piece) and len(own) - len(piece) >= at
        at = own.find(piece, at)
        if at < 0:
            return False
        at += len(piece)
    return True


def _has_bits(held: Held, wanted: Element) -> bool:
    parts = {part.tag & 0x1F: part.text for part in wanted.parts}
    if parts.get(1) != ALL_BITS:
        return False
    asked = int(parts[3])
    return any(int(own) & asked == asked for own in held.get(parts[2].lower(), ()))
