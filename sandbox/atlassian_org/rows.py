"""How an account or a group reads in each API; rows are kept serialised until they change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson

from sandbox.kit.cloud_model import (
    BILLED_ROLES,
    DIRECTORY_ID,
    HOST,
    ORG_RESOURCE,
    PLATFORM_ROLES,
    PRODUCTS,
    SITE_RESOURCE,
    Account,
    Group,
    fine_stamp,
    stamp,
)
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.world import World

EXPAND = ("platformRoles", "counts.resources", "productAccess", "groups")


def avatar(account: Account) -> str:
    return f"https://avatars.atlassian.test/{account.account_id.replace(':', '-')}"


def user(
    org: Organisation, account: Account, expand: Collection[str], *, history: bool = False
) -> dict[str, Any]:
    """A row of the search; group ids are ARIs here, unlike in the Groups API."""
    row: dict[str, Any] = {
        "accountId": account.account_id,
        "accountType": account.kind,
        "accountStatus": account.status,
        "membershipStatus": account.membership,
        "status": account.composite,
        "claimStatus": "managed" if account.managed else "unmanaged",
        "name": account.name,
        "nickname": account.nickname,
        "email": account.email,
        "emailVerified": account.verified,
        "mfaEnabled": account.mfa,
        "managementSource": account.source,
        "addedToOrg": stamp(account.added_on),
        "avatar": avatar(account),
        "picture": avatar(account),
        "timeZone": account.time_zone,
        "links": {"self": account.account_id[-12:]},
    }
    known = {
        "jobTitle": account.job_title,
        "department": account.department,
        "organization": account.organization,
        "location": account.location,
    }
    row |= {name: value for name, value in known.items() if value}
    return row | _expanded(org, account, expand, history=history)


def _expanded(
    org: Organisation, account: Account, expand: Collection[str], *, history: bool
) -> dict[str, Any]:
    more: dict[str, Any] = {}
    if "platformRoles" in expand:
        more["platformRoles"] = org.platform_roles(account)
    if "counts.resources" in expand:
        more["counts"] = {"resources": len(org.opened(account))}
    if "productAccess" in expand:
        more["productAccess"] = product_access(org, account, history=history)
    if "groups" in expand:
        held = sorted((org.groups[g] for g in account.groups), key=lambda group: group.name)
        more["groups"] = [{"id": g.ari, "name": g.name, "description": g.description or None} for g in held]
    return more


def product_access(org: Organisation, account: Account, *, history: bool = False) -> list[dict[str, Any]]:
    """Products the roles open; one that was never used has no time. With `history` also former ones."""
    used = org.used(account)
    opened = org.opened(account)
    resources = [r for r in PRODUCTS if r in opened or (history and r in used)]
    rows: list[dict[str, Any]] = [{"id": r, "key": PRODUCTS[r].key} for r in resources]
    for row in rows:
        if at := used.get(row["id"]):
            row["lastActiveTimestamp"] = fine_stamp(at, account.position + 1)
    return rows


def user_bytes(world: World, org: Organisation, account: Account, expand: frozenset[str]) -> bytes:
    """A serialised row of the search, made anew only when the account or the day changed."""
    cache, day = world.cache("atlassian"), org.company.day
    held = cache.get((account.position, expand))
    if held and held[:2] == (account.revision, day):
        row: bytes = held[2]
        return row
    row = orjson.dumps(user(org, account, expand, history=bool(world.options.get("atlassian_history"))))
    cache[account.position, expand] = (account.revision, day, row)
    return row


def details(org: Organisation, account: Account) -> dict[str, Any]:
    """An account by itself; groups and use are not told here."""
    row = user(org, account, ("platformRoles", "counts.resources"))
    del row["links"]
    return row | ({"deactivatedOn": stamp(account.deactivated_on)} if account.deactivated_on else {})


def group_row(group: Group, expand: Collection[str]) -> dict[str, Any]:
    """A group; its id is a bare UUID."""
    counts = {}
    if "counts.users" in expand:
        counts["users"] = len(group.members)
    if "counts.resources" in expand:
        counts["resources"] = len(group.roles)
    own = not group.synced
    return {
        "id": group.group_id,
        "name": group.name,
        "description": group.description,
        "directoryId": DIRECTORY_ID,
        "externalSynced": group.synced,
        "managedBy": "external" if group.synced else "admins",
        "managementAccess": {"deletable": own and group.deletable, "modifiable": own, "readable": True},
        "links": {"self": group.group_id[-12:]},
    } | ({"counts": counts} if counts else {})


def group_roles(group: Group) -> list[dict[str, Any]]:
    """What a group opens: one row per resource."""
    return [
        {
            "resourceId": resource,
            "resourceOwner": _owner(resource),
            "roles": sorted(names),
            "defaultRole": _default(names),
        }
        for resource, names in sorted(group.roles.items())
        if names
    ]


def account_roles(org: Organisation, account: Account) -> list[dict[str, Any]]:
    """What an account holds and through what; platform roles are in no directory."""
    rows = []
    for resource, held in sorted(org.roles(account).items()):
        if not held:
            continue
        platform = resource == ORG_RESOURCE
        ways = [{"role": role, "roleAssignmentMethods": sorted(how)} for role, how in sorted(held.items())]
        rows.append(
            {
                "resourceId": resource,
                "resourceOwner": _owner(resource),
                "directoryId": None if platform else DIRECTORY_ID,
                "roleAssignments": ways,
                "roles": sorted(held),
            }
            | ({} if platform else {"userDirectoryStatus": account.membership})
        )
    return rows


def _owner(resource: str) -> str:
    return "platform" if resource in (ORG_RESOURCE, SITE_RESOURCE) else PRODUCTS[resource].key


def _default(names: Collection[str]) -> str | None:
    """The role new members get: the one that opens the app, of a group that is its default."""
    ranked = [role for role in sorted(names) if role in BILLED_ROLES]
    return ranked[0] if ranked and not set(names) & set(PLATFORM_ROLES) else None


def managed(org: Organisation, account: Account, base: str) -> dict[str, Any]:
    """A row of the managed accounts, in the older API's words."""
    used = org.used(account)
    access = []
    for resource in org.opened(account):
        product = PRODUCTS[resource]
        row = {"key": product.old_key, "name": product.name, "url": HOST}
        access.append(row | ({"last_active": stamp(used[resource])} if resource in used else {}))
    return {
        "account_id": account.account_id,
        "account_type": account.kind,
        "account_status": account.status,
        "name": account.name,
        "picture": avatar(account),
        "email": account.email,
        "access_billable": account.works and bool(access),
        "product_access": access,
        "links": {"self": f"{base}/users/{account.account_id}/manage/profile"},
    } | ({"last_active": stamp(max(used.values()))} if used else {})


def last_active(org: Organisation, account: Account) -> dict[str, Any]:
    """When an account was last active in each product it ever used."""
    return {
        "product_access": [
            {
                "id": resource,
                "key": PRODUCTS[resource].old_key,
                "last_active": at.strftime("%Y-%m-%d"),
                "last_active_timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            for resource, at in org.used(account).items()
        ],
        "added_to_org": account.added_on.strftime("%Y-%m-%d"),
        "added_to_org_timestamp": account.added_on.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
