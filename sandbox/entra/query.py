"""Graph's query options and pages: `$select`, `$top`, `$filter`, `$expand` and opaque next links.

Options of the world: `entra_page_size` (no page is longer), `entra_empty_pages` (between two pages
comes an empty one with a next link). `POST /_sandbox/entra/expire_pages` makes every page token
invalid that is under way.
"""

from __future__ import annotations

import base64
import bisect
import itertools
import operator
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote

import orjson

from sandbox.entra.auth import desk
from sandbox.entra.rows import Reader
from sandbox.entra.wire import RefusedError, bad
from sandbox.kit.world import Reply, Request, World

MOST = 999
MOST_WITH_SIGN_INS = 500
MOST_EXPANDED = 100
MOST_NAMED = 15
OPTIONS = ("$select", "$top", "$filter", "$expand", "$count", "$skiptoken")
_CLAUSE = re.compile(r"(?P<name>[\w/]+) (?P<op>eq|ne|ge|gt|le|lt) (?P<value>'(?:[^']|'')*'|[\w:.+-]+)$")
_NAMED = re.compile(r"id in \((?P<ids>'[\w-]+'(?:, ?'[\w-]+')*)\)$")
_STARTS = re.compile(r"startswith\((?P<name>\w+), ?'(?P<value>(?:[^']|'')*)'\)$", re.IGNORECASE)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "ge", "gt", "le", "lt")
}


