"""Okta's pages: opaque cursors bound to their query, two Link lines, self before next."""

from __future__ import annotations

import base64
import bisect
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from sandbox.kit.world import Request, World
from sandbox.okta.filter import Test


class BadParameterError(ValueError):
    """A query parameter has a value Okta refuses."""


def limit_of(request: Request, default: int, most: int, *, least: int = 1, strict: bool = False) -> int:
    """Return the page size; beyond the most it is cut down, or refused when strict."""
    text = request.get("limit")
    if text is None:
        return default
    if not text.lstrip("-").isdigit() or int(text) < least or (strict and int(text) > most):
        raise BadParameterError(f"limit: expected {least} to {most}")
    return min(int(text), most)


def cursor(request: Request, position: int) -> str:
    """Return a cursor that is valid for this query alone."""
    return base64.urlsafe_b64encode(f"{_query(request)}:{position}".encode()).rstrip(b"=").decode()


def position(request: Request) -> int | None:
    """Return the position the request's cursor stands for, None at the first page."""
    after = request.get("after")
    if after is None:
        return None
    try:
        query, _, number = base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)).decode().partition(":")
        at = int(number)
    except (ValueError, UnicodeDecodeError) as error:
        raise BadParameterError("after: the cursor is not valid") from error
    if query != _query(request):
        raise BadParameterError("after: the cursor belongs to another query")
    return at


def _query(request: Request) -> str:
    asked = sorted(pair for pair in request.query if pair[0] not in ("after", "limit"))
    return f"{zlib.crc32(repr((request.path, asked)).encode()):08x}"


def links(request: Request, after: str | None) -> list[tuple[str, str]]:
    """Return the Link lines; some clients keep only the last, so `next` comes second."""
    here = request.base + request.path
    own = f"{here}?{request.raw_query}" if request.raw_query else here
    lines = [("link", f'<{own}>; rel="self"')]
    if after is not None:
        others = [pair for pair in request.query if pair[0] != "after"]
        lines.append(("link", f'<{here}?{urlencode([("after", after), *others])}>; rel="next"'))
    return lines


def page(
    world: World,
    request: Request,
    numbers: list[int],
    limit: int,
    row: Callable[[int], Any],
    test: Test | None = None,
) -> tuple[list[Any], list[tuple[str, str]]]:
    """Return one page of rows and its Link lines.

    Args:
        world: For the options `okta_empty_last_page` (the last page too announces a next one, which is
            empty) and `okta_page_size` (no page is longer, whatever is asked for).
        request: The cursor is its `after`.
        numbers: Ascending keys of all rows; a cursor is a key, so changes between pages shift nothing.
        limit: Rows a page.
        row: Makes the row of a key.
        test: Which rows to show.
    """
    limit = min(limit, world.options.get("okta_page_size", limit))
    after = position(request)
    start = 0 if after is None else bisect.bisect_right(numbers, after)
    rows: list[Any] = []
    last = after or 0
    more = False
    for number in numbers[start:]:
        candidate = row(number)
        if test is not None and not test(candidate):
            continue
        if len(rows) == limit:
            more = True
            break
        rows.append(candidate)
        last = number
    more = more or bool(rows and world.options.get("okta_empty_last_page"))
    return rows, links(request, cursor(request, last) if more else None)
