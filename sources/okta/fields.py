"""Which field of an Okta user fills which column, and what Okta's status words mean."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.model.attributes import NEVER
from provisioning.model.by_column import Fields, Rows, values_of
from provisioning.model.terms import State

SIGN_IN, NO_SIGN_IN = "lastLogin", "$no sign-in"
"""The last sign-in, and a field made of it: whether it is null, by which Okta says that there was none."""

FIELDS = {
    "source_id": "id",
    "source_state": "status",
    "created_on": "created",
    "last_sign_in": SIGN_IN,
    "user_name": "profile.login",
    "email": "profile.email",
    "given_name": "profile.firstName",
    "family_name": "profile.lastName",
    "display_name": "profile.displayName",
    "department": "profile.department",
    "cost_center": "profile.costCenter",
    "organization": "profile.organization",
    "title": "profile.title",
    "user_type": "profile.userType",
    "employee_number": "profile.employeeNumber",
    "manager": "profile.manager",
    "hired_on": "profile.hireDate",
    "leaves_on": "profile.terminationDate",
}
"""Which field of a user fills which column; `attributes` of a connection overrides it."""

STATES = {
    "STAGED": State.STAGED,
    "ACTIVATING": State.STAGED,
    "PROVISIONED": State.ACTIVE,
    "ACTIVE": State.ACTIVE,
    "RECOVERY": State.ACTIVE,
    "PASSWORD_EXPIRED": State.ACTIVE,
    "LOCKED_OUT": State.ACTIVE,
    "SUSPENDED": State.SUSPENDED,
    "DEPROVISIONED": State.DEPARTED,
}
"""Okta's words for a user's status; the set is open, an unknown word is reported."""

USED = frozenset(word for word, state in STATES.items() if state is State.ACTIVE)
"""What Okta calls users who can sign in; of the others null may also mean that they no longer can."""


def columns(attributes: Mapping[str, str]) -> Fields:
    """Return what takes the columns out of users.

    Args:
        attributes: column to profile attribute, where the connection's differ.
    """
    own = {name: f"profile.{path}" for name, path in attributes.items()}
    told = {} if "last_sign_in" in attributes else {NEVER: NO_SIGN_IN}
    return Fields(FIELDS | own | told, {NO_SIGN_IN: _never})


def _never(rows: Rows) -> list[bool | None]:
    words = values_of(rows, "status")
    return [
        (word in USED and row.get(SIGN_IN, "") is None) or None for word, row in zip(words, rows, strict=True)
    ]
