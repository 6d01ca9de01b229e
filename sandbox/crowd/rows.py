"""How Crowd writes a user, a group, attributes and an error, and the directory it speaks of."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sandbox.company.company import Company
from sandbox.kit.datacenter_drift import drifted
from sandbox.kit.datacenter_state import Account, Group, Installation, WrongError
from sandbox.kit.world import Reply, Request, World, json_reply

COUNTED = "crowd"
MEANING = {
    "atl-jira-users": ("jira-software-users",),
    "atl-jira-dev": ("jira-software-users", "developers"),
    "atl-confluence-users": ("confluence-users",),
}
REASONS = {401: "APPLICATION_ACCESS_DENIED", 403: "APPLICATION_PERMISSION_DENIED", 404: "NOT_FOUND"}


def installation(world: World) -> Installation:
    """The one directory there is."""
    made: Installation = world.hold("crowd", _found)
    return made


def _found(company: Company) -> Installation:
    groups = (
        Group("crowd-administrators", admin=True, description="Administers Crowd"),
        Group("jira-software-users", description="Opens Jira"),
        Group("confluence-users", description="Opens Confluence"),
        Group("developers"),
        Group("all-staff"),
        Group("old-project-2019"),
    )
    return drifted(company, "crowd", groups, MEANING, prefix="crowd-")


def children(world: World, group: str) -> list[str]:
    """Groups inside a group, as the option `crowd_children` says."""
    inner: dict[str, list[str]] = world.options.get("crowd_children") or {}
    return [name for name in inner.get(group, ()) if name in installation(world).groups]


def held_within(world: World, group: str) -> set[str]:
    """A group and all groups inside it, to any depth."""
    found, waiting = {group}, [group]
    while waiting:
        fresh = set(children(world, waiting.pop())) - found
        found |= fresh
        waiting += fresh
    return found


def error(_world: World, _request: Request, status: int) -> Reply:
    """Answer a status in Crowd's dialect."""
    return refusal(
        WrongError(status, REASONS.get(status, "OPERATION_FAILED"), f"The request failed: {status}")
    )


def refusal(wrong: WrongError) -> Reply:
    return json_reply({"reason": wrong.reason, "message": wrong.words}, wrong.status)


def expanded(request: Request) -> set[str]:
    """What is to be expanded."""
    return set((request.get("expand") or "").split(","))


def asked_by(request: Request) -> Any:
    """The restriction of a search: a text of the query or a body."""
    return request.json() if request.body else request.get("restriction")


def link(request: Request, kind: str, name: str) -> dict[str, Any]:
    """A row that is not expanded."""
    href = f"{request.base}/crowd/rest/usermanagement/1/{kind}?{kind}name={quote(name)}"
    return {"link": {"href": href, "rel": "self"}, "name": name}


def user(world: World, request: Request, account: Account, expand: set[str] | None = None) -> dict[str, Any]:
    """A user, with the attributes if they are to be expanded."""
    base = f"{request.base}/crowd/rest/usermanagement/1/user"
    told = attributes(world, request, account)
    if "attributes" not in (expand or ()):
        told["attributes"] = []
    return {
        "expand": "attributes",
        **link(request, "user", account.name),
        "first-name": account.given_name,
        "last-name": account.family_name,
        "display-name": account.display_name,
        "email": account.email,
        "password": {"link": {"href": f"{base}/password?username={quote(account.name)}", "rel": "edit"}},
        "active": account.active,
        "attributes": told,
    }


def attributes(world: World, request: Request, account: Account) -> dict[str, Any]:
    """What Crowd remembers of a user's sign-ins, milliseconds as texts."""
    at = installation(world).last_login(account)
    rows = [{"name": "requiresPasswordChange", "values": ["false"]}]
    if at is not None:
        stamp = str(int(at.timestamp() * 1000))
        rows += [{"name": "lastAuthenticated", "values": [stamp]}, {"name": "lastActive", "values": [stamp]}]
    href = f"{request.base}/crowd/rest/usermanagement/1/user/attribute?username={quote(account.name)}"
    return {"attributes": rows, "link": {"href": href, "rel": "self"}}


def group_row(request: Request, group: Group, *, whole: bool = False) -> dict[str, Any]:
    row = link(request, "group", group.name)
    if whole:
        row |= {"expand": "attributes", "description": group.description, "type": "GROUP", "active": True}
    return row
