"""The routes of Confluence Data Center, and what each answers."""

from __future__ import annotations

from typing import Any

from sandbox.confluence_dc.rows import (
    COUNTED,
    error,
    group_row,
    installation,
    page,
    permission_row,
    refusal,
    task_row,
    user,
    version,
)
from sandbox.kit.datacenter_state import Account, WrongError
from sandbox.kit.datacenter_wire import body_of, gate, seal, table
from sandbox.kit.world import Face, Reply, Request, World, json_reply

FORBIDDEN = set("\\,+<>'\"")


def _expand(request: Request) -> str:
    return request.get("expand") or ""


def server_information(world: World, request: Request) -> Reply:
    row = {"baseUrl": f"{request.base}/confluence", "version": version(world), "buildNumber": 9111}
    return json_reply(row | {"marketplaceBuildNumber": 9111, "buildDate": "2026-06-01"})


def _asked(world: World, request: Request) -> Account:
    return installation(world).account(request.get("username"), request.get("key"))


def read(world: World, request: Request) -> Reply:
    return json_reply(user(world, request, _asked(world, request), _expand(request)))


def current(world: World, request: Request) -> Reply:
    made = installation(world)
    return json_reply(user(world, request, made.account(made.caller), _expand(request)))


def member_of(world: World, request: Request) -> Reply:
    made = installation(world)
    return page(world, request, [made.groups[n] for n in _asked(world, request).groups], group_row)


def registered(world: World, request: Request) -> Reply:
    """Everybody, disabled or not; without addresses."""
    made, expand = installation(world), _expand(request)
    return page(world, request, list(made.accounts.values()), lambda r, a: user(world, r, a, expand))


def active(world: World, request: Request) -> Reply:
    """Who counts for the licence, with address and last sign-in."""
    if version(world).startswith(("8.", "9.2.")):
        raise WrongError(404, "Not Found", "null for uri: /rest/api/admin/users/list/active")
    made, expand = installation(world), _expand(request)
    rows = [account for account in made.counted(COUNTED) if not account.shadows]
    return page(world, request, rows, lambda r, a: user(world, r, a, expand, counted=True))


def groups(world: World, request: Request) -> Reply:
    return page(world, request, list(installation(world).groups.values()), group_row)


def _group_name(request: Request) -> str | None:
    return request.params.get("groupName") or request.get("groupName")


def group(world: World, request: Request) -> Reply:
    return json_reply(group_row(request, installation(world).group(_group_name(request))))


def members(world: World, request: Request) -> Reply:
    made = installation(world)
    rows, expand = made.members(made.group(_group_name(request))), _expand(request)
    return page(world, request, rows, lambda r, a: user(world, r, a, expand))


def permissions(world: World, request: Request) -> Reply:
    """Global permissions of a group."""
    return json_reply(permission_row(installation(world).group(request.params["groupName"])))


def create(world: World, request: Request) -> Reply:
    made, body = installation(world), body_of(request)
    name, full_name = str(body.get("userName") or ""), str(body.get("fullName") or "").strip()
    if not name or name != name.lower() or " " in name or FORBIDDEN & set(name) or name == "anonymous":
        raise WrongError(400, "Bad Request", "userName must be lower case without spaces or \\ , + < > ' \"")
    if not full_name or "@" not in str(body.get("email")):
        raise WrongError(400, "Bad Request", "fullName and a valid email are required")
    if bool(body.get("password")) == (body.get("notifyViaEmail") is True):
        raise WrongError(400, "Bad Request", "either a password or notifyViaEmail is required")
    if name in made.accounts:
        raise WrongError(409, "Conflict", f"User {name} already exists")
    limit = made.capacity[COUNTED]
    if limit is not None and len(made.counted(COUNTED)) >= limit:
        raise WrongError(402, "Payment Required", "No more licenses available to create a user")
    return json_reply({"userKey": made.create(name, str(body["email"]), full_name).key}, 201)


def _named(world: World, request: Request) -> Account:
    return installation(world).account(request.params["username"])


def update(world: World, request: Request) -> Reply:
    account, body = _named(world, request), body_of(request)
    installation(world).writable(account)
    for field in ("fullName", "email"):
        if field in body and not str(body[field] or "").strip():
            raise WrongError(400, "Bad Request", f"{field} should not be blank")
    account.display_name = str(body.get("fullName") or account.display_name)
    account.email = str(body.get("email") or account.email)
    return Reply(204)


def _switch(world: World, request: Request, *, on: bool) -> Reply:
    account = _named(world, request)
    installation(world).writable(account)
    account.active = on
    return Reply(204)


def disable(world: World, request: Request) -> Reply:
    return _switch(world, request, on=False)


def enable(world: World, request: Request) -> Reply:
    return _switch(world, request, on=True)


def password(world: World, request: Request) -> Reply:
    installation(world).writable(_named(world, request))
    return Reply(204)


