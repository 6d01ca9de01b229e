"""Small values a policy file writes in words: durations, shares and references to secrets."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_DURATION = re.compile(r"\s*(\d+)\s*([dhm])\s*")
_SHARE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
DURATION_UNIT = "days (d), hours (h) or minutes (m)"
SHARE_UNIT = "%"
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
REFERENCE = re.compile(r"(env|block|file):\S.*")


def is_reference(value: object) -> bool:
    """Whether a value names where a secret is kept instead of being it."""
    return isinstance(value, str) and REFERENCE.fullmatch(value) is not None


def read_duration(value: Any) -> timedelta:
    """A length of time out of its words; raises PydanticCustomError, a ValueError, for anything else."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(str(value))
    if found is None:
        raise PydanticCustomError("duration", "a duration is expected, such as 7d, 24h or 30m")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _share(value: Any) -> float:
    if isinstance(value, float) and 0 <= value <= 1:
        return value
    found = _SHARE.fullmatch(str(value))
    if found is None or float(found[1]) > 100:
        raise PydanticCustomError("share", "a share is expected, such as 5% or 40%")
    return float(found[1]) / 100


def duration_text(value: timedelta | None) -> str:
    """A length of time the way the file writes it."""
    if value is None:
        return "never"
    minutes = int(value.total_seconds() // 60)
    for letter, size in (("d", 24 * 60), ("h", 60)):
        if minutes % size == 0:
            return f"{minutes // size}{letter}"
    return f"{minutes}m"


def share_text(value: float) -> str:
    """A part of a whole the way the file writes it."""
    return f"{value * 100:g}%"


Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    PlainSerializer(duration_text),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\d+[dhm]$", "unit": DURATION_UNIT, "examples": ["7d", "24h"]}
    ),
]
"""A length of time: days, hours or minutes."""

Share = Annotated[
    float,
    BeforeValidator(_share),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?%$", "unit": SHARE_UNIT, "examples": ["5%"]}),
]
"""A part of a whole, between 0 and 1, written as a percentage."""
