"""How Jira Data Center writes an account, a group and an error, and the installation it speaks of."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from sandbox.company.company import Company
from sandbox.kit.datacenter_drift import drifted
from sandbox.kit.datacenter_state import Account, Group, Installation, WrongError
from sandbox.kit.world import Reply, Request, World, json_reply

ROLES = {"jira-software": "Jira Software", "jira-servicedesk": "Jira Service Management"}
MEANING = {
    "atl-jira-users": ("jira-software-users",),
    "atl-jira-dev": ("jira-software-users", "developers"),
    "atl-jsm-agents": ("jsm-agents",),
}
SYDNEY = timezone(timedelta(hours=10))
WORDS = {
    401: "You are not authenticated. Authentication required to perform this operation.",
    403: "You do not have the permission to see the specified page.",
    404: "The requested resource was not found.",
    429: "Rate limit exceeded.",
}


def installation(world: World) -> Installation:
    """The one Jira there is."""
    made: Installation = world.hold("jira", _found)
    return made


def _found(company: Company) -> Installation:
    groups = (
        Group("jira-administrators", ("jira-software",), admin=True),
        Group("jira-software-users", ("jira-software",)),
        Group("jsm-agents", ("jira-servicedesk",)),
        Group("developers"),
        Group("all-staff"),
        Group("old-project-2019"),
    )
    return drifted(company, "jira", groups, MEANING)


def version(world: World) -> tuple[int, int, int]:
    """The version, three numbers."""
    major, minor, patch = str(world.options.get("jira_dc_version", "10.3.24")).split(".")
    return int(major), int(minor), int(patch)


def error(_world: World, _request: Request, status: int) -> Reply:
    """Answer a status in Jira's dialect."""
    return json_reply({"errorMessages": [WORDS.get(status, "Internal server error")], "errors": {}}, status)


def refusal(wrong: WrongError) -> Reply:
    """A refusal; one that is about a field names it."""
    if wrong.reason.islower():
        return json_reply({"errorMessages": [], "errors": {wrong.reason: wrong.words}}, wrong.status)
    return json_reply({"errorMessages": [wrong.words], "errors": {}}, wrong.status)


def plain(request: Request, account: Account) -> dict[str, Any]:
    """An account as listings of a group have it."""
    base = f"{request.base}/jira"
    return {
        "self": f"{base}/rest/api/2/user?username={quote(account.name)}",
        "key": account.key,
        "name": account.name,
        "emailAddress": account.email,
        "avatarUrls": {size: f"{base}/secure/useravatar?size={size}" for size in ("16x16", "48x48")},
        "displayName": account.display_name,
        "active": account.active,
        "timeZone": "Australia/Sydney",
    }


def user(world: World, request: Request, account: Account, expand: str = "") -> dict[str, Any]:
    """An account with its last sign-in, where this version tells it, and what was asked to be expanded."""
    made = installation(world)
    groups = list(account.groups)
    opened = made.opened(account)
    row = plain(request, account) | {
        "deleted": False,
        "locale": "en_AU",
        "groups": {"size": len(groups), "items": []},
        "applicationRoles": {"size": len(opened), "items": []},
        "expand": "groups,applicationRoles",
    }
    at = made.last_login(account)
    if at is not None and version(world) >= (10, 3, 0):
        row["lastLoginTime"] = _stamp(at)
    if "groups" in expand.split(","):
        url = f"{request.base}/jira/rest/api/2/group?groupname="
        row["groups"]["items"] = [{"name": name, "self": url + quote(name)} for name in groups]
    if "applicationRoles" in expand.split(","):
        row["applicationRoles"]["items"] = [{"key": key, "name": ROLES[key]} for key in opened]
    return row


def _stamp(at: datetime) -> str:
    return at.astimezone(SYDNEY).strftime("%Y-%m-%dT%H:%M:%S%z")


def group_row(request: Request, made: Installation, group: Group) -> dict[str, Any]:
    """A group as its writes answer it."""
    url = f"{request.base}/jira/rest/api/2/group?groupname={quote(group.name)}"
    users = {"size": len(made.members(group)), "items": [], "max-results": 50}
    return {"name": group.name, "self": url, "users": users, "expand": "users"}
