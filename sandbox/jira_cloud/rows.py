"""Accounts, groups and application roles as Jira Cloud shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sandbox.kit.cloud_model import (
    ACCESS_ROLES,
    ADMIN,
    BILLED_ROLES,
    JIRA,
    JSM,
    SITE_RESOURCE,
    USER,
    Account,
    Group,
    Product,
)
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.site_wire import HOME, CloudError, number, shown_email
from sandbox.kit.world import Reply, Request, World, json_reply

ROLES = {product.key: product for product in (JIRA, JSM)}
_FORMER = "Former user"


def here(account: Account) -> bool:
    """Whether the site knows an account; those that were deleted it still lists."""
    return account.membership != "no_membership" or account.status == "closed"


def address(request: Request, rest: str) -> str:
    return f"{request.base}{HOME}/rest/api/3/{rest}"


def user_row(world: World, request: Request, account: Account) -> dict[str, Any]:
    """The short form of an account, as lists have it."""
    pictures = f"https://avatar.acme.test/{account.position}"
    row = {
        "self": address(request, f"user?accountId={quote(account.account_id)}"),
        "accountId": account.account_id,
        "accountType": account.kind,
        "avatarUrls": {size: f"{pictures}/{size[:2]}" for size in ("48x48", "24x24", "16x16", "32x32")},
        "displayName": _FORMER if account.status == "closed" else account.name,
        "active": account.works,
        "timeZone": account.time_zone,
        "locale": account.locale.replace("-", "_"),
    }
    if (email := shown_email(world, account)) is not None:
        row["emailAddress"] = email
    return row


def member_row(world: World, request: Request, account: Account) -> dict[str, Any]:
    """An account as a member of a group."""
    row = user_row(world, request, account)
    del row["locale"]
    return row


def whole_user(world: World, org: Organisation, request: Request, account: Account) -> dict[str, Any]:
    """An account, with its groups and application roles where they are asked for."""
    asked = (request.get("expand") or "").split(",")
    groups = [group_row(request, group) for group in groups_of(org, account)]
    opened = set(org.opened(account))
    roles = [role_row(org, request, p) for p in ROLES.values() if p.resource in opened]
    row = user_row(world, request, account)
    row["groups"] = {"size": len(groups), "items": groups if "groups" in asked else []}
    row["applicationRoles"] = {"size": len(roles), "items": roles if "applicationRoles" in asked else []}
    return row | {"expand": "groups,applicationRoles"}


def groups_of(org: Organisation, account: Account) -> list[Group]:
    return sorted((org.groups[key] for key in account.groups), key=lambda g: g.name)


def group_row(request: Request, group: Group) -> dict[str, Any]:
    link = address(request, f"group?groupId={group.group_id}")
    return {"name": group.name, "groupId": group.group_id, "self": link}


def group_row_whole(request: Request, group: Group) -> dict[str, Any]:
    size = len(group.members)
    users = {"size": size, "items": [], "max-results": 50, "start-index": 0, "end-index": 0}
    return group_row(request, group) | {"users": users, "expand": "users"}


def access_of(group: Group) -> set[str]:
    """Which `accessType` a group answers to."""
    held = {name for roles in group.roles.values() for name in roles}
    words = {"user"} & {"user" for name in held & ACCESS_ROLES}
    words |= {"admin"} if ADMIN in held else set()
    return words | (
        {"site-admin"} if SITE_RESOURCE in group.roles or "atlassian/org-admin" in held else set()
    )


def opening(org: Organisation, product: Product) -> list[Group]:
    """Groups that give a product as a paid seat."""
    found = (g for g in org.groups.values() if BILLED_ROLES & g.roles.get(product.resource, set()))
    return sorted(found, key=lambda g: g.name)


def defaults(org: Organisation, product: Product) -> list[Group]:
    """Groups a newcomer to the product is put into."""
    named = f"{product.key}-users" if product is JIRA else "jsm-agents"
    found: Sequence[Group] = opening(org, product)
    return [g for g in found if g.name == named and USER in g.roles[product.resource]]


def role_row(org: Organisation, request: Request, product: Product) -> dict[str, Any]:
    """An application role: which groups give the product, and how many seats there are."""
    limit, used = org.capacity[product.resource], org.billed[product.resource]
    giving, given = opening(org, product), defaults(org, product)
    people = "agents" if product is JSM else "developers"
    return {
        "key": product.key,
        "name": product.name,
        "groups": [g.name for g in giving],
        "groupDetails": [group_row(request, g) for g in giving],
        "defaultGroups": [g.name for g in given],
        "defaultGroupsDetails": [group_row(request, g) for g in given],
        "selectedByDefault": product is JIRA,
        "defined": True,
        "numberOfSeats": -1 if limit is None else limit,
        "remainingSeats": -1 if limit is None else max(0, limit - used),
        "userCount": used,
        "userCountDescription": f"{used} {people}",
        "hasUnlimitedSeats": limit is None,
        "platform": False,
    }


def account_named(org: Organisation, request: Request) -> Account:
    account_id = request.get("accountId")
    if not account_id:
        raise CloudError(400, "The query parameter 'accountId' must be provided.")
    found = org.by_id.get(account_id)
    if found is None or not here(found):
        raise CloudError(404, "Specified user does not exist or you do not have required permissions")
    return found


def paged(request: Request, path: str, rows: list[Any], usual: int, most: int) -> Reply:
    """A page with its address and that of the next one."""
    start = number(request, "startAt", 0, 10**9)
    size = number(request, "maxResults", usual, most) or usual
    others = "&".join(f"{k}={v}" for k, v in request.query if k not in ("startAt", "maxResults"))
    home = f"{address(request, path)}?{others}{'&' if others else ''}maxResults={size}&startAt="
    end = start + size
    page = {"self": f"{home}{start}", "maxResults": size, "startAt": start, "total": len(rows)}
    more = {"nextPage": f"{home}{end}"} if end < len(rows) else {}
    return json_reply(page | more | {"isLast": end >= len(rows), "values": rows[start:end]})
