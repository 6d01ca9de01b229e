"""The routes of Confluence Cloud's site, and what each answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from sandbox.kit.cloud_model import BILLED_ROLES, CONFLUENCE, SITE_RESOURCE, Account, Group
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import organisation
from sandbox.kit.site_wire import (
    HOME,
    CloudError,
    asker,
    body_of,
    gate,
    need,
    number,
    seal,
    shown_email,
    table,
    too_many,
)
from sandbox.kit.world import Face, Reply, Request, World, json_reply

WIKI = f"{HOME}/wiki"
_KINDS = {"atlassian": "atlassian", "app": "app"}


def refuse(_request: Request, status: int, message: str) -> Reply:
    """A refusal as Confluence words it."""
    data = {"authorized": status not in (401, 403), "valid": True, "errors": [], "successful": False}
    return json_reply({"statusCode": status, "data": data, "message": message}, status)


def error(world: World, request: Request, status: int) -> Reply:
    """Any status in Confluence's words."""
    if status == 429:
        return too_many(world, request, refuse)
    return refuse(request, status, f"simulated {status}")


# Rows


def _user(world: World, request: Request, account: Account) -> dict[str, Any]:
    link = f"{request.base}{WIKI}/rest/api/user?accountId={quote(account.account_id)}"
    picture = {"path": "/wiki/aa-avatar/default", "width": 48, "height": 48, "isDefault": True}
    return {
        "type": "known",
        "accountId": account.account_id,
        "accountType": _KINDS.get(account.kind, ""),
        "email": shown_email(world, account) or "",
        "publicName": account.nickname or account.name,
        "displayName": account.name,
        "timeZone": account.time_zone,
        "profilePicture": picture,
        "isExternalCollaborator": False,
        "isGuest": False,
        "_expandable": {"operations": "", "personalSpace": ""},
        "_links": {"self": link},
    }


def _group_row(request: Request, group: Group) -> dict[str, Any]:
    return {
        "type": "group",
        "name": group.name,
        "id": group.group_id,
        "usageType": "USERBASE_GROUP",
        "managedBy": "EXTERNAL" if group.synced else "ADMINS",
        "_links": {"self": f"{request.base}{WIKI}/rest/api/group/by-id?id={group.group_id}"},
    }


def _page(request: Request, path: str, rows: list[Any], *, usual: int = 200, most: int = 200) -> Reply:
    """A page; the next one is named by a path below the base."""
    start, limit = number(request, "start", 0, 10**9), number(request, "limit", usual, 10**9)
    if limit > most:
        raise CloudError(400, f"limit must not be greater than {most}")
    here = rows[start : start + limit]
    links = {"base": f"{request.base}{WIKI}", "context": "/wiki", "self": f"{request.base}{request.path}"}
    if start + limit < len(rows):
        kept = [(k, v) for k, v in request.query if k not in ("start", "limit")]
        query = urlencode([*kept, ("limit", limit), ("start", start + limit)])
        links["next"] = f"/rest/api/{path}?{query}"
    page = {"results": here, "start": start, "limit": limit, "size": len(here), "_links": links}
    if request.get("shouldReturnTotalSize") == "true":
        page["totalSize"] = len(rows)
    return json_reply(page)


# People


def uses(org: Organisation, account: Account) -> bool:
    """Whether someone may use Confluence now."""
    return account.works and account.kind != "customer" and CONFLUENCE.resource in org.opened(account)


def _known(org: Organisation, account_id: str | None) -> Account:
    found = org.by_id.get(account_id or "")
    if found is None or found.membership == "no_membership" or found.status == "closed":
        raise CloudError(404, f"No user found with account id: {account_id}")
    return found


def search_users(world: World, request: Request) -> Reply:
    """Those who may use Confluence; guests are asked for by another filter, and there are none."""
    cql, kept = request.get("cql"), request.get("sitePermissionTypeFilter", "none")
    if cql not in ("type=user", 'type="user"', "type = user"):
        raise CloudError(400, f"Could not parse cql : {cql}")
    if kept not in ("none", "externalCollaborator", "all"):
        raise CloudError(400, f"{kept} is not a filter of site permissions")
    org = organisation(world)
    people = [] if kept == "externalCollaborator" else [a for a in org.accounts if uses(org, a)]
    rows = [_found(world, request, account) for account in people]
    reply = _page(request, "search/user", rows, usual=25)
    page = {**_read(reply), "totalSize": len(rows), "cqlQuery": cql, "searchDuration": 12}
    return json_reply(page | {"archivedResultCount": 0})


def _read(reply: Reply) -> dict[str, Any]:
    import orjson

    page: dict[str, Any] = orjson.loads(reply.body)
    return page


def _found(world: World, request: Request, account: Account) -> dict[str, Any]:
    return {
        "user": _user(world, request, account),
        "title": account.name,
        "excerpt": "",
        "url": f"/people/{quote(account.account_id)}",
        "breadcrumbs": [],
        "entityType": "user",
        "iconCssClass": "aui-icon content-type-profile",
        "lastModified": account.added_on.isoformat(),
        "score": 0.0,
    }


