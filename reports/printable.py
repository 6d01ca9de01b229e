"""Text from outside on a terminal: nothing in it moves the cursor, colours the text or turns its direction.

This module is on the path of commands that answer at once: it imports neither frames nor templates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from provisioning.model.text import one_line

_UNSAFE = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
_CONTROL = re.compile(f"[{_UNSAFE}]")
_CONTROL_IN_LINES = re.compile(f"(?!\n)[{_UNSAFE}]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def printable(text: object) -> str:
    """Text of one line."""
    return _CONTROL.sub(_REPLACEMENT, str(text))


def as_lines(lines: Iterable[object]) -> str:
    """Text of several lines of which each stays one, whatever stands in it."""
    return "\n".join(printable(one_line(str(line))) for line in lines)


def printable_lines(text: object) -> str:
    """Text of several lines, which stay lines."""
    return _CONTROL_IN_LINES.sub(_REPLACEMENT, str(text))


def printable_json(text: str) -> str:
    """JSON that means the same: such letters stand in its texts alone, where escapes can stand for them."""
    return _CONTROL_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
