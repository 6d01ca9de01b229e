"""Users and groups of a provisioning directory as frames, and changes as SCIM bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from provisioning.model.by_column import Fields
from provisioning.model.frames import Accounts
from provisioning.model.intake import screened
from provisioning.model.screening import Screened
from provisioning.model.terms import AccountState
from provisioning.model.text import matches
from sinks.atlassian_scim.directory import ATLASSIAN, ENTERPRISE
from sinks.kit.frames import GROUP, Entitlement, build_entitlements
from transport.shape import Row

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
FIELDS = Fields(
    {
        "account_id": "id",
        "user_name": "userName",
        "display_name": "displayName",
        "given_name": "name.givenName",
        "family_name": "name.familyName",
        "title": "title",
        "department": "department",
        "organization": "organization",
        "external_id": "externalId",
        "added_on": "meta.created",
        "active": "active",
        "emails": "emails",
        "linked": f"{ATLASSIAN}.atlassianAccountId",
        "department_too": f"{ENTERPRISE}.department",
        "organization_too": f"{ENTERPRISE}.organization",
    }
)
"""Which attribute of a user fills which column."""
EXTENDED = ("department", "organization")
"""Columns that stand in the enterprise extension; a server may show them beside it too."""
SIDE = ("active", "emails", "linked", "department_too", "organization_too")
PATHS = {
    "user_name": "userName",
    "display_name": "displayName",
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "title": "title",
    "department": f"{ENTERPRISE}:department",
    "organization": f"{ENTERPRISE}:organization",
}
"""Path of the attribute that an account's column is written to; one wrong path refuses a whole PATCH."""
DEFAULT_GROUPS = (
    "administrators", "system-administrators", "site-admins", "org-admins", "trusted-users*",
    "jira-administrators*", "confluence-administrators*", "jira-users*", "confluence-users*",
    "jira-core-users*", "jira-software-users*", "jira-product-discovery-users*", "jira-servicedesk-users*",
    "jira-servicemanagement-users*", "jira-servicemanagement-customers*", "jsm-agents", "*-admins-*",
    "confluence-guests*", "atlassian-addons-admin",
)  # fmt: skip
"""Names that Atlassian's own groups bear; a synced group so named is accepted and never synced."""


def build_accounts(target: str, columns: Mapping[str, list[Any]], *, directory: str) -> Screened:
    """Build Accounts of a batch of users; an active one who has no Atlassian account yet is invited."""
    raw: dict[str, Any] = {name: columns[name] for name in columns if name not in SIDE}
    for name in EXTENDED:
        pairs = zip(columns[name], columns[f"{name}_too"], strict=True)
        raw[name] = [plain or extended for plain, extended in pairs]
    pairs = zip(columns["active"], columns["linked"], strict=True)
    raw |= {
        "target": target,
        "email": [address_of(emails) for emails in columns["emails"]],
        "state": [state_of(active, linked).value for active, linked in pairs],
        "kind": "person",
        "directory": directory,
        "managed": pd.array([None] * len(columns["account_id"]), dtype="boolean"),
        "caller": False,
    }
    return screened(Accounts, raw, origin=target, key="account_id")


def address_of(emails: Sequence[Row] | None) -> str | None:
    """Return the primary address, else the first."""
    listed = [row for row in emails or () if row.get("value")]
    primary = [row for row in listed if row.get("primary")]
    return next((str(row["value"]) for row in primary or listed), None)


def state_of(active: bool | None, linked: str | None) -> AccountState:
    """Return the state of a user: only `active: false` is inactive."""
    if active is False:
        return AccountState.DEACTIVATED
    return AccountState.ACTIVE if linked else AccountState.INVITED


def build_groups(target: str, names: Mapping[str, str], is_default: Callable[[str], bool]) -> Screened:
    """Build Entitlements of all groups; the directory does not tell what they open.

    Args:
        target: connection.
        names: names of the groups by identifier.
        is_default: whether a name is one of Atlassian's own.
    """
    groups = [Entitlement(GROUP, key, name, modifiable=not is_default(name)) for key, name in names.items()]
    return build_entitlements(target, groups)


def defaults(more: Sequence[str]) -> Callable[[str], bool]:
    """Return what tells whether a group's name is one of Atlassian's own, or one of `more`."""
    globs = (*DEFAULT_GROUPS, *more)
    return lambda name: matches(name, globs)


def new_group(name: str) -> Row:
    """The body that makes a group without members."""
    return {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name}


def new_user(after: Mapping[str, Any], subject: str, external_id: str | None) -> Row:
    """The body that makes a user.

    Args:
        after: the account's columns that the plan wants.
        subject: address that stands in where the plan tells none.
        external_id: identifier of the identity at its IdP.
    """
    email = after.get("email") or subject
    body: Row = {
        "schemas": [USER, ENTERPRISE],
        "userName": after.get("user_name") or email,
        "emails": _emails(email),
        "active": True,
    }
    if external_id:
        body["externalId"] = external_id
    for name, path in PATHS.items():
        parent, _, field = path.rpartition(".")
        if after.get(name) and name not in ("user_name", *EXTENDED):
            (body.setdefault(parent, {}) if parent else body)[field] = after[name]
    extension = {name: after[name] for name in EXTENDED if after.get(name)}
    return body | ({ENTERPRISE: extension} if extension else {})


def patch(operations: Sequence[Row]) -> Row:
    """The body of a PATCH."""
    return {"schemas": [PATCH], "Operations": list(operations)}


def set_fields(after: Mapping[str, Any]) -> list[Row]:
    """Operations that bring a user to what a change wants; what is wanted empty is removed."""
    paths = {PATHS[name]: value for name, value in after.items()}
    return [
        {"op": "remove", "path": path} if value is None else _replace(path, value)
        for path, value in paths.items()
    ]


def set_email(email: str) -> list[Row]:
    """Operations that give a user another address."""
    return [_replace("emails", _emails(email))]


def set_active(active: bool) -> list[Row]:
    """Operations that end or resume a user's access; the record stays."""
    return [_replace("active", active)]


def set_members(scim_ids: Sequence[str], *, assigned: bool) -> list[Row]:
    """Operations that add members to a group, or take them out."""
    if assigned:
        return [{"op": "add", "path": "members", "value": [{"value": key} for key in scim_ids]}]
    return [{"op": "remove", "path": f'members[value eq "{key}"]'} for key in scim_ids]


def _replace(path: str, value: Any) -> Row:
    return {"op": "replace", "path": path, "value": value}


def _emails(email: str) -> list[Row]:
    return [{"value": email, "type": "work", "primary": True}]
