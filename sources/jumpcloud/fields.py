"""Which field of a JumpCloud user fills which column, and what its states mean."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from provisioning.model.by_column import Fields, Rows
from provisioning.model.terms import State

FIELDS = {
    "source_id": "_id",
    "source_state": "state",
    "user_name": "username",
    "email": "email",
    "given_name": "firstname",
    "family_name": "lastname",
    "display_name": "displayname",
    "department": "department",
    "cost_center": "costCenter",
    "organization": "company",
    "title": "jobTitle",
    "user_type": "employeeType",
    "employee_number": "employeeIdentifier",
    "manager": "manager",
    "hired_on": "attributes.hireDate",
    "leaves_on": "attributes.terminationDate",
    "created_on": "created",
}
"""Which field of a user fills which column; `attributes` of a connection overrides it. First and last working
day have no field of their own and are looked for among the user's custom attributes."""

UNTOLD = ("last_sign_in",)
STATES = {"STAGED": State.STAGED, "ACTIVATED": State.ACTIVE, "SUSPENDED": State.SUSPENDED}
OWN = "attributes."
"""How the path of a custom attribute begins."""


def columns(attributes: Mapping[str, str]) -> Fields:
    """Return what takes the columns out of users."""
    fields = {**FIELDS, **attributes}
    own = {path: partial(_own, path.removeprefix(OWN)) for path in fields.values() if path.startswith(OWN)}
    return Fields(fields, own)


def wanted_fields(attributes: Mapping[str, str]) -> str:
    """Return the fields of a user to ask for, with blanks between."""
    paths = {**FIELDS, **attributes}.values()
    return " ".join(dict.fromkeys(path.partition(".")[0] for path in paths))


def _own(name: str, rows: Rows) -> list[Any]:
    """A custom attribute: the list holds objects with name and value."""
    return [_value(row.get("attributes"), name) for row in rows]


def _value(held: Any, name: str) -> Any:
    told = [one for one in held if isinstance(one, dict)] if isinstance(held, list) else []
    return next((one.get("value") for one in told if one.get("name") == name), None)
