"""The audit log of the organisation: events to filter, events to poll, and the kinds of actions there are.

A poll goes by when events were processed, and its last page names a cursor too: it is where the next poll
begins. Options of the world: `atlassian_log` (`refused`: the plan has none; `silent`: it tells nothing),
`atlassian_log_lag` (hours by which every third event comes late).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.kit.cloud_log import ACTIONS, Entry
from sandbox.kit.cloud_model import ORG_ID, ORG_NAME, RefusedError, stamp
from sandbox.kit.cloud_wire import cursor, limit_of, organisation, resume, table
from sandbox.kit.world import Reply, Request, World, json_reply

_KIND = "events"
_POLLED = "events-stream"
Placed = tuple[int, Entry]
"""A line of the log with its place in it."""


def stream(world: World, request: Request) -> Reply:
    """`GET …/events-stream`: everything in the order in which it was processed."""
    after, query = _query(request, _POLLED, default=200)
    if query["sortOrder"] == "desc":
        page, following = _newest(_read(world, query), after, query["limit"])
    else:
        page = _read(world, query, after)[: query["limit"]]
        following = page[-1][0] + 1 if page else max(after, organisation(world).log.end(world.company.now))
    rows = [_row(request, entry, processed=True) for _, entry in page]
    return _listed(request, _POLLED, rows, following, query)


def events(world: World, request: Request) -> Reply:
    """`GET …/events`: the newest first, of one action or with one word alone where that is asked."""
    after, query = _query(request, _KIND, default=30)
    found = _read(world, query)
    if action := query.get("action"):
        found = [one for one in found if one[1].action == action]
    if word := str(query.get("q") or "").lower():
        found = [one for one in found if any(word in text.lower() for o in one[1].objects for text in o)]
    page, following = _newest(found, after, query["limit"])
    return _listed(request, _KIND, [_row(request, entry) for _, entry in page], following, query)


def event(world: World, request: Request) -> Reply:
    for _, entry in _read(world, {}):
        if _identifier(entry) == request.params["eventId"]:
            return json_reply({"data": _row(request, entry)})
    raise RefusedError(404, "ADMIN-404-4", "Event not found")


def actions(world: World, _request: Request) -> Reply:
    """`GET …/event-actions`: identifiers with the names people see."""
    _allowed(world)
    rows = [
        {"id": key, "type": "event-actions", "attributes": {"displayName": name, "groupDisplayName": group}}
        for key, (name, group) in ACTIONS.items()
    ]
    return json_reply({"data": rows})


def _allowed(world: World) -> None:
    if world.options.get("atlassian_log") == "refused":
        raise RefusedError(400, "ADMIN-400-19", "The organization's plan has no audit log")


def _query(request: Request, kind: str, *, default: int) -> tuple[int, dict[str, Any]]:
    if token := request.get("cursor"):
        return resume(kind, token)
    query: dict[str, Any] = {
        "limit": limit_of(request.get("limit"), default=default, most=500),
        "sortOrder": request.get("sortOrder") or "asc",
    }
    for name in ("from", "to"):
        if (value := request.get(name)) is not None:
            if not value.isdigit():
                raise RefusedError(400, "ADMIN-400-3", f"Invalid date: {name}")
            query[name] = int(value)
    return 0, query | {name: request.get(name) for name in ("action", "q")}


def _newest(found: list[Placed], before: int, limit: int) -> tuple[list[Placed], int | None]:
    """The newest lines, older than a place where one is given, and where the page after them begins."""
    older = [one for one in reversed(found) if not before or one[0] < before]
    page = older[:limit]
    return page, page[-1][0] if len(older) > len(page) else None


def _read(world: World, query: dict[str, Any], after: int = 0) -> list[Placed]:
    _allowed(world)
    org = organisation(world)
    if world.options.get("atlassian_log") == "silent":
        return []
    first, last = query.get("from", 0), query.get("to")
    ends = datetime.max.replace(tzinfo=UTC) if last is None else datetime.fromtimestamp(last / 1000, UTC)
    begins = datetime.fromtimestamp(first / 1000, UTC)
    return [one for one in org.log.read(world.company.now, after) if begins <= one[1].at <= ends]


def _identifier(entry: Entry) -> str:
    return f"event-{entry.number:08d}"


def _row(request: Request, entry: Entry, *, processed: bool = False) -> dict[str, Any]:
    home = f"{request.base}/atlassian/admin/v1/orgs/{ORG_ID}"
    context = [{"id": o.identifier, "type": o.kind, "attributes": {"name": o.name}} for o in entry.objects]
    return {
        "id": _identifier(entry),
        "type": "events",
        "attributes": {
            "time": stamp(entry.at),
            **({"processedAt": stamp(entry.processed)} if processed else {}),
            "action": entry.action,
            "actor": {"id": "admin", "name": "An administrator", "email": "admin@acme.test"},
            "context": context,
            "container": [{"id": ORG_ID, "type": "orgs", "attributes": {"name": ORG_NAME}}],
            "location": {"ip": "192.0.2.7", "city": "Paris", "countryName": "France"},
        },
        "message": {"content": ACTIONS.get(entry.action, (entry.action,))[0], "format": "simple"},
        "links": {"self": f"{home}/events/{_identifier(entry)}"},
    }


def _listed(
    request: Request, kind: str, rows: list[dict[str, Any]], following: int | None, query: dict[str, Any]
) -> Reply:
    """A page; like all of the first version, its `next` is an address."""
    home = f"{request.base}/atlassian/admin/v1/orgs/{ORG_ID}/{kind}"
    links, meta = {"self": home}, {"page_size": len(rows)}
    if following is not None:
        token = cursor(kind, following, query)
        links["next"] = f"{home}?cursor={token}"
        return json_reply({"data": rows, "links": links, "meta": {**meta, "next": token}})
    return json_reply({"data": rows, "links": links, "meta": meta})


_HOME = "/admin/v1/orgs/{orgId}"
ROUTES = table(
    (
        ("GET", f"{_HOME}/events", events),
        ("GET", f"{_HOME}/events-stream", stream),
        ("GET", f"{_HOME}/events/{{eventId}}", event),
        ("GET", f"{_HOME}/event-actions", actions),
    )
)
