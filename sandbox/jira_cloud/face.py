"""The routes of Jira Cloud's site, and what each answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.jira_cloud.groups import (
    add_member,
    create_group,
    delete_group,
    list_groups,
    list_members,
    pick_groups,
    read_group,
    remove_member,
)
from sandbox.jira_cloud.rows import (
    ROLES,
    account_named,
    defaults,
    group_row,
    groups_of,
    here,
    opening,
    paged,
    role_row,
    user_row,
    whole_user,
)
from sandbox.kit.cloud_model import HOST, JIRA, JSM, Account, Group, stamp
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import organisation
from sandbox.kit.site_wire import (
    HOME,
    CloudError,
    Who,
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

_REACH = 1000
_PRODUCTS = ("jira-core", "jira-servicedesk", "jira-product-discovery", "jira-software")
_PERMISSIONS = {
    "ADMINISTER": ("0", "Administer Jira"),
    "SYSTEM_ADMIN": ("44", "System admin"),
    "USER_PICKER": ("27", "Browse users and groups"),
}


def refuse(_request: Request, status: int, message: str) -> Reply:
    """A refusal as Jira words it; without a credential it is plain text."""
    if status == 401:
        reply = Reply(401, message.encode(), kind="text/html;charset=UTF-8")
        reply.headers.append(("X-Seraph-LoginReason", "AUTHENTICATED_FAILED"))
        return reply
    return json_reply({"errorMessages": [message], "errors": {}}, status)


def error(world: World, request: Request, status: int) -> Reply:
    """Any status in Jira's words."""
    if status == 429:
        return too_many(world, request, refuse)
    return refuse(request, status, {404: "null for uri"}.get(status, f"simulated {status}"))


# People


def _browses(request: Request) -> Who:
    who = asker(request)
    need(who.browses, "Browse users and groups permission is required to view users.")
    return who


def list_users(world: World, request: Request) -> Reply:
    """Everyone the site knows, as a bare list: an empty page is the end."""
    _browses(request)
    start, size = number(request, "startAt", 0, 10**9), number(request, "maxResults", 50, 1000)
    rows = [account for account in organisation(world).accounts if here(account)]
    return json_reply([user_row(world, request, a) for a in rows[start : start + size]])


def search_users(world: World, request: Request) -> Reply:
    """Active people whose name or address begins so; nobody is found without the right to browse."""
    query, account_id = request.get("query"), request.get("accountId")
    if query is None and account_id is None:
        raise CloudError(400, "Either 'query', 'accountId' or 'property' must be provided.")
    if not asker(request).browses:
        return json_reply([])
    start, size = number(request, "startAt", 0, _REACH), number(request, "maxResults", 50, 1000)
    found = [
        account
        for account in organisation(world).accounts
        if here(account) and account.works and _fits(account, query, account_id)
    ][:_REACH]
    return json_reply([user_row(world, request, a) for a in found[start : start + size]])


def _fits(account: Account, query: str | None, account_id: str | None) -> bool:
    if account_id is not None:
        return account.account_id == account_id
    term = (query or "").lower()
    words = [account.name.lower(), account.email.lower(), *account.name.lower().split()]
    return any(word.startswith(term) for word in words)


def read_user(world: World, request: Request) -> Reply:
    _browses(request)
    org = organisation(world)
    return json_reply(whole_user(world, org, request, account_named(org, request)))


def myself(world: World, request: Request) -> Reply:
    return json_reply(whole_user(world, organisation(world), request, asker(request).account))


def bulk_users(world: World, request: Request) -> Reply:
    """Users by identifier; those that are unknown are left out without a word."""
    wanted = request.all("accountId")
    if not wanted:
        raise CloudError(400, "At least one accountId must be provided.")
    org = organisation(world)
    found = [a for key in wanted[:200] if (a := org.by_id.get(key)) and here(a)]
    return paged(request, "user/bulk", [user_row(world, request, a) for a in found], 10, 200)


def groups_of_user(world: World, request: Request) -> Reply:
    _browses(request)
    org = organisation(world)
    return json_reply([group_row(request, g) for g in groups_of(org, account_named(org, request))])


def no_emails(_world: World, _request: Request) -> Reply:
    raise CloudError(400, "The calling app is not approved to use this API.")


def create_user(world: World, request: Request) -> Reply:
    """Let a person in, with products; whoever has access already is answered 201 too."""
    who, org, body = asker(request), organisation(world), body_of(request)
    need(who.administers and who.org_admin, "Only organization admins can create users.")
    email, products = body.get("emailAddress"), body.get("products")
    if not isinstance(email, str) or "@" not in email:
        raise CloudError(400, "You must specify a valid email address.")
    if not isinstance(products, list) or not set(products) <= set(_PRODUCTS):
        raise CloudError(400, f"'products' must be a list out of {', '.join(_PRODUCTS)}.")
    groups = [group for key in products for group in _defaults(org, key)]
    known = org.by_email.get(email.lower())
    if known is not None and here(known) and not org.opened(known) and not groups:
        raise CloudError(400, "The user already exists and does not have access to Jira.")
    _room(org, known, groups)
    account = org.invite(email)
    for group in groups:
        if group.group_id not in account.groups:
            org.add_member(group.group_id, account.account_id)
    return json_reply(whole_user(world, org, request, account), 201)


def _defaults(org: Organisation, key: str) -> list[Group]:
    if key not in ROLES:
        raise CloudError(400, f"The product {key} is not licensed on this site.")
    return defaults(org, ROLES[key])


