"""The Organizations API, second version: directories, accounts, groups, roles, invitations, workspaces."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.atlassian_org.rows import account_roles, details, group_roles, group_row
from sandbox.atlassian_org.search import (
    bare,
    count_groups,
    count_users,
    list_groups,
    list_users,
    search_groups,
    search_users,
)
from sandbox.kit.cloud_model import (
    CLOUD_ID,
    DIRECTORY_ID,
    DIRECTORY_NAME,
    HOST,
    PLATFORM_ROLES,
    PRODUCTS,
    ROLES,
    SITE,
    Account,
    Product,
    RefusedError,
    stamp,
)
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import body_of, limit_of, organisation, resume, sliced, table, text_of
from sandbox.kit.world import Reply, Request, World, json_reply

_DONE = 204


def directories(_world: World, request: Request) -> Reply:
    row = {
        "directoryId": DIRECTORY_ID,
        "name": DIRECTORY_NAME,
        "icon": "https://icons.atlassian.test/directory.png",
    }
    wanted = request.all("directoryIds")
    term = (request.get("searchTerm") or "").lower()
    rows = [row] if (not wanted or DIRECTORY_ID in wanted) and term in DIRECTORY_NAME.lower() else []
    return _listed("directories", request, rows)


def _listed(kind: str, request: Request, rows: list[Any]) -> Reply:
    token = request.get("cursor")
    query = {"limit": limit_of(request.get("limit"), default=20)}
    start, query = resume(kind, token) if token else (0, query)
    page, links = sliced(kind, rows, start, query)
    return json_reply({"data": page, "links": links})


# Accounts


def read_user(world: World, request: Request) -> Reply:
    org = organisation(world)
    return json_reply({"data": details(org, org.account(request.params["accountId"]))})


def user_roles(world: World, request: Request) -> Reply:
    org = organisation(world)
    rows = account_roles(org, org.account(request.params["accountId"]))
    return _listed("user roles", request, _chosen(rows, request))


def _chosen(rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    for name, field in (("resourceIds", "resourceId"), ("resourceOwners", "resourceOwner")):
        if wanted := request.all(name):
            rows = [row for row in rows if row[field] in wanted]
    if wanted := request.all("roleIds"):
        rows = [row for row in rows if set(row["roles"]) & set(wanted)]
    return rows


def user_stats(world: World, _request: Request) -> Reply:
    org = organisation(world)
    states: Counter[str] = Counter()
    roles: Counter[str] = Counter()
    for account in org.accounts:
        if account.membership != "no_membership":
            states[account.status] += 1
            roles.update(org.platform_roles(account))
    return json_reply(
        {
            "accountStatus": [{"status": s, "count": states[s]} for s in ("active", "inactive", "closed")],
            "roles": [{"roleId": role, "count": roles[role]} for role in PLATFORM_ROLES],
        }
    )


def suspend(world: World, request: Request) -> Reply:
    org, account_id = organisation(world), request.params["accountId"]
    _not_the_caller(org, account_id)
    org.suspend(account_id)
    return Reply(_DONE)


def restore(world: World, request: Request) -> Reply:
    organisation(world).restore(request.params["accountId"])
    return Reply(_DONE)


def remove(world: World, request: Request) -> Reply:
    org, account_id = organisation(world), request.params["accountId"]
    _not_the_caller(org, account_id)
    org.remove(account_id)
    return Reply(_DONE)


def _not_the_caller(org: Organisation, account_id: str) -> None:
    if account_id == org.caller:
        raise RefusedError(403, "ADMIN-403-3", "You cannot do this to your own account")


# Invitations


def invite(world: World, request: Request) -> Reply:
    """Invite addresses; 206 says that at least one part failed, the body says which."""
    org, body = organisation(world), body_of(request)
    if not world.options.get("atlassian_paid", True):
        raise RefusedError(402, "ADMIN-UAM-402-1", "Payment required")
    emails = _emails(body.get("emails"))
    groups = [bare(str(key)) for key in body.get("additionalGroups") or []]
    rules = [_rule(org, rule) for rule in body.get("permissionRules") or []]
    _room_for_all(org, emails, [org.group(key).group_id for key in groups], rules)
    rows = [_invited(org, email, groups, rules) for email in emails]
    failed = any(
        part["status"] == "ERROR"
        for row in rows
        for result in row["results"]
        for parts in result.values()
        for part in parts
    )
    return json_reply({"data": rows}, 206 if failed else 200)


def _emails(given: Any) -> list[str]:
    texts = [e for e in given if isinstance(e, str)] if isinstance(given, list) else []
    if not 1 <= len(texts) <= 25 or len(texts) != len(given):
        raise RefusedError(400, "ADMIN-400-24", "Invalid request body: emails must be 1 to 25 addresses")
    for text in texts:
        name, at, host = text.partition("@")
        if not (name and at and "." in host) or " " in text:
            raise RefusedError(400, "ADMIN-400-24", f"Invalid request body: {text} is not an e-mail address")
    return list({text.lower(): text for text in texts}.values())


def _rule(org: Organisation, rule: Any) -> tuple[str, str]:
    role, resource = text_of(rule, "role"), org.resource(text_of(rule, "resource"))
    if role not in ROLES:
        raise RefusedError(400, "ADMIN-UAM-400-3", "Invalid role for resource")
    return resource, role


def _room_for_all(
    org: Organisation, emails: list[str], groups: list[str], rules: list[tuple[str, str]]
) -> None:
    """Refuse the whole invitation where one product has too few seats for it."""
    opened = {r for r, role in rules if role in ("atlassian/user", "atlassian/admin")}
    for group_id in groups:
        roles = org.groups[group_id].roles
        opened |= {r for r, names in roles.items() if names & {"atlassian/user", "atlassian/admin"}}
    for resource in opened & PRODUCTS.keys():
        known = [org.by_email.get(email.lower()) for email in emails]
        fresh = sum(1 for a in known if a is None or resource not in org.seats(a))
        limit = org.capacity[resource]
        if limit is not None and org.billed[resource] + fresh > limit:
            raise RefusedError(409, "ADMIN-409-3", "You have exceeded your user limit for an app")


def _invited(
    org: Organisation, email: str, groups: list[str], rules: list[tuple[str, str]]
) -> dict[str, Any]:
    account = org.invite(email)
    roles = [
        {
            "resource": resource,
            "role": _member_role(resource, role),
            **_attempt(lambda r=resource, n=role: org.assign(account.account_id, n, r)),
        }
        for resource, role in rules
    ]
    joined = [{"group": key, **_attempt(lambda k=key: _join(org, k, account))} for key in groups]
    results = {"roleAssignmentResult": roles, "groupAssignmentResult": joined}
    return {"id": account.account_id, "email": account.email, "results": [results]}


def _attempt(act: Any) -> dict[str, str | None]:
    try:
        act()
    except RefusedError as refused:
        return {"status": "ERROR", "statusReason": refused.title}
    return {"status": "INVITED", "statusReason": None}


def _join(org: Organisation, group_id: str, account: Account) -> None:
    if group_id not in account.groups:
        org.add_member(group_id, account.account_id)


def _member_role(resource: str, role: str) -> str:
    """The role under the name the invitation answers with."""
    word = {"atlassian/user": "member"}.get(role, role.partition("/")[2])
    return f"ari:cloud:{resource.split(':')[2]}::role/product/{word}"


# Groups


def read_group(world: World, request: Request) -> Reply:
    group = organisation(world).group(request.params["groupId"])
    return json_reply({"data": group_row(group, ("counts.users", "counts.resources"))})


def roles_of_group(world: World, request: Request) -> Reply:
    rows = group_roles(organisation(world).group(request.params["groupId"]))
    return _listed("group roles", request, _chosen(rows, request))


def group_stats(world: World, _request: Request) -> Reply:
    groups = organisation(world).groups.values()
    synced = sum(group.synced for group in groups)
    totals = {"all": len(groups), "managed": len(groups) - synced, "synced": synced}
    counts = [
        {"type": "GROUP", "count": len(groups)},
        *({"type": t, "count": 0} for t in ("TEAM", "USERBASE_GROUP")),
    ]
    return json_reply({"totals": totals, "types": counts})


def create_group(world: World, request: Request) -> Reply:
    """201 with neither body nor identifier: the group must be searched by its name."""
    body = body_of(request)
    lag = float(world.options.get("atlassian_lag", 0.0))
    organisation(world).create_group(text_of(body, "name"), str(body.get("description") or ""), lag=lag)
    return Reply(201)


def delete_group(world: World, request: Request) -> Reply:
    organisation(world).delete_group(request.params["groupId"])
    return Reply(_DONE)


def add_member(world: World, request: Request) -> Reply:
    account_id = text_of(body_of(request), "accountId")
    organisation(world).add_member(request.params["groupId"], account_id)
    return Reply(_DONE)


def remove_member(world: World, request: Request) -> Reply:
    organisation(world).remove_member(request.params["groupId"], request.params["accountId"])
    return Reply(_DONE)


def assign_to_group(world: World, request: Request) -> Reply:
    body = body_of(request)
    role, resource = _role(body), text_of(body, "resourceId")
    organisation(world).assign_group(request.params["groupId"], role, resource)
    return Reply(200)


def revoke_from_group(world: World, request: Request) -> Reply:
    body = body_of(request)
    role, resource = _role(body), text_of(body, "resourceId")
    organisation(world).revoke_group(request.params["groupId"], role, resource)
    return Reply(_DONE)


def _role(body: dict[str, Any]) -> str:
    if (role := text_of(body, "roleId")) not in ROLES:
        raise RefusedError(400, "ADMIN-UAM-400-3", "Invalid role for resource")
    return role


# Workspaces


def workspaces(world: World, request: Request) -> Reply:
    """The apps of the site with their seat capacity; a cursor comes alone."""
    org, body = organisation(world), body_of(request)
    token = body.get("cursor")
    if token and set(body) != {"cursor"}:
        raise RefusedError(400, "ADMIN-400-24", "Invalid request body: cursor comes alone")
    query: dict[str, Any] = {"limit": limit_of(body.get("limit"), default=20, most=1000)}
    query["types"] = _types(body.get("query"))
    start, query = resume("workspaces", token) if token else (0, query)
    rows = [_workspace(org, p) for p in PRODUCTS.values() if not query["types"] or p.key in query["types"]]
    page, links = sliced("workspaces", rows, start, query)
    end = start + len(page)
    meta = {"pageSize": query["limit"], "startIndex": start, "endIndex": end, "total": len(rows)}
    return json_reply({"data": page, "links": links, "meta": meta})


def _types(query: Any) -> list[str]:
    """Values asked of `attributes.type`."""
    clauses = query.get("and", [query]) if isinstance(query, dict) else []
    fields = [clause.get("field") or {} for clause in clauses]
    names = ("attributes.type", "attributes.typeKey")
    return [value for field in fields if field.get("name") in names for value in field.get("values", [])]


def _workspace(org: Organisation, product: Product) -> dict[str, Any]:
    founded = stamp(org.company.founded.replace(year=org.company.founded.year - 5))
    entitlement = {"key": product.key, "plan": product.plan, "planKey": product.plan.lower()}
    return {
        "id": product.resource,
        "type": "workspace",
        "attributes": {
            "name": SITE,
            "type": product.key,
            "typeKey": product.key,
            "hostUrl": f"https://{HOST}",
            "status": "online",
            "statusDetails": [],
            "realm": "EU",
            "regions": ["eu"],
            "labels": [],
            "owner": None,
            "capacity": org.capacity[product.resource],
            "usage": None,
            "createdAt": founded,
            "createdBy": None,
            "updatedAt": founded,
            "sandbox": {"type": "NONE"},
        },
        "relationships": {
            "entitlement": [
                {"id": f"{product.key}-{CLOUD_ID}", "type": "entitlement", "attributes": entitlement}
            ]
        },
        "links": {"self": f"https://{HOST}"},
    }


_HOME = "/admin/v2/orgs/{orgId}"
_USERS = f"{_HOME}/directories/{{directoryId}}/users"
_GROUPS = f"{_HOME}/directories/{{directoryId}}/groups"
ROUTES = table(
    (
        ("GET", f"{_HOME}/directories", directories),
        ("POST", f"{_HOME}/workspaces", workspaces),
        ("POST", f"{_HOME}/users/invite", invite),
        ("POST", f"{_USERS}/search", search_users),
        ("GET", f"{_USERS}/count", count_users),
        ("GET", f"{_USERS}/stats", user_stats),
        ("GET", _USERS, list_users),
        ("GET", f"{_USERS}/{{accountId}}", read_user),
        ("DELETE", f"{_USERS}/{{accountId}}", remove),
        ("GET", f"{_USERS}/{{accountId}}/role-assignments", user_roles),
        ("POST", f"{_USERS}/{{accountId}}/suspend", suspend),
        ("POST", f"{_USERS}/{{accountId}}/restore", restore),
        ("POST", f"{_GROUPS}/search", search_groups),
        ("GET", f"{_GROUPS}/count", count_groups),
        ("GET", f"{_GROUPS}/stats", group_stats),
        ("GET", _GROUPS, list_groups),
        ("POST", _GROUPS, create_group),
        ("GET", f"{_GROUPS}/{{groupId}}", read_group),
        ("DELETE", f"{_GROUPS}/{{groupId}}", delete_group),
        ("GET", f"{_GROUPS}/{{groupId}}/role-assignments", roles_of_group),
        ("POST", f"{_GROUPS}/{{groupId}}/role-assignments/assign", assign_to_group),
        ("POST", f"{_GROUPS}/{{groupId}}/role-assignments/revoke", revoke_from_group),
        ("POST", f"{_GROUPS}/{{groupId}}/memberships", add_member),
        ("DELETE", f"{_GROUPS}/{{groupId}}/memberships/{{accountId}}", remove_member),
    ),
    reads=(search_users, search_groups, workspaces),
)