class Sort(NamedTuple):
    """What a query may speak of: the word in the context, the properties, those that come unasked."""

    context: str
    type: str
    readers: Mapping[str, Reader]
    default: tuple[str, ...]
    expandable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood; `ids` are those a filter names, None where it does not."""

    names: tuple[str, ...]
    top: int
    manager: bool
    sign_ins: bool
    test: Callable[[World, Any], bool] | None
    ids: frozenset[str] | None = None


class Place(NamedTuple):
    """Where a listing goes on: after which key, and whether an empty page comes first."""

    after: int
    pause: bool


def read_query(request: Request, sort: Sort) -> Query:
    """Understand the options of a request or refuse them."""
    known = [name for name, _ in request.query if name.startswith("$")]
    if unknown := set(known) - set(OPTIONS):
        raise bad(f"Query option '{min(unknown)}' is not supported.", "Request_UnsupportedQuery")
    names = read_select(request, sort)
    expand = request.get("$expand")
    if expand is not None and expand.partition("(")[0] not in sort.expandable:
        raise bad(f"Could not find a property named '{expand}' on type '{sort.type}'.", "BadRequest")
    test = request.get("$filter")
    sign_ins = "signInActivity" in names or "signInActivity" in (test or "")
    most = MOST_EXPANDED if expand else MOST_WITH_SIGN_INS if sign_ins else MOST
    ids = _ids(test) if test else None
    return Query(
        names,
        min(_top(request), most),
        expand is not None,
        sign_ins,
        _test(request, sort, test) if test and ids is None else None,
        ids,
    )


def _ids(text: str) -> frozenset[str] | None:
    """Return the identifiers a filter names, None where it is of another kind."""
    found = _NAMED.match(text)
    if found is None:
        return None
    ids = frozenset(part.strip(" '") for part in found["ids"].split(","))
    if len(ids) > MOST_NAMED:
        raise bad(f"Too many child clauses specified in search filter expression: {len(ids)}.")
    return ids


def read_select(request: Request, sort: Sort) -> tuple[str, ...]:
    """Return the properties a request selects, by default the usual ones."""
    text = request.get("$select")
    if text is None:
        return sort.default
    wanted = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in wanted:
        if name not in sort.readers:
            raise bad(f"Could not find a property named '{name}' on type '{sort.type}'.", "BadRequest")
    return wanted


def _top(request: Request) -> int:
    text = request.get("$top", "100") or ""
    if not text.isdigit() or not 1 <= int(text) <= MOST:
        raise bad(
            f"Invalid page size specified: '{text}'. Must be between 1 and 999 inclusive.",
            "Request_UnsupportedQuery",
        )
    return int(text)


def _test(request: Request, sort: Sort, text: str) -> Callable[[World, Any], bool]:
    """Return a filter; clauses are joined by `and`."""
    tests = [_clause(request, sort, clause.strip()) for clause in text.split(" and ")]
    return lambda world, thing: all(test(world, thing) for test in tests)


def _clause(request: Request, sort: Sort, text: str) -> Callable[[World, Any], bool]:
    if found := _STARTS.match(text):
        read, stem = _reader(sort, found["name"]), found["value"].replace("''", "'").lower()
        return lambda world, thing: (read(world, thing) or "").lower().startswith(stem)
    found = _CLAUSE.match(text)
    if found is None:
        raise bad(f"Invalid filter clause: {text}.")
    advanced = request.headers.get("consistencylevel") == "eventual" and request.get("$count") == "true"
    if found["op"] == "ne" and not advanced:
        raise bad("Unsupported Query.", "Request_UnsupportedQuery")
    read, compare, value = _reader(sort, found["name"]), _OPERATORS[found["op"]], _literal(found["value"])

    def test(world: World, thing: Any) -> bool:
        here = read(world, thing)
        return compare(here, value) if here is not None or found["op"] in ("eq", "ne") else False

    return test


def _reader(sort: Sort, name: str) -> Reader:
    """Return what reads a property, or a part of one after a slash."""
    whole, _, part = name.partition("/")
    if whole not in sort.readers:
        raise bad(f"Could not find a property named '{whole}' on type '{sort.type}'.", "BadRequest")
    read = sort.readers[whole]
    return (lambda world, thing: (read(world, thing) or {}).get(part)) if part else read


def _literal(text: str) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    return {"true": True, "false": False, "null": None}.get(text, text)


# Pages


def page(
    world: World,
    request: Request,
    keys: Sequence[int],
    query: Query,
    row: Callable[[int], bytes],
    *,
    context: str,
    thing: Callable[[int], Any] | None = None,
    overruns: bool = False,
) -> Reply:
    """Answer one page.

    Args:
        world: For the options that bend paging.
        request: Its `$skiptoken` says where the page starts.
        keys: Ascending keys of all rows; a token holds a key, so changes between pages shift nothing.
        query: Page size and filter.
        row: Makes the serialised row of a key.
        context: What the rows are, for `@odata.context`.
        thing: What a filter looks at.
        overruns: Whether a last page that is full announces a next one, which is refused.
    """
    place = _place(world, request)
    if place.pause:
        return listing(request, context, [], token(world, request, Place(place.after, pause=False)))
    size = min(query.top, world.options.get("entra_page_size", query.top))
    start = bisect.bisect_right(keys, place.after)
    fits = (
        key for key in keys[start:] if query.test is None or thing is None or query.test(world, thing(key))
    )
    chosen = list(itertools.islice(fits, size))
    more = next(fits, None) is not None
    if overruns and place.after >= 0 and not chosen:
        raise bad("Unsupported Query.", "Request_UnsupportedQuery")
    more = more or (overruns and len(chosen) == size)
    pause = bool(world.options.get("entra_empty_pages"))
    following = token(world, request, Place(chosen[-1], pause)) if more else None
    return listing(request, context, [row(key) for key in chosen], following)


def listing(request: Request, context: str, rows: Sequence[bytes], following: str | None) -> Reply:
    """Return a collection with the address of its next page, if there is one."""
    head: dict[str, str] = {"@odata.context": f"{request.base}/entra/v1.0/$metadata#{context}"}
    if following is not None:
        head["@odata.nextLink"] = link(request, "$skiptoken", following)
    return Reply(200, orjson.dumps(head)[:-1] + b',"value":[' + b",".join(rows) + b"]}")


def link(request: Request, name: str, value: str) -> str:
    """Return the address of this listing with a token in place of the one it may have."""
    others = [pair for pair in request.query if pair[0] not in ("$skiptoken", "$deltatoken")]
    asked = [f"{k}={quote(v, safe='$,()/')}" for k, v in (*others, (name, value))]
    return f"{request.base}{request.path}?{'&'.join(asked)}"


def token(world: World, request: Request, place: Place) -> str:
    """Return a page token that is valid for this query alone."""
    text = f"{_query(request)}:{desk(world).pages}:{place.after}:{int(place.pause)}"
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _place(world: World, request: Request) -> Place:
    text = request.get("$skiptoken")
    if text is None:
        return Place(-1, pause=False)
    try:
        told = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        query, pages, after, pause = told.split(":")
        place = Place(int(after), pause == "1")
    except (ValueError, UnicodeDecodeError):
        raise bad("The specified page token value is not valid.", "Directory_InvalidPageToken") from None
    if query != _query(request):
        raise bad("The specified page token value belongs to another query.", "Directory_InvalidPageToken")
    if int(pages) != desk(world).pages:
        text = "The specified page token value has expired and can no longer be included in your request."
        raise RefusedError(400, "Directory_ExpiredPageToken", text)
    return place


def _query(request: Request) -> str:
    asked = sorted(pair for pair in request.query if pair[0] != "$skiptoken")
    return f"{zlib.crc32(repr((request.path, asked)).encode()):08x}"
