"""Which field of an Okta user fills which column, and what Okta's status words mean."""

from __future__ import annotations

from provisioning.model.terms import State

FIELDS = {
    "source_id": "id",
    "source_state": "status",
    "created_on": "created",
    "last_sign_in": "lastLogin",
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
