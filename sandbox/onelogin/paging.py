"""OneLogin's pages: offsets behind cursors that are plain base64, and totals in headers."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode

from sandbox.kit.world import Reply, Request, World, json_reply

MOST, USUAL = 100, 50
BOTH = "Requests can only have cursor xor pagination arguments"


class BadPageError(ValueError):
    """The arguments of a page are not accepted."""


def page(world: World, request: Request, rows: Sequence[Any], show: Callable[[Any], Any]) -> Reply:
    """Return one page of rows as a bare array, with what the headers tell of the others.

    Pages are offsets into the rows as they are now: who is deleted meanwhile shifts all that follow.

    Args:
        world: For the options `onelogin_page_size` (no page is longer) and `onelogin_bare` (the headers
            tell the cursors alone).
        request: Its `cursor`, or its `limit` and `page`.
        rows: All rows in order of their identifiers.
        show: Makes the JSON of a row.

    Raises:
        BadPageError: Both kinds of arguments, or one that makes no sense.
    """
    limit, number = _wanted(request)
    limit = min(limit, world.options.get("onelogin_page_size", MOST))
    shown = [show(row) for row in rows[(number - 1) * limit : number * limit]]
    last = max(1, math.ceil(len(rows) / limit))
    headers = [("cursor", cursor(limit, number)), ("page-items", str(limit))]
    if number < last:
        headers += _next(request, limit, number + 1)
    if number > 1:
        headers.append(("before-cursor", cursor(limit, number - 1)))
    if not world.options.get("onelogin_bare"):
        totals = {"total-count": len(rows), "total-pages": last, "current-page": number}
        headers += [(name, str(value)) for name, value in totals.items()]
    return json_reply(shown, 200, headers)


def cursor(limit: int, number: int) -> str:
    """Return the cursor of a page."""
    plain = f"limit={limit}&sort=id&page={number}&sort_direction=asc"
    return base64.b64encode(plain.encode()).decode()


def _next(request: Request, limit: int, number: int) -> list[tuple[str, str]]:
    after = cursor(limit, number)
    others = [pair for pair in request.query if pair[0] not in ("cursor", "limit", "page")]
    link = f"{request.base}{request.path}?{urlencode([*others, ('cursor', after)])}"
    return [("after-cursor", after), ("link", f'<{link}>; rel="next"')]


def _wanted(request: Request) -> tuple[int, int]:
    """Return the size and number of the page asked for."""
    sent = request.get("cursor")
    if sent is None:
        limit, number = _whole(request, "limit", USUAL), _whole(request, "page", 1)
        return min(limit, MOST), number
    if request.get("limit") is not None or request.get("page") is not None:
        raise BadPageError(BOTH)
    try:
        plain = parse_qs(base64.b64decode(sent, validate=True).decode(), strict_parsing=True)
        return max(1, int(plain["limit"][0])), max(1, int(plain["page"][0]))
    except (binascii.Error, ValueError, KeyError) as error:
        raise BadPageError("Invalid pagination cursor") from error


def _whole(request: Request, name: str, usual: int) -> int:
    text = request.get(name)
    if text is None:
        return usual
    if not text.isdigit() or not int(text):
        raise BadPageError(f"{name} must be a positive integer")
    return int(text)
