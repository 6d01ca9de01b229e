"""The routes of JumpCloud's two APIs, and what each answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from sandbox.company.people import ACTIVE, STAGED, Group, Person
from sandbox.kit.world import Face, Handler, Reply, Request, Route, World, json_reply

KEY = "sandbox-jumpcloud-key"
USUAL, MOST = 10, 100
WORDS = {401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}
Row = dict[str, Any]


def user_id(number: int) -> str:
    """Return the identifier of the user for a person's number: 24 hexadecimal digits that grow with it."""
    return f"5f0c1b2e{number:016x}"


def group_id(group: Group) -> str:
    """Return the identifier of a group."""
    return f"60aa2c3d{group.number:016x}"


def error(_world: World, _request: Request, status: int) -> Reply:
    """Answer a status in JumpCloud's words."""
    return json_reply({"message": WORDS.get(status, "Internal Server Error"), "status": status}, status)


def _user(world: World, person: Person) -> Row:
    state = {ACTIVE: "ACTIVATED", STAGED: "STAGED"}.get(person.state, "SUSPENDED")
    nothing = person.flaw == "nulls"
    boss = world.company.people.get(person.manager or 0)
    return {
        "_id": user_id(person.number),
        "id": user_id(person.number),
        "username": person.login,
        "email": person.email,
        "firstname": "" if nothing else person.given_name,
        "lastname": "" if nothing else person.family_name,
        "displayname": person.display_name,
        "state": state,
        "activated": person.activated is not None,
        "suspended": state == "SUSPENDED",
        "account_locked": person.snag == "locked_out",
        "created": f"{person.created:%Y-%m-%dT%H:%M:%S}.000Z",
        "department": None if nothing else person.department,
        "costCenter": person.cost_center,
        "company": "Acme",
        "jobTitle": person.title,
        "employeeType": person.user_type,
        "employeeIdentifier": person.number if person.flaw == "integer_number" else f"{person.number:06}",
        "manager": user_id(boss.number) if boss else None,
        "attributes": _own(person),
    }


def _own(person: Person) -> list[Row]:
    days = {"hireDate": person.hired_on, "terminationDate": person.leaves_on}
    return [{"name": name, "value": f"{day:%Y-%m-%d}"} for name, day in days.items() if day]


def list_users(world: World, request: Request) -> Reply:
    """List the users with their total; the fields asked for, with blanks between."""
    people = list(world.company.people.values())
    wanted = (request.get("fields") or "").split()
    ordered = people if request.get("sort") == "_id" else _stirred(world, people)

    def show(person: Person) -> Row:
        row = _user(world, person)
        return {name: value for name, value in row.items() if not wanted or name in (*wanted, "_id")}

    return json_reply({"totalCount": len(people), "results": _page(request, ordered, show)})


def list_groups(world: World, request: Request) -> Reply:
    """List the user groups as a bare list."""
    groups = list(world.company.groups.values())
    by_name = sorted(groups, key=lambda group: group.name)
    ordered = by_name if request.get("sort") == "name" else _stirred(world, groups)
    return json_reply(
        _page(request, ordered, lambda g: {"id": group_id(g), "name": g.name, "type": "user_group"})
    )


def list_membership(world: World, request: Request) -> Reply:
    """List who is in a group, by itself or through others, each with the ways."""
    group = next(g for g in world.company.groups.values() if group_id(g) == request.params["id"])
    names = world.options.get("jumpcloud_nested", {}).get(group.name, ())
    inner = [world.company.groups[name] for name in names]
    through = {number: below for below in inner for number in below.members}
    members = sorted({*group.members, *through})
    ordered = members if request.get("sort") == "id" else _stirred(world, members)
    return json_reply(_page(request, ordered, lambda number: _member(group, number, through.get(number))))


def _member(group: Group, number: int, below: Group | None) -> Row:
    ends = [("user_group", group_id(group))]
    ends += [("user_group", group_id(below))] if below else []
    ends.append(("user", user_id(number)))
    nodes = [{"type": kind, "id": key} for kind, key in ends]
    path = [{"from": one, "to": other} for one, other in pairwise(nodes)]
    return {"id": user_id(number), "type": "user", "compiledAttributes": {}, "paths": [path]}


def _stirred(world: World, rows: Sequence[Any]) -> list[Any]:
    """Return the rows in another order each time, the way a list without an order may come."""
    turn = world.hold("jumpcloud", lambda _company: [0])
    turn[0] += 1
    at = turn[0] % max(1, len(rows))
    return [*rows[at:], *rows[:at]]


def _page(request: Request, rows: Sequence[Any], show: Callable[[Any], Row]) -> list[Row]:
    limit, skip = int(request.get("limit") or USUAL), int(request.get("skip") or 0)
    return [show(row) for row in rows[skip : skip + min(limit, MOST)]]


def gate(world: World, request: Request) -> Reply | None:
    """Check the key."""
    return None if request.headers.get("x-api-key") == KEY else error(world, request, 401)


def _found(handler: Handler) -> Handler:
    """Turn unknown identifiers into JumpCloud's error."""

    def found(world: World, request: Request) -> Reply:
        try:
            return handler(world, request)
        except StopIteration:
            return error(world, request, 404)

    return found


FACE = Face(
    name="jumpcloud",
    prefix="/jumpcloud",
    routes=tuple(
        Route("GET", f"/api{path}", _found(handler))
        for path, handler in (
            ("/systemusers", list_users),
            ("/v2/usergroups", list_groups),
            ("/v2/usergroups/{id}/membership", list_membership),
        )
    ),
    gate=gate,
    error=error,
)
