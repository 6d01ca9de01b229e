"""How Confluence Data Center writes an account, a group, a page, a task and an error."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode

from sandbox.company.company import Company
from sandbox.kit.datacenter_drift import drifted
from sandbox.kit.datacenter_state import Account, Group, Installation, WrongError
from sandbox.kit.datacenter_wire import number
from sandbox.kit.world import Reply, Request, World, json_reply

T = TypeVar("T", Account, Group)
COUNTED = "confluence"
KEY = "402881e47a1b3c5d017a1b3d5e6"
MEANING = {"atl-confluence-users": ("confluence-users",), "atl-jira-dev": ("confluence-users", "developers")}
USUAL, MOST = 25, 200


def installation(world: World) -> Installation:
    """The one Confluence there is."""
    made: Installation = world.hold("confluence", _found)
    return made


def _found(company: Company) -> Installation:
    groups = (
        Group("confluence-administrators", (COUNTED,), admin=True),
        Group("confluence-users", (COUNTED,)),
        Group("developers"),
        Group("all-staff"),
        Group("old-project-2019"),
    )
    return drifted(company, "confluence", groups, MEANING, prefix=KEY)


def version(world: World) -> str:
    return str(world.options.get("confluence_dc_version", "10.2.14"))


def error(_world: World, _request: Request, status: int) -> Reply:
    """Answer a status in Confluence's dialect."""
    return refusal(WrongError(status, HTTPStatus(status).phrase, f"{HTTPStatus(status).phrase}."))


def refusal(wrong: WrongError) -> Reply:
    data = {
        "authorized": wrong.status not in (401, 403),
        "valid": wrong.status != 400,
        "allowedInReadOnlyMode": True,
        "errors": [],
        "successful": False,
    }
    row = {"statusCode": wrong.status, "data": data, "message": wrong.words}
    return json_reply(row | {"reason": HTTPStatus(wrong.status).phrase}, wrong.status)


def user(
    world: World, request: Request, account: Account, expand: str = "", *, counted: bool = False
) -> dict[str, Any]:
    """An account; address and last sign-in are told of those who count for the licence alone."""
    base = f"{request.base}/confluence"
    icon = {"path": "/confluence/images/icons/profilepics/default.svg", "width": 48, "height": 48}
    row: dict[str, Any] = {
        "type": "known",
        "username": account.name,
        "userKey": account.key,
        "profilePicture": icon | {"isDefault": True},
        "displayName": account.display_name,
        "_links": {"base": base, "context": "/confluence", "self": f"{base}/rest/api/user?key={account.key}"},
        "_expandable": {"status": ""},
    }
    wanted = expand.split(",")
    if "status" in wanted:
        row["status"] = "current" if account.active else "deactivated"
        row["_expandable"] = {}
    if counted:
        row["email"] = account.email
        at = installation(world).last_login(account)
        if at is not None and "lastLogin" in wanted:
            row["lastLogin"] = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return row


def group_row(request: Request, group: Group) -> dict[str, Any]:
    base = f"{request.base}/confluence"
    links = {"base": base, "context": "/confluence", "self": f"{base}/rest/api/group/{group.name}"}
    return {"type": "group", "name": group.name, "_links": links}


def permission_row(group: Group) -> list[dict[str, Any]]:
    """Global permissions of a group."""
    may = [("application", "use")] if group.opens else []
    may += [("application", "administer"), ("system", "administer")] if group.admin else []
    subject = {"displayName": group.name, "type": "group"}
    return [
        {"operation": {"targetType": target, "operationKey": key}, "subject": subject} for target, key in may
    ]


def task_row(request: Request, task: str, *, done: bool) -> dict[str, Any]:
    links = {"self": f"{request.base}/confluence/rest/api/longtask/{task}"}
    return {
        "id": task,
        "name": {"key": "user.delete", "args": []},
        "elapsedTime": 120,
        "percentageComplete": 100 if done else 50,
        "successful": done,
        "messages": [],
        "_links": links | {"base": f"{request.base}/confluence", "context": "/confluence"},
    }


def page(
    world: World, request: Request, rows: Sequence[T], row: Callable[[Request, T], dict[str, Any]]
) -> Reply:
    """One page of rows, no longer than the system's own limit."""
    most = world.options.get("confluence_dc_limit", MOST)
    start, limit = number(request, "start", 0), number(request, "limit", USUAL, most)
    shown = rows[start : start + limit]
    query = {k: v for k, v in request.query if k not in ("start", "limit")}
    base = f"{request.base}/confluence"
    path = request.path.removeprefix("/confluence")
    links = {"base": base, "context": "/confluence", "self": f"{base}{path}"}
    if start + limit < len(rows):
        links["next"] = f"{path}?{urlencode({**query, 'limit': limit, 'start': start + limit})}"
    body = {"results": [row(request, one) for one in shown], "start": start, "limit": limit}
    return json_reply(body | {"size": len(shown), "totalCount": len(rows), "_links": links})