def read_user(world: World, request: Request) -> Reply:
    return json_reply(_user(world, request, _known(organisation(world), request.get("accountId"))))


def current_user(world: World, request: Request) -> Reply:
    return json_reply(_user(world, request, asker(request).account))


def bulk_users(world: World, request: Request) -> Reply:
    """At most a hundred by identifier; further ones are passed over."""
    org = organisation(world)
    found = [a for key in request.all("accountId")[:100] if (a := org.by_id.get(key))]
    present = [a for a in found if a.membership != "no_membership" and a.status != "closed"]
    rows = [_user(world, request, account) for account in present]
    links = {"base": f"{request.base}{WIKI}", "context": "/wiki"}
    page = {"results": rows, "start": 0, "limit": 100, "size": len(rows), "_links": links}
    return json_reply(page)


def groups_of_user(world: World, request: Request) -> Reply:
    org = organisation(world)
    account = _known(org, request.get("accountId"))
    groups = sorted((org.groups[key] for key in account.groups), key=lambda g: g.name)
    return _page(request, "user/memberof", [_group_row(request, g) for g in groups])


# Groups


def _group(org: Organisation, group_id: str | None) -> Group:
    found = org.groups.get(group_id or "")
    if found is None:
        raise CloudError(404, f"No group found with id: {group_id}")
    return found


def _access(group: Group) -> set[str]:
    held = group.roles.get(CONFLUENCE.resource, set())
    words = {"user"} if BILLED_ROLES & held else set()
    words |= {"admin"} if "atlassian/admin" in held else set()
    admin = SITE_RESOURCE in group.roles or any("atlassian/org-admin" in r for r in group.roles.values())
    return words | ({"site-admin"} if admin else set())


def _sorted(world: World) -> Iterable[Group]:
    return sorted(organisation(world).groups.values(), key=lambda g: g.name)


def list_groups(world: World, request: Request) -> Reply:
    access = request.get("accessType")
    if access not in (None, "user", "admin", "site-admin"):
        raise CloudError(400, f"{access} is not an access type")
    rows = [_group_row(request, g) for g in _sorted(world) if access is None or access in _access(g)]
    return _page(request, "group", rows, most=1000)


def pick_groups(world: World, request: Request) -> Reply:
    term = (request.get("query") or "").lower()
    rows = [_group_row(request, g) for g in _sorted(world) if term in g.name.lower()]
    return _page(request, "group/picker", rows)


def read_group(world: World, request: Request) -> Reply:
    return json_reply(_group_row(request, _group(organisation(world), request.get("id"))))


def create_group(world: World, request: Request) -> Reply:
    need(asker(request).site_admin, "Only site administrators may do this.")
    name = body_of(request).get("name")
    if not isinstance(name, str) or not name:
        raise CloudError(400, "The name is missing.")
    return json_reply(_group_row(request, organisation(world).create_group(name)), 201)


def delete_group(world: World, request: Request) -> Reply:
    need(asker(request).site_admin, "Only site administrators may do this.")
    org = organisation(world)
    org.delete_group(_group(org, request.get("id")).group_id)
    return Reply(204)


def list_members(world: World, request: Request) -> Reply:
    org = organisation(world)
    group = _group(org, request.params["groupId"])
    members = [org.accounts[position] for position in group.ordered()]
    rows = [_user(world, request, account) for account in members if account.works]
    return _page(request, f"group/{group.group_id}/membersByGroupId", rows)


def add_member(world: World, request: Request) -> Reply:
    """201 without a body, for a member too."""
    need(asker(request).site_admin, "Only site administrators may do this.")
    org = organisation(world)
    group, account = _group(org, request.get("groupId")), _known(org, body_of(request).get("accountId"))
    if account.position not in group.members:
        org.add_member(group.group_id, account.account_id)
    return Reply(201)


def remove_member(world: World, request: Request) -> Reply:
    """204, for someone who is no member too."""
    need(asker(request).site_admin, "Only site administrators may do this.")
    org = organisation(world)
    group, account = _group(org, request.get("groupId")), _known(org, request.get("accountId"))
    if account.position in group.members:
        org.remove_member(group.group_id, account.account_id)
    return Reply(204)


FACE = Face(
    name="confluence_cloud",
    prefix=WIKI,
    routes=table(
        (
            ("GET", "/rest/api/search/user", search_users),
            ("GET", "/rest/api/user/bulk", bulk_users),
            ("GET", "/rest/api/user/memberof", groups_of_user),
            ("GET", "/rest/api/user/current", current_user),
            ("GET", "/rest/api/user", read_user),
            ("GET", "/rest/api/group/by-id", read_group),
            ("DELETE", "/rest/api/group/by-id", delete_group),
            ("GET", "/rest/api/group/picker", pick_groups),
            ("POST", "/rest/api/group/userByGroupId", add_member),
            ("DELETE", "/rest/api/group/userByGroupId", remove_member),
            ("GET", "/rest/api/group/{groupId}/membersByGroupId", list_members),
            ("GET", "/rest/api/group", list_groups),
            ("POST", "/rest/api/group", create_group),
        ),
        refuse,
    ),
    gate=gate((), refuse),
    seal=seal,
    error=error,
)
