"""Which field of a Keycloak user fills which column, and what `enabled` means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from provisioning.model.by_column import Fields, Rows, values_of
from provisioning.model.terms import State

ENABLED, CREATED = "enabled", "createdTimestamp"
FIELDS = {
    "source_id": "id",
    "source_state": ENABLED,
    "user_name": "username",
    "email": "email",
    "given_name": "firstName",
    "family_name": "lastName",
    "display_name": "attributes.displayName",
    "department": "attributes.department",
    "cost_center": "attributes.costCenter",
    "organization": "attributes.organization",
    "title": "attributes.title",
    "user_type": "attributes.userType",
    "employee_number": "attributes.employeeNumber",
    "manager": "attributes.manager",
    "hired_on": "attributes.hireDate",
    "leaves_on": "attributes.terminationDate",
    "created_on": CREATED,
}
"""Which field of a user fills which column; `attributes` of a connection overrides it. What people are
beside their names stands in attributes, which each realm names for itself."""

UNTOLD = ("last_sign_in",)
STATES = {"enabled": State.ACTIVE, "disabled": State.SUSPENDED}
"""What the words mean. Keycloak knows no more; a realm that disables leavers says so under `states`."""
WORDS = {True: "enabled", False: "disabled"}
Make = Callable[[Rows], list[Any]]


def columns(attributes: Mapping[str, str]) -> Fields:
    """Return what takes the columns out of users."""
    fields = {**FIELDS, **attributes}
    own = {path: partial(_own, path.partition(".")[2]) for path in fields.values() if _is_own(path)}
    made: dict[str, Make] = {**own, ENABLED: _states, CREATED: _moments}
    return Fields(fields, made)


def _is_own(path: str) -> bool:
    return path.startswith("attributes.")


def _states(rows: Rows) -> list[Any]:
    return [WORDS.get(value, f"enabled is {value!r}") for value in values_of(rows, ENABLED)]


def _moments(rows: Rows) -> list[Any]:
    """Moments out of milliseconds; anything else stays, to be reported."""
    return [_moment(value) for value in values_of(rows, CREATED)]


def _moment(value: Any) -> Any:
    if type(value) is not int:
        return value
    return datetime.fromtimestamp(value / 1000, UTC).isoformat()


def _own(name: str, rows: Rows) -> list[Any]:
    """An attribute: a list of texts, of which one alone is a value."""
    held = [row.get("attributes") for row in rows]
    found = [told.get(name) if isinstance(told, dict) else None for told in held]
    return [value[0] if isinstance(value, list) and len(value) == 1 else value or None for value in found]
