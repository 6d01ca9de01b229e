"""The routes of Crowd, and what each answers."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import quoteattr

from sandbox.crowd.rows import (
    COUNTED,
    asked_by,
    attributes,
    children,
    error,
    expanded,
    group_row,
    held_within,
    installation,
    link,
    refusal,
    user,
)
from sandbox.crowd.search import fitting
from sandbox.kit.datacenter_state import Account, WrongError
from sandbox.kit.datacenter_wire import (
    APPLICATION,
    APPLICATION_PASSWORD,
    basic,
    body_of,
    limited,
    number,
    seal,
    table,
)
from sandbox.kit.world import Face, Reply, Request, Route, World, json_reply

TEXTS = {
    "first-name": "given_name",
    "last-name": "family_name",
    "display-name": "display_name",
    "email": "email",
}
USUAL = 1000


def _gate(world: World, request: Request) -> Reply | None:
    request.notes["administers"] = basic(request) == (APPLICATION, APPLICATION_PASSWORD)
    if not request.notes["administers"]:
        return error(world, request, 401)
    return limited(world, request, f"crowd {APPLICATION}", error)


def _asked(world: World, request: Request) -> Account:
    return installation(world).account(request.get("username"))


def read(world: World, request: Request) -> Reply:
    return json_reply(user(world, request, _asked(world, request), expanded(request)))


def create(world: World, request: Request) -> Reply:
    made, body = installation(world), body_of(request)
    name = str(body.get("name") or "")
    if not name or name.lower() in made.accounts:
        raise WrongError(400, "INVALID_USER", f"User <{name}> already exists" if name else "name is required")
    account = made.create(name, str(body.get("email") or ""), str(body.get("display-name") or name))
    account.given_name, account.family_name = (
        str(body.get("first-name") or ""),
        str(body.get("last-name") or ""),
    )
    account.active = body.get("active", True) is True
    return json_reply(user(world, request, account), 201)


def replace(world: World, request: Request) -> Reply:
    """Write a user whole: a text the body leaves out is blank afterwards."""
    account, body = _asked(world, request), body_of(request)
    installation(world).writable(account)
    if str(body.get("name") or "").lower() != account.name:
        raise WrongError(400, "INVALID_USER", "The name of the user and the one in the body differ")
    for field, name in TEXTS.items():
        setattr(account, name, str(body.get(field) or ""))
    if isinstance(body.get("active"), bool):
        account.active = body["active"]
    return Reply(204)


def rename(world: World, request: Request) -> Reply:
    made, account = installation(world), _asked(world, request)
    made.rename(account, str(body_of(request).get("new-name") or account.name))
    return json_reply(user(world, request, account))


def delete(world: World, request: Request) -> Reply:
    installation(world).delete(_asked(world, request))
    return Reply(204)


def read_attributes(world: World, request: Request) -> Reply:
    return json_reply(attributes(world, request, _asked(world, request)))


def search(world: World, request: Request) -> Reply:
    """Users or groups that fit a restriction; names alone unless they are to be expanded."""
    made, kind = installation(world), request.get("entity-type")
    start, most = number(request, "start-index", 0), number(request, "max-results", USUAL)
    if kind == "group":
        names = sorted(made.groups)[start : start + most]
        rows = [group_row(request, made.groups[n], whole="group" in expanded(request)) for n in names]
        return json_reply({"expand": "group", "groups": rows})
    if kind != "user":
        raise WrongError(400, "ILLEGAL_ARGUMENT", "entity-type must be user or group")
    hits = fitting(sorted(made.accounts.values(), key=lambda a: a.name), asked_by(request))
    page, wanted = hits[start : start + most], expanded(request)
    rows = [
        user(world, request, a, wanted) if "user" in wanted else link(request, "user", a.name) for a in page
    ]
    return json_reply({"expand": "user", "users": rows})


def groups_of(world: World, request: Request) -> Reply:
    made, account = installation(world), _asked(world, request)
    start, most = number(request, "start-index", 0), number(request, "max-results", USUAL)
    if (one := request.get("groupname")) is not None:
        _held(account, one)
        return json_reply(group_row(request, made.group(one)))
    names = list(account.groups)
    if request.path.endswith("/nested"):
        names = [n for n in made.groups if not held_within(world, n).isdisjoint(names)]
    names = sorted(names)[start : start + most]
    return json_reply({"expand": "group", "groups": [group_row(request, made.groups[n]) for n in names]})


def members_of(world: World, request: Request) -> Reply:
    made = installation(world)
    group = made.group(request.get("groupname"))
    if (one := request.get("username")) is not None:
        account = made.account(one)
        _held(account, group.name)
        return json_reply(link(request, "user", account.name))
    start, most = number(request, "start-index", 0), number(request, "max-results", USUAL)
    inner = held_within(world, group.name) if request.path.endswith("/nested") else {group.name}
    members = {a.name: a for name in inner for a in made.members(made.groups[name])}
    page = list(members.values())[start : start + most]
    wanted = expanded(request)
    rows = [user(world, request, a) if "user" in wanted else link(request, "user", a.name) for a in page]
    return json_reply({"expand": "user", "users": rows})


def _held(account: Account, group: str) -> None:
    if group.lower() not in {name.lower() for name in account.groups}:
        raise WrongError(404, "MEMBERSHIP_NOT_FOUND", f"{account.name} is not a member of <{group}>")


def join(world: World, request: Request) -> Reply:
    """Put a user into a group, named by either end."""
    made, name = installation(world), str(body_of(request).get("name") or "")
    turned = request.get("username") is None
    account = made.account(name if turned else request.get("username"))
    group = made.group(request.get("groupname") if turned else name)
    made.writable(account)
    if not made.join(account, group):
        words = f"{account.name} is already a direct member of <{group.name}>"
        raise WrongError(409, "MEMBERSHIP_ALREADY_EXISTS", words)
    return Reply(201)


def quit_group(world: World, request: Request) -> Reply:
    made, account = installation(world), _asked(world, request)
    group = made.group(request.get("groupname"))
    made.writable(account)
    _held(account, group.name)
    made.quit(account, group)
    return Reply(204)


def memberships(world: World, request: Request) -> Reply:
    """Every group with its direct members and child groups, in XML alone."""
    if "xml" not in request.headers.get("accept", "*/*"):
        raise WrongError(406, "OPERATION_FAILED", "Only application/xml is available")
    parts = ['<?xml version="1.0" encoding="UTF-8"?><memberships>']
    for group in installation(world).groups.values():
        people = "".join(f"<user name={quoteattr(name)}/>" for name in group.members)
        inner = "".join(f"<group name={quoteattr(name)}/>" for name in children(world, group.name))
        parts.append(
            f"<membership group={quoteattr(group.name)}><users>{people}</users>"
            f"<groups>{inner}</groups></membership>"
        )
    return Reply(200, "".join([*parts, "</memberships>"]).encode(), kind="application/xml")


def read_group(world: World, request: Request) -> Reply:
    return json_reply(group_row(request, installation(world).group(request.get("groupname")), whole=True))


def create_group(world: World, request: Request) -> Reply:
    name = str(body_of(request).get("name") or "")
    made = installation(world)
    if not name or name in made.groups:
        raise WrongError(400, "INVALID_GROUP", f"Group <{name}> already exists")
    return json_reply(group_row(request, made.add_group(name), whole=True), 201)


def delete_group(world: World, request: Request) -> Reply:
    made = installation(world)
    made.drop_group(made.group(request.get("groupname")))
    return Reply(204)


def tell(world: World) -> dict[str, Any]:
    """What is true of the directory, for tests alone."""
    made = installation(world)
    return {
        "accounts": len(made.accounts),
        "active": sum(account.active for account in made.accounts.values()),
        "seats": {COUNTED: sum(account.active for account in made.accounts.values())},
    }


def _routes() -> tuple[Route, ...]:
    operations = (
        ("GET", "/user", read),
        ("POST", "/user", create),
        ("PUT", "/user", replace),
        ("DELETE", "/user", delete),
        ("POST", "/user/rename", rename),
        ("GET", "/user/attribute", read_attributes),
        *(("GET", f"/user/group/{how}", groups_of) for how in ("direct", "nested")),
        ("POST", "/user/group/direct", join),
        ("DELETE", "/user/group/direct", quit_group),
        *(("GET", f"/group/user/{how}", members_of) for how in ("direct", "nested")),
        ("POST", "/group/user/direct", join),
        ("DELETE", "/group/user/direct", quit_group),
        ("GET", "/group/membership", memberships),
        ("GET", "/group", read_group),
        ("POST", "/group", create_group),
        ("DELETE", "/group", delete_group),
        ("GET", "/search", search),
    )
    names = ("1", "latest")
    rows = [(verb, f"/rest/usermanagement/{n}{path}", run) for n in names for verb, path, run in operations]
    searches = [("POST", f"/rest/usermanagement/{n}/search", search) for n in names]
    posted = (Route(r.method, r.path, r.handler, reads=True) for r in table(searches, refusal))
    return (*table(rows, refusal), *posted)


FACE = Face(name="crowd", prefix="/crowd", routes=_routes(), gate=_gate, seal=seal, error=error, tell=tell)
