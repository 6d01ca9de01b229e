"""The body of a request: JSON, of bounded size and depth, without doubt about what it says."""

from __future__ import annotations

import json
from typing import Any

from werkzeug import Request

from receive.refusals import Refusal, bad_syntax

USER_BYTES = 1 << 20
GROUP_BYTES = 10 << 20
"""All members of a group of 100,000 at once."""
DEPTH = 10


def read_body(request: Request, most: int) -> dict[str, Any]:
    """The object a request carries.

    Args:
        request: the request.
        most: bytes it may have.

    Raises:
        Refusal: it is too large, no JSON, no object, nested too deep, or says a thing twice.
    """
    if (request.content_length or 0) > most:
        raise Refusal(413, f"The request is larger than {most >> 20} MiB; send fewer members at a time.")
    if "xml" in (request.mimetype or ""):
        raise Refusal(415, "XML is not taken; set the content type to application/scim+json.")
    raw = request.get_data(cache=False)
    try:
        body = json.loads(raw, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, _Doubtful) else "is no JSON"
        raise bad_syntax(f"The body {why}; correct the client that sends it.") from None
    if not isinstance(body, dict):
        raise bad_syntax("The body is no JSON object; send one user, one group or one PATCH.")
    if _depth(body) > DEPTH:
        raise bad_syntax(f"The body is nested deeper than {DEPTH}; send plain attributes.")
    return body


class _Doubtful(ValueError):
    """JSON that reads two ways."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Doubtful("says an attribute twice")
    return made


def _no_number(_constant: str) -> Any:
    raise _Doubtful("holds a number that JSON does not know")


def _depth(value: Any) -> int:
    """How deep lists and objects lie within each other; no further than is allowed."""
    level, deep = [value], 0
    while level and deep <= DEPTH:
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [each for one in inner for each in one if isinstance(each, list | dict)]
        deep += 1
    return deep
