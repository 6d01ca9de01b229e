"""Groups of Jira Cloud and their members."""

from __future__ import annotations

from typing import Any

from sandbox.jira_cloud.rows import access_of, account_named, group_row_whole, here, member_row, paged
from sandbox.kit.cloud_model import Group
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import organisation
from sandbox.kit.site_wire import CloudError, asker, body_of, need, number
from sandbox.kit.world import Reply, Request, World, json_reply


def group_named(org: Organisation, request: Request) -> Group:
    """The group an operation names, by identifier or by name but not by both."""
    group_id, name = request.get("groupId"), request.get("groupname")
    if (group_id is None) == (name is None):
        raise CloudError(400, "Exactly one of 'groupname' and 'groupId' must be provided.")
    found = org.groups.get(group_id) if group_id else org.by_name.get((name or "").lower())
    if found is None:
        raise CloudError(404, f"The group named '{group_id or name}' does not exist")
    return found


def list_groups(world: World, request: Request) -> Reply:
    need(asker(request).browses, "Browse users and groups permission is required to view groups.")
    ids, names = request.all("groupId"), request.all("groupName")
    access = request.get("accessType")
    if access not in (None, "site-admin", "admin", "user"):
        raise CloudError(400, f"'{access}' is not an access type")
    rows = [
        {"name": group.name, "groupId": group.group_id}
        for group in sorted(organisation(world).groups.values(), key=lambda g: g.name)
        if (not ids or group.group_id in ids)
        and (not names or group.name in names)
        and (access is None or access in access_of(group))
    ]
    return paged(request, "group/bulk", rows, 50, 50)


def list_members(world: World, request: Request) -> Reply:
    need(asker(request).browses, "Browse users and groups permission is required to view groups.")
    org = organisation(world)
    group = group_named(org, request)
    inactive = request.get("includeInactiveUsers") == "true"
    members = [org.accounts[position] for position in group.ordered()]
    rows = [member_row(world, request, a) for a in members if inactive or a.works]
    return paged(request, "group/member", rows, 50, 50)


def read_group(world: World, request: Request) -> Reply:
    """A group; `expand=users[50:99]` brings some of its members."""
    org = organisation(world)
    group = group_named(org, request)
    row = group_row_whole(request, group)
    expand = request.get("expand") or ""
    if expand.startswith("users"):
        first, _, last = expand.removeprefix("users").strip("[]").partition(":")
        begin = int(first or 0)
        end = min(int(last or 49), begin + 49, len(group.members) - 1)
        items = [member_row(world, request, org.accounts[p]) for p in group.ordered()[begin : end + 1]]
        row["users"] |= {"items": items, "start-index": begin, "end-index": end}
    return json_reply(row)


def create_group(world: World, request: Request) -> Reply:
    need(asker(request).site_admin, "You are not permitted to create groups.")
    name = body_of(request).get("name")
    if not isinstance(name, str) or not name:
        raise CloudError(400, "The group name must be provided.")
    group = organisation(world).create_group(name)
    return json_reply(group_row_whole(request, group), 201)


def delete_group(world: World, request: Request) -> Reply:
    need(asker(request).site_admin, "You are not permitted to delete groups.")
    org = organisation(world)
    org.delete_group(group_named(org, request).group_id)
    return Reply(200)


def add_member(world: World, request: Request) -> Reply:
    """201; who is in already is answered 400 with a sentence that forgot to fill in the name."""
    need(asker(request).site_admin, "You are not permitted to manage groups.")
    org = organisation(world)
    group, account_id = group_named(org, request), body_of(request).get("accountId")
    account = org.by_id.get(str(account_id))
    if account_id is None:
        raise CloudError(400, "'accountId' must be provided.")
    if account is None or not here(account):
        raise CloudError(404, "The user does not exist")
    if account.position in group.members:
        raise CloudError(400, "Cannot add user. User is already a member of '{1}'")
    org.add_member(group.group_id, account.account_id)
    return json_reply(group_row_whole(request, group), 201)


def remove_member(world: World, request: Request) -> Reply:
    need(asker(request).site_admin, "You are not permitted to manage groups.")
    org = organisation(world)
    group, account = group_named(org, request), account_named(org, request)
    if account.position not in group.members:
        raise CloudError(400, f"Cannot remove user from group '{group.name}', they are not a member of it")
    org.remove_member(group.group_id, account.account_id)
    return Reply(200)


def pick_groups(world: World, request: Request) -> Reply:
    """Groups by a part of their name, with who manages them; no more than the site lets a list have."""
    term, size = (request.get("query") or "").lower(), number(request, "maxResults", 20, 100)
    groups = sorted(organisation(world).groups.values(), key=lambda g: g.name)
    fitting = [group for group in groups if term in group.name.lower()]
    rows: list[dict[str, Any]] = [
        {
            "name": group.name,
            "html": group.name,
            "groupId": group.group_id,
            "labels": [],
            "managedBy": "EXTERNAL" if group.synced else "ADMINS",
            "usageType": "USERBASE_GROUP",
        }
        for group in fitting[:size]
    ]
    header = f"Showing {len(rows)} of {len(fitting)} matching groups"
    return json_reply({"header": header, "total": len(fitting), "groups": rows})
