"""What an organisation's words mean: which field fills which column, states, roles and resources."""

from __future__ import annotations

import re
from typing import NamedTuple

from provisioning.model.terms import AccountState
from sinks.kit.products import PRODUCT_KEYS

ACCOUNT_FIELDS = {
    "account_id": "accountId",
    "user_name": "email",
    "email": "email",
    "display_name": "name",
    "title": "jobTitle",
    "department": "department",
    "organization": "organization",
    "added_on": "addedToOrg",
}
"""Which field of a user of the organisation fills which column."""

SIDE_FIELDS = {
    "status": "status",
    "kind": "accountType",
    "claim": "claimStatus",
    "groups": "groups",
    "roles": "platformRoles",
    "access": "productAccess",
    "resources": "counts.resources",
}
"""What else is kept of a user until its columns are made."""

STATES = {
    "active": AccountState.ACTIVE,
    "suspended": AccountState.SUSPENDED,
    "deactivated": AccountState.DEACTIVATED,
    "for_deletion": AccountState.DELETED,
}
NOT_INVITED = "not_invited"
"""A managed account that is in no directory is no account of the target."""

FREE_ROLES = frozenset(
    f"atlassian/{role}" for role in ("guest", "customer", "contributor", "basic", "stakeholder", "viewer")
)
"""Roles that open a product and are not billed."""
NO_ACCESS_ROLES = frozenset(
    f"atlassian/{role}" for role in ("org-admin", "site-admin", "user-access-admin", "ai-access")
)
"""Roles that open no product."""
ADMIN_ROLES = frozenset(
    f"atlassian/{role}" for role in ("admin", "org-admin", "site-admin", "user-access-admin")
)
PLATFORM = "platform"
"""Owner of the roles of a whole site or organisation."""

_ARI = re.compile(r"ari:cloud:(?P<owner>[^:]+):[^:]*:(?P<kind>[^/]+)/(?P<id>.+)")


class Resource(NamedTuple):
    """One product on one site."""

    product: str
    cloud_id: str


def resource_of(identifier: str, owner: str | None = None) -> Resource:
    """Return product and cloud id of a resource, given as an ARI or as a bare id with its owner."""
    ari = _ARI.fullmatch(identifier)
    key = ari["owner"] if ari else owner or "unknown"
    return Resource(PRODUCT_KEYS.get(key, key), ari["id"] if ari else identifier)


def bare(group_id: str) -> str:
    """Return a group's id without its ARI: users name groups by ARI, the groups themselves by a bare UUID."""
    return group_id.removeprefix("ari:cloud:identity::group/")
