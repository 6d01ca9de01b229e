"""Which field of a OneLogin user fills which column, and what its numbers for a state mean."""

from __future__ import annotations

from provisioning.model.terms import State

FIELDS = {
    "source_id": "id",
    "user_name": "username",
    "email": "email",
    "given_name": "firstname",
    "family_name": "lastname",
    "display_name": "custom_attributes.display_name",
    "department": "department",
    "cost_center": "custom_attributes.cost_center",
    "organization": "company",
    "title": "title",
    "user_type": "custom_attributes.user_type",
    "employee_number": "custom_attributes.employee_number",
    "manager": "manager_user_id",
    "hired_on": "custom_attributes.hire_date",
    "leaves_on": "custom_attributes.termination_date",
    "created_on": "created_at",
    "last_sign_in": "last_login",
}
"""Which field of a user fills which column; `attributes` of a connection overrides it."""

STATE_WORDS = {0: "unapproved", 1: "approved", 2: "rejected", 3: "unlicensed"}
"""OneLogin's `state`: whether the user belongs to the account."""

STATUS_WORDS = {
    0: "unactivated",
    1: "active",
    2: "suspended",
    3: "locked",
    4: "password expired",
    5: "awaiting password reset",
    7: "password pending",
    8: "security questions required",
}
"""OneLogin's `status`: whether the user can sign in."""

STATES = {
    "unapproved": State.STAGED,
    "rejected": State.DEPARTED,
    "unlicensed": State.SUSPENDED,
    "unlicensed suspended": State.DEPARTED,
    "unactivated": State.STAGED,
    "active": State.ACTIVE,
    "suspended": State.SUSPENDED,
    "locked": State.ACTIVE,
    "password expired": State.ACTIVE,
    "awaiting password reset": State.ACTIVE,
    "password pending": State.ACTIVE,
    "security questions required": State.ACTIVE,
}
"""What the words mean. Both words together come first, then the state's own, then the status's own."""
