"""Entra's identifiers: GUIDs that look random and still lead back to the number they were made of."""

from __future__ import annotations

KINDS = {"user": 0x5E1F0001, "group": 0x5E1F0002, "principal": 0x5E1F0003, "assignment": 0x5E1F0004}
_BITS = 88
_SPACE = 1 << _BITS
# Any large odd number.
_STIR = 0x9E3779B97F4A7C15F39CC06D
_UNSTIR = pow(_STIR, -1, _SPACE)
_MOST = 10**12


def guid(kind: str, number: int) -> str:
    """Return the identifier of a thing of that kind."""
    digits = f"{number * _STIR % _SPACE:022x}"
    return f"{KINDS[kind]:08x}-{digits[:4]}-4{digits[4:7]}-8{digits[7:10]}-{digits[10:]}"


def number_of(kind: str, identifier: str) -> int | None:
    """Return the number an identifier was made of, None when it is none of that kind."""
    parts = identifier.lower().split("-")
    if [len(part) for part in parts] != [8, 4, 4, 4, 12] or parts[0] != f"{KINDS[kind]:08x}":
        return None
    try:
        value = int(parts[1] + parts[2][1:] + parts[3][1:] + parts[4], 16)
    except ValueError:
        return None
    number = value * _UNSTIR % _SPACE
    return number if number < _MOST else None