def _room(org: Organisation, known: Account | None, groups: Sequence[Group]) -> None:
    for product in ROLES.values():
        asked = any(product.resource in group.roles for group in groups)
        limit = org.capacity[product.resource]
        seated = known is not None and product.resource in org.seats(known)
        if asked and not seated and limit is not None and org.billed[product.resource] >= limit:
            raise CloudError(400, f"You have exceeded your user limit for {product.name}.")


def remove_user(world: World, request: Request) -> Reply:
    need(asker(request).site_admin, "You are not permitted to remove users.")
    org = organisation(world)
    account = account_named(org, request)
    if account.account_id == org.caller or account.status == "closed":
        raise CloudError(400, "The user cannot be removed.")
    org.remove(account.account_id)
    return Reply(204)


# Seats and the site itself


def _administers(request: Request) -> None:
    need(asker(request).administers, "You must have Administer Jira permission to do this.")


def roles(world: World, request: Request) -> Reply:
    _administers(request)
    org = organisation(world)
    return json_reply([role_row(org, request, product) for product in ROLES.values()])


def role(world: World, request: Request) -> Reply:
    _administers(request)
    product = ROLES.get(request.params["key"])
    if product is None:
        raise CloudError(404, "The application role was not found.")
    return json_reply(role_row(organisation(world), request, product))


def licence(_world: World, _request: Request) -> Reply:
    plans = {key: "PAID" if key in ROLES else "UNLICENSED" for key in sorted(_PRODUCTS)}
    return json_reply({"applications": [{"id": key, "plan": plan} for key, plan in plans.items()]})


def licence_count(world: World, request: Request) -> Reply:
    """How many seats are taken, as a text."""
    _administers(request)
    org, key = organisation(world), request.params.get("key")
    if key is None:
        total = len({a.account_id for a in org.accounts if org.seats(a) & {JIRA.resource, JSM.resource}})
        return json_reply({"key": "license.totalApproximateUserCount", "value": str(total)})
    if key not in ROLES:
        raise CloudError(404, f"The product {key} is not licensed on this site.")
    count = str(org.billed[ROLES[key].resource])
    return json_reply({"key": f"license.{key}.approximateUserCount", "value": count})


def server_info(world: World, request: Request) -> Reply:
    now = stamp(world.company.now).replace("Z", "+0000")
    return json_reply(
        {
            "baseUrl": f"{request.base}{HOME}",
            "displayUrl": f"https://{HOST}",
            "version": "1001.0.0-SNAPSHOT",
            "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud",
            "buildNumber": 100290,
            "buildDate": stamp(world.company.founded).replace("Z", "+0000"),
            "serverTime": now,
            "scmInfo": "sandbox",
            "serverTitle": "Jira",
            "serverTimeZone": "Etc/UTC",
        }
    )


def my_permissions(_world: World, request: Request) -> Reply:
    asked = [key for key in (request.get("permissions") or "").split(",") if key]
    if not asked or not set(asked) <= set(_PERMISSIONS):
        raise CloudError(400, f"Unrecognized permission among: {', '.join(asked) or 'none'}")
    who = asker(request)
    held = {"ADMINISTER": who.administers, "SYSTEM_ADMIN": False, "USER_PICKER": who.browses}
    rows = {
        key: {
            "id": _PERMISSIONS[key][0],
            "key": key,
            "name": _PERMISSIONS[key][1],
            "type": "GLOBAL",
            "description": _PERMISSIONS[key][1],
            "havePermission": held[key],
        }
        for key in asked
    }
    return json_reply({"permissions": rows})


def _tell(world: World) -> dict[str, Any]:
    """What tests want to know: the groups that give products, and how many the site lists."""
    org = organisation(world)
    return {
        "people": sum(here(a) for a in org.accounts),
        "addresses": sum(shown_email(world, a) is not None for a in org.accounts if here(a)),
        "groups": {p.key: [g.name for g in opening(org, p)] for p in ROLES.values()},
    }


_OPERATIONS = (
    ("GET", "users/search", list_users),
    ("GET", "users", list_users),
    ("GET", "user/search", search_users),
    ("GET", "user/bulk", bulk_users),
    ("GET", "user/groups", groups_of_user),
    ("GET", "user/email", no_emails),
    ("GET", "user", read_user),
    ("POST", "user", create_user),
    ("DELETE", "user", remove_user),
    ("GET", "group/bulk", list_groups),
    ("GET", "group/member", list_members),
    ("POST", "group/user", add_member),
    ("DELETE", "group/user", remove_member),
    ("GET", "group", read_group),
    ("POST", "group", create_group),
    ("DELETE", "group", delete_group),
    ("GET", "groups/picker", pick_groups),
    ("GET", "applicationrole", roles),
    ("GET", "applicationrole/{key}", role),
    ("GET", "instance/license", licence),
    ("GET", "license/approximateLicenseCount", licence_count),
    ("GET", "license/approximateLicenseCount/product/{key}", licence_count),
    ("GET", "serverInfo", server_info),
    ("GET", "myself", myself),
    ("GET", "mypermissions", my_permissions),
)

FACE = Face(
    name="jira_cloud",
    prefix=HOME,
    routes=table(
        (
            (method, f"/rest/api/{version}/{path}", handler)
            for version in ("3", "2", "latest")
            for method, path, handler in _OPERATIONS
        ),
        refuse,
    ),
    gate=gate(("/serverInfo", "/groups/picker"), refuse),
    seal=seal,
    error=error,
    tell=_tell,
)
