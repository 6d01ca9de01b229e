"""The routes of Bitbucket Data Center, and what each answers."""

from __future__ import annotations

from typing import Any

from sandbox.bitbucket_dc.rows import (
    COUNTED,
    LEVELS,
    admin_user,
    error,
    installation,
    level_of,
    page,
    person,
    refusal,
    seats,
)
from sandbox.kit.datacenter_state import Account, Group, Installation, WrongError
from sandbox.kit.datacenter_wire import body_of, gate, seal, table, truthy
from sandbox.kit.world import Face, Reply, Request, Route, World, json_reply


def _required(request: Request, name: str) -> str:
    value = request.get(name)
    if not value:
        raise WrongError(400, "ArgumentValidationException", f"{name} is required.")
    return value


def _fits(request: Request, *texts: str) -> bool:
    wanted = (request.get("filter") or "").lower()
    return any(wanted in text.lower() for text in texts)


def _rows(world: World, request: Request, accounts: list[Account]) -> Reply:
    fit = [a for a in accounts if _fits(request, a.name, a.display_name, a.email)]
    return page(request, [admin_user(world, request, account) for account in fit])


def users(world: World, request: Request) -> Reply:
    """Everybody, with the last sign-in."""
    return _rows(world, request, list(installation(world).accounts.values()))


def people(world: World, request: Request) -> Reply:
    """Everybody as others see them, perhaps only those with a permission or in a group."""
    made = installation(world)
    found = list(made.accounts.values())
    if (level := request.get("permission")) is not None:
        if level not in LEVELS:
            raise WrongError(400, "IllegalArgumentException", f"{level} is not a valid permission.")
        found = [
            a for a in found if a.active and LEVELS.index(level_of(made, a) or "NONE") >= LEVELS.index(level)
        ]
    if (name := request.get("group")) is not None:
        found = [a for a in found if name in a.groups]
    return page(
        request, [person(request, a) for a in found if _fits(request, a.name, a.display_name, a.email)]
    )


def create(world: World, request: Request) -> Reply:
    made, name = installation(world), _required(request, "name")
    email, shown = _required(request, "emailAddress"), _required(request, "displayName")
    if not request.get("password") and not truthy(request, "notify"):
        raise WrongError(400, "ArgumentValidationException", "A password is required.")
    if name.lower() in made.accounts:
        raise WrongError(409, "IntegrityException", f"A user with the name {name} already exists.")
    account = made.create(name, email, shown)
    if truthy(request, "addToDefaultGroup"):
        _join(world, account, [made.group("bitbucket-users")])
    return Reply(204)


def update(world: World, request: Request) -> Reply:
    made, body = installation(world), body_of(request)
    account = made.account(str(body.get("name") or ""))
    made.writable(account)
    account.display_name = str(body.get("displayName") or account.display_name)
    account.email = str(body.get("email") or account.email)
    return json_reply(admin_user(world, request, account))


def rename(world: World, request: Request) -> Reply:
    made, body = installation(world), body_of(request)
    account = made.account(str(body.get("name") or ""))
    made.rename(account, str(body.get("newName") or account.name))
    return json_reply(admin_user(world, request, account))


def delete(world: World, request: Request) -> Reply:
    made = installation(world)
    account = made.account(_required(request, "name"))
    if account.name == made.caller:
        raise WrongError(409, "IllegalUserStateException", "You cannot delete yourself.")
    gone = admin_user(world, request, account)
    made.delete(account)
    return json_reply(gone)


def groups(world: World, request: Request) -> Reply:
    rows = [{"name": g.name, "deletable": True} for g in installation(world).groups.values()]
    return page(request, [row for row in rows if _fits(request, str(row["name"]))])


def create_group(world: World, request: Request) -> Reply:
    group = installation(world).add_group(_required(request, "name"))
    return json_reply({"name": group.name, "deletable": True})


def delete_group(world: World, request: Request) -> Reply:
    made = installation(world)
    group = made.group(_required(request, "name"))
    made.drop_group(group)
    return json_reply({"name": group.name, "deletable": True})


def members(world: World, request: Request) -> Reply:
    made = installation(world)
    return _rows(world, request, made.members(made.group(_required(request, "context"))))


def groups_of(world: World, request: Request) -> Reply:
    """Groups of one user."""
    account = installation(world).account(_required(request, "context"))
    return page(request, [{"name": name, "deletable": True} for name in account.groups])


def add_groups(world: World, request: Request) -> Reply:
    """Put one user into several groups: all or none."""
    made, body = installation(world), body_of(request)
    account = made.account(str(body.get("user") or ""))
    _join(world, account, [made.group(name) for name in body.get("groups", [])])
    return Reply(200)


def add_users(world: World, request: Request) -> Reply:
    """Put several users into one group."""
    made, body = installation(world), body_of(request)
    group = made.group(body.get("group"))
    for account in [made.account(name) for name in body.get("users", [])]:
        _join(world, account, [group])
    return Reply(200)


def _join(world: World, account: Account, wanted: list[Group]) -> None:
    made = installation(world)
    made.writable(account)
    _room(world, made, account, any(group.opens for group in wanted))
    for group in wanted:
        made.join(account, group)


