"""What a check found, in words."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Finding(NamedTuple):
    """One thing a check found out."""

    level: Literal["ok", "warning", "error"]
    subject: str
    message: str
    remedy: str | None = None
