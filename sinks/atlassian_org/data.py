"""What Atlassian's words mean: which field fills which column, states, roles and the names of products."""

from __future__ import annotations

import re
from typing import NamedTuple

from provisioning.model.frames import AccountState

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
NOT_HERE = "not_invited"
"""A managed account that is in no directory is no account of the target."""

KINDS = {"atlassian": "person", "app": "app", "customer": "customer"}

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

PRODUCT_KEYS = {
    "jira": "jira-software",
    "jira-service-desk": "jira-servicedesk",
    "jira-service-management": "jira-servicedesk",
    "jsm": "jira-servicedesk",
    "jira-work-management": "jira-core",
    "jpd": "jira-product-discovery",
}
"""Older and shorter keys of products; any other key stands for itself."""

PRODUCT_LABELS = {
    "Jira Service Management": "jira-servicedesk",
    "Jira Service Desk": "jira-servicedesk",
    "Jira Product Discovery": "jira-product-discovery",
    "Jira Work Management": "jira-core",
    "Jira Administration": "jira-admin",
    "Jira Software": "jira-software",
    "Jira Core": "jira-core",
    "Jira": "jira-software",
    "Confluence Guest": "confluence-guest",
    "Confluence": "confluence",
    "Bitbucket": "bitbucket",
    "Trello": "trello",
    "Opsgenie": "opsgenie",
    "Statuspage": "statuspage",
    "Loom": "loom",
    "Assets": "assets",
    "Compass": "compass",
    "Atlas": "atlas",
    "Goals": "goals",
    "Projects": "projects",
    "Focus": "focus",
    "Guard": "guard",
    "Rovo": "rovo",
    "Feedback": "feedback",
}
"""Names of products on the admin site, the longer before the shorter that begin alike."""

FREE_PRODUCTS = frozenset(
    {"confluence-guest", "assets", "atlas", "goals", "projects", "feedback", "jira-admin"}
)
"""What an export lists beside the products that are billed by seats."""

_ARI = re.compile(r"ari:cloud:(?P<owner>[^:]+):[^:]*:(?P<kind>[^/]+)/(?P<id>.+)")


class Resource(NamedTuple):
    """One product on one site."""

    product: str
    cloud_id: str


def resource_of(identifier: str, owner: str | None = None) -> Resource:
    """Product and cloud id of a resource, given as an ARI or as a bare id with its owner."""
    found = _ARI.fullmatch(identifier)
    key = found["owner"] if found else owner or "unknown"
    return Resource(PRODUCT_KEYS.get(key, key), found["id"] if found else identifier)


def bare(group_id: str) -> str:
    """A group's id without its ARI: users name groups by ARI, the groups themselves by a bare UUID."""
    return group_id.removeprefix("ari:cloud:identity::group/")