def _room(world: World, made: Installation, account: Account, needs_seat: bool) -> None:
    limit = seats(world)
    counted = made.counted(COUNTED)
    if needs_seat and limit is not None and account not in counted and len(counted) >= limit:
        raise WrongError(403, "LicenseLimitException", "This would exceed the licensed number of users.")


def remove_group(world: World, request: Request) -> Reply:
    made, body = installation(world), body_of(request)
    account, group = made.account(body.get("context")), made.group(body.get("itemName"))
    made.writable(account)
    made.quit(account, group)
    return Reply(200)


def group_permissions(world: World, request: Request) -> Reply:
    found = [g for g in installation(world).groups.values() if g.opens]
    rows = [
        {"group": {"name": g.name}, "permission": "SYS_ADMIN" if g.admin else "LICENSED_USER"} for g in found
    ]
    return page(request, [row for row in rows if _fits(request, str(row["group"]))])


def user_permissions(world: World, request: Request) -> Reply:
    found = [a for a in installation(world).accounts.values() if a.direct]
    rows = [
        {"user": person(request, a), "permission": a.direct[COUNTED]} for a in found if _fits(request, a.name)
    ]
    return page(request, rows)


def permit_user(world: World, request: Request) -> Reply:
    made, level = installation(world), _required(request, "permission")
    if level not in LEVELS[1:]:
        raise WrongError(400, "IllegalArgumentException", f"{level} is not a valid permission.")
    for account in [made.account(name) for name in request.all("name")]:
        _room(world, made, account, needs_seat=True)
        _set_own(made, account, level)
    return Reply(204)


def forbid_user(world: World, request: Request) -> Reply:
    made = installation(world)
    _set_own(made, made.account(_required(request, "name")), None)
    return Reply(204)


def _set_own(made: Installation, account: Account, level: str | None) -> None:
    """Set the permission an account holds by itself; nobody may lower their own."""
    held, before = dict(account.direct), LEVELS.index(level_of(made, account) or "NONE")
    account.direct = {} if level is None else {COUNTED: level}
    if account.name == made.caller and LEVELS.index(level_of(made, account) or "NONE") < before:
        account.direct = held
        words = "You may not reduce your own global permission level."
        raise WrongError(409, "IntegrityException", words)


def licence(world: World, request: Request) -> Reply:
    limit = seats(world)
    status = {
        "serverId": "B0AA-0000-0000-0000",
        "currentNumberOfUsers": len(installation(world).counted(COUNTED)),
    }
    row: dict[str, Any] = {
        "unlimitedNumberOfUsers": limit is None,
        "status": status,
        "license": "not a licence",
    }
    return json_reply(row | ({} if limit is None else {"maximumNumberOfUsers": limit}))


def directories(world: World, request: Request) -> Reply:
    used = sorted({account.directory for account in installation(world).accounts.values()})
    return json_reply([{"name": n, "type": "INTERNAL", "active": True, "description": n} for n in used])


def properties(world: World, request: Request) -> Reply:
    """Version; anybody may ask."""
    return json_reply(
        {
            "version": "9.5.0",
            "buildNumber": "9005000",
            "buildDate": "1741600000000",
            "displayName": "Bitbucket",
        }
    )


def tell(world: World) -> dict[str, Any]:
    """What is true of the installation, for tests alone."""
    made = installation(world)
    return {
        "accounts": len(made.accounts),
        "seats": {COUNTED: len(made.counted(COUNTED))},
        "capacity": seats(world),
    }


def _routes() -> tuple[Route, ...]:
    operations = (
        ("GET", "/application-properties", properties),
        ("GET", "/users", people),
        ("GET", "/admin/users", users),
        ("POST", "/admin/users", create),
        ("PUT", "/admin/users", update),
        ("DELETE", "/admin/users", delete),
        ("POST", "/admin/users/rename", rename),
        ("GET", "/admin/users/more-members", groups_of),
        ("POST", "/admin/users/add-groups", add_groups),
        ("POST", "/admin/users/remove-group", remove_group),
        ("GET", "/admin/groups", groups),
        ("POST", "/admin/groups", create_group),
        ("DELETE", "/admin/groups", delete_group),
        ("GET", "/admin/groups/more-members", members),
        ("POST", "/admin/groups/add-users", add_users),
        ("GET", "/admin/permissions/groups", group_permissions),
        ("GET", "/admin/permissions/users", user_permissions),
        ("PUT", "/admin/permissions/users", permit_user),
        ("DELETE", "/admin/permissions/users", forbid_user),
        ("GET", "/admin/license", licence),
        ("GET", "/admin/user-directories", directories),
    )
    rows = [
        (verb, f"/rest/api/{name}{path}", run) for name in ("latest", "1.0") for verb, path, run in operations
    ]
    anyone = (properties, people, users, groups, members, groups_of)
    denied = WrongError(401, "AuthorisationException", "You are not permitted to access this resource.")
    return table(rows, refusal, anyone=anyone, denied=denied)


FACE = Face(
    name="bitbucket",
    prefix="/bitbucket",
    routes=_routes(),
    gate=gate("bitbucket", error, free=("/application-properties",)),
    seal=seal,
    error=error,
    tell=tell,
)
