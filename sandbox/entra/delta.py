"""What changed: `/users/delta`, read from the company's own event log, and `/groups/delta`.

A round starts without a token (everything) or with the token of a delta link (what happened since),
goes on over next links and ends in a new delta link that stands for the moment the round *started*,
so that what happens meanwhile is told again. Delta tokens live seven days of the virtual clock.

Options of the world: `entra_delta_size` (200 objects a page), `entra_delta_members` (500 members a
page; a group with more comes again), `entra_delta_repeats` (each page repeats the last object of the
one before), `entra_delta_gone` (an expired token is answered 410 in place of 400).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson

from sandbox.company.people import DEPARTED, Event, Person
from sandbox.entra.history import LIFE, look, moved
from sandbox.entra.ids import guid, number_of
from sandbox.entra.query import Sort, link, read_select
from sandbox.entra.rows import GROUP, RESTORABLE, properties, soft_deleted, user_bytes
from sandbox.entra.tree import Unit, numbered, units
from sandbox.entra.wire import RefusedError, bad
from sandbox.kit.world import Reply, Request, World

OBJECTS, MEMBERS = 200, 500
OPTIONS = ("$select", "$skiptoken", "$deltatoken")
MEMBERSHIP = ("joined_group", "left_group")
GROUPS = ("renamed_group", "removed_group", "removed_import")
UNTRACKED = (*MEMBERSHIP, *GROUPS, "sign_in", "failed_sign_in")
"""Events that change no property of a user."""


@dataclass(frozen=True)
class Round:
    """Where a walk through the changes stands.

    Attributes:
        what: users or groups.
        names: Selected properties; `members` among them asks for memberships.
        since: Number of the last event told before, of groups of the last look at them; -1 when
            everything is to be told.
        told: When that was, in virtual time.
        until: Number of the last event, or look, when the round started.
        started: When it started, in virtual time.
        after: Number of the last object told whole.
        offset: Members of the next object told already.
    """

    what: str
    names: tuple[str, ...]
    since: int
    told: str
    until: int
    started: str
    after: int = -1
    offset: int = 0


def delta(world: World, request: Request, sort: Sort) -> Reply:
    """Answer one page of changes."""
    known = [name for name, _ in request.query if name.startswith("$")]
    if unknown := set(known) - set(OPTIONS):
        raise bad(f"Query option '{min(unknown)}' is not supported by delta.", "Request_UnsupportedQuery")
    here = _round(world, request, sort)
    if request.get("$deltatoken") == "latest":
        return _page(request, sort, here, [], last=True)
    changes = _user_changes(world, here) if here.what == "users" else _group_changes(world, here)
    rows, here, last = _fill(world, here, changes)
    return _page(request, sort, here, rows, last=last)


def _round(world: World, request: Request, sort: Sort) -> Round:
    """Return where the walk stands, by the token of the request."""
    what = request.path.split("/")[3]
    if (next_page := request.get("$skiptoken")) is not None:
        return _read(next_page, what)
    since = request.get("$deltatoken")
    now = world.company.now.isoformat()
    latest = _latest(world.company.events) if what == "users" else look(world)
    if since in (None, "", "latest"):
        names = tuple(dict.fromkeys(read_select(request, sort)))
        return Round(what, names, -1, now, latest, now)
    before = _read(str(since), what)
    if world.company.now - datetime.fromisoformat(before.told) > LIFE:
        raise _expired(world, request)
    return replace(before, until=latest, started=now)


def _latest(events: Sequence[Event]) -> int:
    return events[-1].number if events else 0


def _read(token: str, what: str) -> Round:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        here = Round(**told | {"names": tuple(told["names"])})
    except (ValueError, TypeError, KeyError):
        raise bad("The provided delta token is not valid.", "Directory_InvalidPageToken") from None
    if here.what != what:
        raise bad("The provided delta token is not valid for this resource.", "Directory_InvalidPageToken")
    return here


def _written(here: Round) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(here)).rstrip(b"=").decode()


def _expired(world: World, request: Request) -> RefusedError:
    if world.options.get("entra_delta_gone"):
        text = "Resync required. Replace any local items with the server's version."
        afresh = [("Location", f"{request.base}{request.path}?$deltatoken=")]
        return RefusedError(410, "resyncRequired", text, afresh)
    text = "The sync state generation is not found. The delta token is expired and data must be synchronized"
    return RefusedError(400, "syncStateNotFound", f"{text} again.")


def _page(request: Request, sort: Sort, here: Round, rows: Iterable[bytes], *, last: bool) -> Reply:
    head = {"@odata.context": f"{request.base}/entra/v1.0/$metadata#{sort.context}"}
    plain = replace(request, query=[])
    if last:
        fresh = Round(here.what, here.names, here.until, here.started, here.until, here.started)
        head["@odata.deltaLink"] = link(plain, "$deltatoken", _written(fresh))
    else:
        head["@odata.nextLink"] = link(plain, "$skiptoken", _written(here))
    return Reply(200, orjson.dumps(head)[:-1] + b',"value":[' + b",".join(rows) + b"]}")


Change = tuple[int, dict[str, Any] | bytes, list[dict[str, Any]]]
"""Number of an object, the row of it, and its members that changed."""


def _fill(world: World, here: Round, changes: Iterator[Change]) -> tuple[list[bytes], Round, bool]:
    """Return the rows of one page, where the next one starts, and whether this was the last."""
    room = int(world.options.get("entra_delta_members", MEMBERS))
    objects = int(world.options.get("entra_delta_size", OBJECTS))
    rows: list[bytes] = []
    repeated: bytes | None = None
    for number, row, members in changes:
        if number < here.after or (number == here.after and not world.options.get("entra_delta_repeats")):
            continue
        if number == here.after:
            repeated = _with_members(row, members[:room])
            continue
        if len(rows) >= objects or (rows and room <= 0):
            return _repeating(repeated, rows), here, False
        some = members[here.offset : here.offset + room]
        rows.append(_with_members(row, some))
        room -= len(some)
        if here.offset + len(some) < len(members):
            return _repeating(repeated, rows), replace(here, offset=here.offset + len(some)), False
        here = replace(here, after=number, offset=0)
    return _repeating(repeated, rows), here, True


def _repeating(repeated: bytes | None, rows: list[bytes]) -> list[bytes]:
    return rows if repeated is None else [repeated, *rows]


def _with_members(row: dict[str, Any] | bytes, members: list[dict[str, Any]]) -> bytes:
    if isinstance(row, bytes):
        return row
    return orjson.dumps(row | {"members@delta": members} if members else row)


# Users


def _user_changes(world: World, here: Round) -> Iterator[Change]:
    people = world.company.people
    numbers = sorted(people) if here.since < 0 else sorted(_touched(world, here))
    for number in numbers:
        person = people.get(number)
        if person is not None and person.present:
            yield number, _user(world, person, here.names), []
        elif here.since >= 0:
            restorable = person is not None and soft_deleted(world, person)
            yield number, _removed(guid("user", number), "changed" if restorable else "deleted"), []


def _user(world: World, person: Person, names: tuple[str, ...]) -> bytes:
    """Return a user; who manages them comes as a change of membership does."""
    row = user_bytes(world, person, ("id", *(n for n in names if n not in ("id", "manager"))))
    boss = world.company.people.get(person.manager or 0)
    if "manager" not in names or boss is None or not boss.present:
        return row
    managers = orjson.dumps([_member("user", guid("user", boss.number))])
    return row[:-1] + b',"manager@delta":' + managers + b"}"


def _touched(world: World, here: Round) -> set[int]:
    """Return the numbers of those who changed, left, or were purged since."""
    company = world.company
    told = datetime.fromisoformat(here.told)
    found = {e.person for e in company.events if e.number > here.since and e.kind not in UNTRACKED}
    purged = {
        p.number
        for p in company.people.values()
        if p.state == DEPARTED and told <= p.status_changed + RESTORABLE < company.now
    }
    return found | purged


def _removed(identifier: str, reason: str) -> dict[str, Any]:
    return {"id": identifier, "@removed": {"reason": reason}}


# Groups


def _group_changes(world: World, here: Round) -> Iterator[Change]:
    every = numbered(world)
    names = ("id", *(name for name in here.names if name not in ("id", "members")))
    if here.since < 0:
        chosen = [(number, _all_members(world, every[number])) for number in sorted(every)]
    else:
        chosen = [(number, _moved(world, every.get(number), ids)) for number, ids in moved(world, here.since)]
    for number, members in chosen:
        if number not in every:
            yield number, _removed(guid("group", number), "deleted"), []
        else:
            told = members if "members" in here.names else []
            yield number, properties(world, every[number], GROUP, names), told


def _all_members(world: World, unit: Unit) -> list[dict[str, Any]]:
    inner = [units(world)[name] for name in unit.groups]
    people = [_member("user", guid("user", number)) for number in unit.people]
    return people + [_member("group", group.id) for group in inner]


def _moved(world: World, unit: Unit | None, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Return those who came to a group or went, each as it stands now."""
    if unit is None:
        return []
    there = {member["id"] for member in _all_members(world, unit)}
    return [_coming_or_going(key, present=key in there) for key in sorted(ids)]


def _coming_or_going(key: str, *, present: bool) -> dict[str, Any]:
    member = _member("group" if number_of("user", key) is None else "user", key)
    return member if present else member | {"@removed": {"reason": "deleted"}}


def _member(kind: str, identifier: str) -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": identifier}
