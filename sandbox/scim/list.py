"""Lists of resources: filters, pages by index or cursor, chosen attributes, and servers that misbehave.

Options of the world, for both versions: `scim_page_cap` (no page is longer, 200), `scim_short_pages`
(pages come shorter than they could), `scim_ignores_start` (every page is the first; "lying": and it says
it is the one asked for), `scim_repeats` (each page but the first is the one before it),
`scim_no_resources` (a page without rows has no `Resources`), `scim_total` (a number: added to the total;
"page": the total is that of the page), `scim_cursor` (pages by cursor, RFC 9865, are offered),
`scim_members` ("absent": lists of groups leave members out; or how they are written, `rows.spelt`),
`scim_no_groups` (there are no groups, and the resource types say so), `scim_text_booleans`, `scim_untyped`
(members tell neither type nor reference), `scim_no_config` (nothing tells what the server can do),
`scim_on_request` (attributes told only to who asks for them by `attributes`, or for all by `attributeSets`),
`scim_filter` (what becomes of filters: "ignored", "refused" or "fruitless": nothing ever satisfies one).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from sandbox.company.people import Group, Person
from sandbox.kit.world import Reply, Request, World
from sandbox.scim import rows
from sandbox.scim.dialect import XML, Dialect
from sandbox.scim.errors import ScimError
from sandbox.scim.filter import parse, values

USUAL, CAP = 100, 200
_LOGIN = re.compile(r'\s*userName\s+eq\s+"((?:[^"\\])*)"\s*', re.IGNORECASE)
_CURSOR = re.compile(r"([0-9a-f]{8})-(\d+)-(\d+)")
_ALWAYS = ("id", "schemas")


@dataclass(frozen=True)
class Search:
    """What is asked of a list, whether by query or in the body of a search."""

    filter: str | None
    count: int
    start: int
    cursor: str | None
    attributes: tuple[str, ...]
    excluded: tuple[str, ...]
    every: bool = False

    @property
    def projects(self) -> bool:
        """Whether not everything of a resource is shown."""
        return bool(self.attributes or self.excluded)


def asked(request: Request) -> Search:
    """Return the search in a query."""
    return _search(dict(request.query))


def posted(request: Request) -> Search:
    """Return the search in a body (`POST /Users/.search`)."""
    body = request.json()
    if not isinstance(body, dict):
        raise ScimError(400, "A search is a JSON object.", "invalidSyntax")
    return _search({name: ",".join(v) if isinstance(v, list) else v for name, v in body.items()})


def _search(facts: dict[str, Any]) -> Search:
    return Search(
        filter=facts.get("filter"),
        count=max(0, _whole(facts, "count", USUAL)),
        start=max(1, _whole(facts, "startIndex", 1)),
        cursor=facts.get("cursor"),
        attributes=_names(facts.get("attributes")),
        excluded=_names(facts.get("excludedAttributes")),
        every=facts.get("attributeSets") == "all",
    )


def _whole(facts: dict[str, Any], name: str, usual: int) -> int:
    try:
        return int(facts.get(name, usual))
    except (TypeError, ValueError) as wrong:
        raise ScimError(400, f"{name} must be an integer.", "invalidValue") from wrong


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def quiet(world: World, search: Search) -> Search:
    """Return the search without what this server tells on request alone."""
    silent = tuple(world.options.get("scim_on_request", ()))
    if not silent or search.every or search.attributes:
        return search
    return replace(search, excluded=(*search.excluded, *silent))


def users(world: World, dialect: Dialect, request: Request, search: Search) -> Reply:
    """Return a page of users."""
    search = quiet(world, search)
    found = _people(world, dialect, _filter(world, search))
    chosen, facts = _page(world, search, found)
    if search.projects or _xml(request):
        shown = [project(rows.user(world, dialect, person), search) for person in chosen]
        return _reply(world, dialect, request, facts, shown)
    return _reply_bytes(world, dialect, facts, [rows.user_bytes(world, dialect, person) for person in chosen])


def groups(world: World, dialect: Dialect, request: Request, search: Search) -> Reply:
    """Return a page of groups."""
    search = quiet(world, search)
    if world.options.get("scim_no_groups"):
        raise ScimError(404, "The resource type `Groups` is not valid.")
    found: Sequence[Group] = sorted(world.company.groups.values(), key=lambda group: group.number)
    if text := _filter(world, search):
        test = parse(text)
        found = [group for group in found if test(rows.group(world, dialect, group))]
    chosen, facts = _page(world, search, found)
    wanted = (
        "members" not in search.excluded
        and (not search.attributes or "members" in search.attributes)
        and world.options.get("scim_members") != "absent"
    )
    shown = [rows.group(world, dialect, group, members=wanted) for group in chosen]
    return _reply(world, dialect, request, facts, [project(row, search) for row in shown])


def _filter(world: World, search: Search) -> str | None:
    """Return the filter as this server takes it."""
    way = world.options.get("scim_filter") if search.filter else None
    if way == "refused":
        raise ScimError(400, "Filters are not supported.", "invalidFilter")
    if way == "fruitless":
        return 'id eq ""'
    return None if way == "ignored" else search.filter


def _people(world: World, dialect: Dialect, text: str | None) -> Sequence[Person]:
    company = world.company
    if not text:
        return list(company.people.values())
    if login := _LOGIN.fullmatch(text):
        number = company.emails.get(login[1].lower())
        found = company.people.get(number or 0)
        return [found] if found and found.login.lower() == login[1].lower() else []
    test = parse(text)
    return [person for person in company.people.values() if test(rows.user(world, dialect, person))]


def _page(world: World, search: Search, found: Sequence[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """Return the rows of a page and what the list says of itself."""
    options = world.options
    count = min(search.count, options.get("scim_page_cap") or CAP)
    if search.cursor is not None and options.get("scim_cursor"):
        return _by_cursor(search, found, count)
    start = search.start
    if options.get("scim_short_pages") and count > 2:
        count -= start % 3
    first = 1 if options.get("scim_ignores_start") else start
    if options.get("scim_repeats") and start > 1:
        first = max(1, start - count)
    chosen = found[first - 1 : first - 1 + count]
    lie = options.get("scim_total", 0)
    return chosen, {
        "totalResults": len(chosen) if lie == "page" else len(found) + lie,
        "startIndex": start if options.get("scim_ignores_start") == "lying" else first,
        "itemsPerPage": len(chosen),
    }


def _by_cursor(search: Search, found: Sequence[Any], count: int) -> tuple[Sequence[Any], dict[str, Any]]:
    """A cursor holds the number of the last row shown, so nobody shifts when another is deleted."""
    query = f"{zlib.crc32(repr((search.filter, search.attributes, search.excluded)).encode()):08x}"
    after = 0
    if search.cursor:
        sent = _CURSOR.fullmatch(search.cursor)
        if sent is None or sent[1] != query:
            raise ScimError(400, "The cursor is not valid for this query.", "invalidCursor")
        if int(sent[2]) != search.count:
            raise ScimError(400, "The count differs from that of the first page.", "invalidCount")
        after = int(sent[3])
    rest = [row for row in found if row.number > after]
    chosen = rest[:count]
    facts: dict[str, Any] = {"totalResults": len(found), "itemsPerPage": len(chosen)}
    if len(rest) > len(chosen) and chosen:
        facts["nextCursor"] = f"{query}-{search.count}-{chosen[-1].number}"
    return chosen, facts


def project(row: dict[str, Any], search: Search) -> dict[str, Any]:
    """Return a resource with the attributes asked for, or without those excluded."""
    if search.attributes:
        wanted = {name: value for name, value in row.items() if name in _ALWAYS}
        for path in search.attributes:
            _copy(row, wanted, path)
        return wanted
    gone = {name.lower() for name in search.excluded} - set(_ALWAYS)
    return {name: value for name, value in row.items() if name.lower() not in gone}


def _copy(row: dict[str, Any], wanted: dict[str, Any], path: str) -> None:
    """Copy one attribute; of `name.givenName` that part alone, of an extension its parts."""
    schemas = [schema for schema in row["schemas"] if path.lower().startswith(schema.lower())]
    if schemas and isinstance(row.get(max(schemas, key=len)), dict):
        schema = max(schemas, key=len)
        inner = path[len(schema) :].lstrip(":")
        part = {"schemas": [], **row[schema]}
        target = wanted.setdefault(schema, {})
        target.update(row[schema] if not inner else {})
        if inner:
            _copy(part, target, inner)
        return
    name, _, sub = path.partition(".")
    key = next((key for key in row if key.lower() == name.lower()), None)
    if key is None:
        return
    if not sub or not isinstance(row[key], dict):
        wanted[key] = row[key]
    elif found := values(row[key], sub):
        wanted.setdefault(key, {})[sub] = found[0]


def _xml(request: Request) -> bool:
    return XML in request.headers.get("accept", "")


def _head(world: World, dialect: Dialect, facts: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": list(dialect.lists), **facts}


def _reply(
    world: World, dialect: Dialect, request: Request, facts: dict[str, Any], shown: list[Any]
) -> Reply:
    body = _head(world, dialect, facts)
    if shown or not world.options.get("scim_no_resources"):
        body["Resources"] = shown
    return dialect.reply(request, body)


def _reply_bytes(world: World, dialect: Dialect, facts: dict[str, Any], shown: list[bytes]) -> Reply:
    head = orjson.dumps(_head(world, dialect, facts))
    if shown or not world.options.get("scim_no_resources"):
        head = head[:-1] + b',"Resources":[' + b",".join(shown) + b"]}"
    return Reply(200, head, kind=dialect.media)
