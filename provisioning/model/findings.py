"""What a check found, in words."""

from __future__ import annotations

from typing import Literal, NamedTuple

from errors import SeatwiseError


class Finding(NamedTuple):
    """One thing a check found out."""

    level: Literal["ok", "warning", "error"]
    subject: str
    message: str
    remedy: str | None = None


class PlainError(SeatwiseError):
    """What stopped a step, and in `remedy` what to do next."""


class Refused(PlainError):
    """A step that was refused before anything was sent; nothing has changed."""


class Unreadable(PlainError):
    """A file that cannot be read whole, so nothing of it is used."""
