"""The routes of Jira Data Center, and what each answers."""

from __future__ import annotations

from typing import Any

from sandbox.company.people import DEPARTED
from sandbox.jira_dc import users
from sandbox.jira_dc.rows import ROLES, error, group_row, installation, plain, refusal, version
from sandbox.kit import datacenter_wire
from sandbox.kit.datacenter_state import Group, Installation, WrongError
from sandbox.kit.datacenter_wire import body_of, gate, number, table, truthy
from sandbox.kit.world import Face, Reply, Request, Route, World, json_reply

MOST_MEMBERS = 50


def server_info(world: World, request: Request) -> Reply:
    """Version and kind of server; anybody may ask."""
    numbers = version(world)
    return json_reply(
        {
            "baseUrl": f"{request.base}/jira",
            "version": ".".join(map(str, numbers)),
            "versionNumbers": list(numbers),
            "deploymentType": "Server",
            "buildNumber": 10030000 + numbers[0],
            "buildDate": "2026-06-01T00:00:00.000+0000",
            "scmInfo": "0000000000000000000000000000000000000000",
            "serverTitle": "Jira",
        }
    )


def fields(_world: World, _request: Request) -> Reply:
    """Fields of issues, of which this Jira has none; clients ask when they start."""
    return json_reply([])


def applications(world: World, request: Request) -> Reply:
    """All application roles, with how many count for each."""
    made = installation(world)
    return json_reply([_role(world, made, key) for key in ROLES])


def application(world: World, request: Request) -> Reply:
    key = request.params["key"]
    if key not in ROLES:
        raise WrongError(404, "", f"The application role '{key}' does not exist.")
    return json_reply(_role(world, installation(world), key))


def _role(world: World, made: Installation, key: str) -> dict[str, Any]:
    seats = {**made.capacity, **world.options.get("jira_dc_seats", {})}.get(key)
    used = len(made.counted(key))
    groups = [group.name for group in made.groups.values() if key in group.opens]
    plain_groups = [name for name in groups if not made.groups[name].admin]
    return {
        "key": key,
        "name": ROLES[key],
        "groups": groups,
        "defaultGroups": plain_groups[:1],
        "selectedByDefault": key == "jira-software",
        "defined": True,
        "numberOfSeats": -1 if seats is None else seats,
        "remainingSeats": -1 if seats is None else max(0, seats - used),
        "userCount": used,
        "userCountDescription": "agents" if key == "jira-servicedesk" else "users",
        "hasUnlimitedSeats": seats is None,
        "platform": False,
    }


def picker(world: World, request: Request) -> Reply:
    """Groups whose name holds a text; `total` counts also those that are not shown."""
    wanted = (request.get("query") or "").lower()
    hits = [group for group in installation(world).groups.values() if wanted in group.name.lower()]
    shown = hits[: number(request, "maxResults", 20, world.options.get("jira_dc_groups_shown"))]
    header = f"Showing {len(shown)} of {len(hits)} matching groups"
    rows = [{"name": g.name, "html": g.name, "labels": _labels(g)} for g in shown]
    return json_reply({"header": header, "total": len(hits), "groups": rows})


def _labels(group: Group) -> list[dict[str, str]]:
    labels = []
    if group.admin:
        labels.append({"text": "Admin", "title": "Users in this group administer Jira", "type": "ADMIN"})
    if group.opens:
        kind = "SINGLE" if len(group.opens) == 1 else "MULTIPLE"
        text = ROLES[group.opens[0]] if kind == "SINGLE" else "Multiple"
        labels.append({"text": text, "title": f"Users in this group have access to {text}", "type": kind})
    return labels


def members(world: World, request: Request) -> Reply:
    """A page of a group's members, 50 at most whatever is asked."""
    made = installation(world)
    group = made.group(request.get("groupname"))
    everyone = made.members(group, inactive=truthy(request, "includeInactiveUsers"))
    start, size = number(request, "startAt", 0), number(request, "maxResults", MOST_MEMBERS, MOST_MEMBERS)
    page = everyone[start : start + size]
    here = f"{request.base}{request.path}?groupname={group.name}&maxResults={size}"
    last = start + size >= len(everyone)
    return json_reply(
        {
            "self": f"{here}&startAt={start}",
            "maxResults": size,
            "startAt": start,
            "total": len(everyone),
            "isLast": last,
            **({} if last else {"nextPage": f"{here}&startAt={start + size}"}),
            "values": [plain(request, account) for account in page],
        }
    )


def create_group(world: World, request: Request) -> Reply:
    name = str(body_of(request).get("name") or "")
    made = installation(world)
    if not name or name in made.groups:
        raise WrongError(400, "name", "A group with this name already exists." if name else "Enter a name.")
    return json_reply(group_row(request, made, made.add_group(name)), 201)


def delete_group(world: World, request: Request) -> Reply:
    made = installation(world)
    made.drop_group(made.group(request.get("groupname")))
    return Reply(200)


def add_member(world: World, request: Request) -> Reply:
    made = installation(world)
    group, account = made.group(request.get("groupname")), made.account(body_of(request).get("name"))
    made.writable(account)
    if not made.join(account, group):
        words = f"Cannot add user '{account.name}', user is already a member of '{group.name}'"
        raise WrongError(400, "", words)
    return json_reply(group_row(request, made, group), 201)


def remove_member(world: World, request: Request) -> Reply:
    made = installation(world)
    group, account = made.group(request.get("groupname")), made.account(request.get("username"))
    made.writable(account)
    if not made.quit(account, group):
        words = f"Cannot remove user '{account.name}' from group '{group.name}' since user is not a member"
        raise WrongError(400, "", words)
    return Reply(200)


def tell(world: World) -> dict[str, Any]:
    """What is true of the installation, for tests alone."""
    made = installation(world)
    return {
        "version": ".".join(map(str, version(world))),
        "accounts": len(made.accounts),
        "active": sum(account.active for account in made.accounts.values()),
        "seats": {key: len(made.counted(key)) for key in ROLES},
        "gone_but_active": sum(
            a.active and a.person is not None and a.person.state == DEPARTED for a in made.accounts.values()
        ),
    }


def _routes() -> tuple[Route, ...]:
    operations = (
        ("GET", "/serverInfo", server_info),
        ("GET", "/field", fields),
        ("GET", "/applicationrole", applications),
        ("GET", "/applicationrole/{key}", application),
        ("GET", "/groups/picker", picker),
        ("GET", "/group/member", members),
        ("POST", "/group", create_group),
        ("DELETE", "/group", delete_group),
        ("POST", "/group/user", add_member),
        ("DELETE", "/group/user", remove_member),
        *users.OPERATIONS,
    )
    anyone = (server_info, fields, picker, *users.ANYONE)
    rows = [
        (verb, f"/rest/api/{name}{path}", run) for name in ("2", "latest") for verb, path, run in operations
    ]
    denied = WrongError(403, "", "You do not have the permission to administer Jira.")
    return table(rows, refusal, anyone=anyone, denied=denied)


def _passwords(world: World) -> bool:
    return version(world)[0] < 11


FACE = Face(
    name="jira",
    prefix="/jira",
    routes=_routes(),
    gate=gate("jira", error, passwords=_passwords, free=("/serverInfo",)),
    seal=datacenter_wire.seal,
    error=error,
    tell=tell,
)