def delete(world: World, request: Request) -> Reply:
    """Begin a deletion; see `settle` for when it is done."""
    made, account = installation(world), _named(world, request)
    made.writable(account)
    task = f"{made.next_number():08x}-0000-4000-8000-000000000000"
    made.tasks[task] = [account.name, 0]
    path = f"/rest/api/longtask/{task}"
    links = {"status": f"{request.base}/confluence{path}"}
    return json_reply({"id": task, "links": links, "statusPath": path, "resultPath": ""}, 202)


def settle(world: World) -> None:
    """Bring what was begun on by one request."""
    made = installation(world)
    for task, (name, asked) in made.tasks.items():
        if asked == "done":
            continue
        made.tasks[task][1] = int(asked) + 1
        if int(asked) >= world.options.get("confluence_dc_asks", 0):
            made.tasks[task][1] = "done"
            if name in made.accounts:
                made.delete(made.accounts[str(name)])


def long_task(world: World, request: Request) -> Reply:
    task = request.params["id"]
    if task not in installation(world).tasks:
        raise WrongError(404, "Not Found", f"No task with id {task}")
    return json_reply(task_row(request, task, done=installation(world).tasks[task][1] == "done"))


def create_group(world: World, request: Request) -> Reply:
    name = str(body_of(request).get("name") or "")
    if not name:
        raise WrongError(400, "Bad Request", "name is required")
    return json_reply(group_row(request, installation(world).add_group(name)))


def delete_group(world: World, request: Request) -> Reply:
    made = installation(world)
    found = made.group(request.params["groupName"])
    if found.admin:
        raise WrongError(400, "Bad Request", "The last administrators' group cannot be deleted")
    made.drop_group(found)
    return Reply(204)


def join(world: World, request: Request) -> Reply:
    made = installation(world)
    account = _named(world, request)
    made.writable(account)
    made.join(account, made.group(request.params["groupName"]))
    return Reply(204)


def quit_group(world: World, request: Request) -> Reply:
    made = installation(world)
    account = _named(world, request)
    made.writable(account)
    made.quit(account, made.group(request.params["groupName"]))
    return Reply(204)


def licence(world: World, request: Request) -> Reply:
    """Numbers of the licence, each under its own word."""
    made = installation(world)
    used, most = len(made.counted(COUNTED)), made.capacity[COUNTED]
    known = {"userCount": used, "maxUsers": -1 if most is None else most}
    known["remainingSeats"] = -1 if most is None else max(0, most - used)
    if request.params["what"] not in known:
        raise WrongError(404, "Not Found", "no such number")
    return json_reply({"count": known[request.params["what"]]})


def tell(world: World) -> dict[str, Any]:
    """What is true of the installation, for tests alone."""
    made = installation(world)
    return {
        "version": version(world),
        "accounts": len(made.accounts),
        "active": sum(account.active for account in made.accounts.values()),
        "seats": {COUNTED: len(made.counted(COUNTED))},
    }


def _gate(world: World, request: Request) -> Reply | None:
    settle(world)
    return _check(world, request)


_check = gate("confluence", error)
_ADMIN = "/rest/api/admin"
FACE = Face(
    name="confluence",
    prefix="/confluence",
    routes=table(
        (
            ("GET", "/rest/api/server-information", server_information),
            ("GET", "/rest/api/user", read),
            ("GET", "/rest/api/user/current", current),
            ("GET", "/rest/api/user/memberof", member_of),
            ("GET", "/rest/api/user/list", registered),
            ("PUT", "/rest/api/user/{username}/group/{groupName}", join),
            ("DELETE", "/rest/api/user/{username}/group/{groupName}", quit_group),
            ("GET", "/rest/api/group", groups),
            ("GET", "/rest/api/group/info", group),
            ("GET", "/rest/api/group/member", members),
            ("GET", "/rest/api/group/{groupName}", group),
            ("GET", "/rest/api/group/{groupName}/member", members),
            ("GET", "/rest/api/permissions/group/{groupName}", permissions),
            ("GET", "/rest/api/longtask/{id}", long_task),
            ("GET", f"{_ADMIN}/users/list/active", active),
            ("POST", f"{_ADMIN}/user", create),
            ("PUT", _ADMIN + "/user/{username}", update),
            ("DELETE", _ADMIN + "/user/{username}", delete),
            ("PUT", _ADMIN + "/user/{username}/disable", disable),
            ("PUT", _ADMIN + "/user/{username}/enable", enable),
            ("POST", _ADMIN + "/user/{username}/password", password),
            ("POST", f"{_ADMIN}/group", create_group),
            ("DELETE", _ADMIN + "/group/{groupName}", delete_group),
            ("GET", "/rest/license/1.0/license/{what}", licence),
        ),
        refusal,
        anyone=(read, current, registered, groups, group, member_of, server_information),
    ),
    gate=_gate,
    seal=seal,
    error=error,
    tell=tell,
)
