"""The columns of people as SCIM resources hold them, in either version; for whoever reads such resources."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from provisioning.model.by_column import Made, Rows, values_of
from provisioning.model.terms import State
from provisioning.model.text import fold
from provisioning.model.words import boolean

Version = Literal["2.0", "1.1"]

ENTERPRISE: dict[Version, str] = {
    "2.0": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "1.1": "urn:scim:schemas:extension:enterprise:1.0",
}

RECOVERY = "recovery"
"""Type of an address that is a person's own, for a forgotten password."""
ADDRESS, MANAGER, ACTIVE = "$email", "$manager", "$active"
"""Fields made of others: the primary address, the manager's identifier, `active` in words."""

FIELDS = {
    "source_id": "id",
    "source_state": ACTIVE,
    "user_name": "userName",
    "email": ADDRESS,
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "display_name": "displayName",
    "department": "enterprise:department",
    "cost_center": "enterprise:costCenter",
    "organization": "enterprise:organization",
    "title": "title",
    "user_type": "userType",
    "employee_number": "enterprise:employeeNumber",
    "manager": MANAGER,
    "hired_on": "hireDate",
    "leaves_on": "terminationDate",
    "created_on": "meta.created",
    "last_sign_in": "lastLogin",
}
"""Which attribute fills which column. The last working day, the first and the last sign-in are not in
the standard: a connection's `attributes` says where a server keeps them."""

STATES = {"true": State.ACTIVE, "false": State.SUSPENDED}
"""What `active` means. The standard takes false for a suspension; servers that mean leavers by it say so
under `states`. A server without the attribute lists active people."""


def paths(fields: dict[str, str], version: Version) -> dict[str, str]:
    """Return field paths with the schemas of the version, their parts divided by dots."""
    return {name: _path(path, version) for name, path in fields.items()}


def full_name(path: str, version: Version) -> str:
    """Return an attribute as a filter names it, with its whole schema."""
    schema, _, attribute = path.rpartition(":")
    if schema == "enterprise":
        schema = ENTERPRISE[version]
    return f"{schema}:{attribute}" if schema else attribute


def _path(path: str, version: Version) -> str:
    schema, _, attribute = full_name(path, version).rpartition(":")
    return f"{schema}.{attribute}" if schema else attribute


def derived_fields(version: Version) -> Made:
    """Return how the fields are worked out that are made of others, for pages of users."""
    return {ADDRESS: _addresses, ACTIVE: _active_words, MANAGER: partial(_managers, ENTERPRISE[version])}


def _addresses(rows: Rows) -> list[Any]:
    # Of a single address there is nothing to choose.
    return [
        emails[0].get("value")
        if type(emails) is list
        and len(emails) == 1
        and type(emails[0]) is dict
        and emails[0].get("type") != RECOVERY
        else _address(emails)
        for emails in values_of(rows, "emails")
    ]


def _active_words(rows: Rows) -> list[str | None]:
    return ["true" if active is True else _word(active) for active in values_of(rows, "active")]


def _managers(enterprise: str, rows: Rows) -> list[Any]:
    extensions = values_of(rows, enterprise)
    return [_manager(part.get("manager")) if type(part) is dict else None for part in extensions]


def is_true(value: Any) -> bool:
    """Return a boolean, also where a server writes it as text."""
    return boolean(value) is True


def _word(value: Any) -> str | None:
    """Return what stands for `active` as true or false where it is a word for one, else as it stands."""
    if value is None:
        return None
    said = boolean(value)
    return str(value).strip().casefold() if said is None else str(said).lower()


def _address(emails: Any) -> str | None:
    """The primary address, else that of work, else the first; never one to recover an account by.

    Of several primary ones none is chosen: together they are no address, and so they are reported.
    """
    if type(emails) is not list:
        return emails if isinstance(emails, str) else None
    work, first = None, None
    primary: dict[str, str] = {}
    for email in emails:
        parts = email if isinstance(email, dict) else {"value": email}
        value = parts.get("value")
        if parts.get("type") == RECOVERY:
            continue
        if value and is_true(parts.get("primary")):
            primary.setdefault(fold(str(value)), str(value))
        first = first or value
        work = work or (value if parts.get("type") == "work" else None)
    return " / ".join(primary.values()) or work or first or None


def _manager(manager: Any) -> Any:
    """The manager's identifier: SCIM 2.0 and 1.1 name it differently, and some send the bare text."""
    if isinstance(manager, dict):
        return manager.get("value") or manager.get("managerId") or manager.get("displayName")
    return manager
