"""Identifiers that look opaque and still lead back to the number they were made of."""

from __future__ import annotations

from functools import cache

ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = {c: i for i, c in enumerate(ALPHABET)}
# Any large number without a factor in common with 62.
_STIR = 0x9E3779B97F4A7C15F39CC0605CEDC835
_MOST = 10**12


def opaque(prefix: str, number: int, length: int = 20) -> str:
    """Return an identifier of that prefix and whole length."""
    width = length - len(prefix)
    value = number * _STIR % 62**width
    digits = []
    for _ in range(width):
        value, digit = divmod(value, 62)
        digits.append(ALPHABET[digit])
    return prefix + "".join(digits)


def number_of(prefix: str, identifier: str, length: int = 20) -> int | None:
    """Return the number an identifier was made of, or None when it is none of ours."""
    width = length - len(prefix)
    if len(identifier) != length or not identifier.startswith(prefix):
        return None
    value = 0
    for char in reversed(identifier[len(prefix) :]):
        if char not in _DIGITS:
            return None
        value = value * 62 + _DIGITS[char]
    number = value * _inverse(width) % 62**width
    return number if number < _MOST else None


@cache
def _inverse(width: int) -> int:
    return int(pow(_STIR, -1, 62**width))
