"""Which field of a PingOne user fills which column, and what its state is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.model.by_column import Fields, Rows
from provisioning.model.terms import State

STATE = "$state"
"""A field made of others: the state in words."""

FIELDS = {
    "source_id": "id",
    "source_state": STATE,
    "user_name": "username",
    "email": "email",
    "given_name": "name.given",
    "family_name": "name.family",
    "display_name": "name.formatted",
    "title": "title",
    "user_type": "type",
    "created_on": "createdAt",
    "last_sign_in": "lastSignOn.at",
    "department": "department",
    "cost_center": "costCenter",
    "organization": "organization",
    "employee_number": "employeeNumber",
    "manager": "manager",
    "hired_on": "hireDate",
    "leaves_on": "terminationDate",
}
"""Which field of a user fills which column; `attributes` of a connection overrides it. From the department on
they are attributes that an environment adds to its schema, under names of its own."""

STATES = {
    "enabled": State.ACTIVE,
    "verification required": State.STAGED,
    "disabled": State.SUSPENDED,
}
"""What the words mean. PingOne does not tell a leaver from someone who is barred."""


def columns(attributes: Mapping[str, str]) -> Fields:
    """Return what takes the columns out of users."""
    return Fields({**FIELDS, **attributes}, {STATE: _states})


def _states(rows: Rows) -> list[Any]:
    return [_state(row) for row in rows]


def _state(row: Mapping[str, Any]) -> str:
    if row.get("enabled") is False:
        return "disabled"
    lifecycle = row.get("lifecycle")
    if isinstance(lifecycle, dict) and lifecycle.get("status") == "VERIFICATION_REQUIRED":
        return "verification required"
    return "enabled" if row.get("enabled") is True else "without `enabled`"
