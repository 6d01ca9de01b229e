"""Which field of a Google user fills which column, and what the state of one is called.

A path names a field (`name.givenName`), of a list the entry of a type (`externalIds.login_id`,
`relations.manager`, `emails.work`), a field of the primary organisation (`organizations.department`), or a
custom attribute (`customSchemas.Employment.start`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from provisioning.model.attributes import NEVER
from provisioning.model.by_column import Fields, Rows, values_of
from provisioning.model.terms import State

STATE, SIGN_IN, NO_SIGN_IN = "$state", "lastLoginTime", "$no sign-in"
"""Fields made of others: the state in words, the last sign-in without the moment that stands for none, and
whether it is that moment."""

FIELDS = {
    "source_id": "id",
    "source_state": STATE,
    "user_name": "primaryEmail",
    "email": "primaryEmail",
    "given_name": "name.givenName",
    "family_name": "name.familyName",
    "display_name": "name.fullName",
    "department": "organizations.department",
    "cost_center": "organizations.costCenter",
    "organization": "organizations.name",
    "title": "organizations.title",
    "user_type": "organizations.description",
    "employee_number": "externalIds.organization",
    "manager": "relations.manager",
    "created_on": "creationTime",
    "last_sign_in": SIGN_IN,
}
"""Which field of a user fills which column; `attributes` of a connection overrides it."""

UNTOLD = ("hired_on", "leaves_on")
"""Columns that Google has no field for; a custom attribute may."""

STATES = {
    "active": State.ACTIVE,
    "suspended": State.SUSPENDED,
    "archived": State.DEPARTED,
    "deleted": State.DEPARTED,
}
"""What the words mean. Archived is what Google sells for those who left: their data stay, and they cannot
sign in."""

TYPED = {
    "emails": "address",
    "externalIds": "value",
    "ims": "im",
    "locations": "buildingId",
    "phones": "value",
    "relations": "value",
    "websites": "value",
}
"""Lists whose entries have a type, and which field of an entry is its value."""
EPOCH = "1970-01-01T"
"""How the last sign-in of someone begins who never signed in."""
UNSTATED = "without `suspended`"
Make = Callable[[Rows], list[Any]]


def columns(attributes: Mapping[str, str], *, deleted: bool = False) -> Fields:
    """Return what takes the columns out of users.

    Args:
        attributes: column to path, where the connection's differ.
        deleted: whether the users are those of the listing of deleted ones.
    """
    fields = {**FIELDS, **attributes}
    if fields["last_sign_in"] == SIGN_IN:
        fields[NEVER] = NO_SIGN_IN
    made = {path: make for path in fields.values() if (make := _derive(path))}
    state: Make = (lambda rows: ["deleted"] * len(rows)) if deleted else _states
    return Fields(fields, {**made, STATE: state, NO_SIGN_IN: _never})


def wanted_fields(attributes: Mapping[str, str]) -> list[str]:
    """Return the top-level fields of a user to ask for."""
    fields = {**FIELDS, **attributes}
    asked = [path.partition(".")[0] for path in fields.values() if path != STATE]
    return [*dict.fromkeys([*asked, "suspended", "archived"])]


def custom_schemas(attributes: Mapping[str, str]) -> list[str]:
    """Return the names of the custom schemas that attributes stand in."""
    parts = [path.split(".") for path in attributes.values()]
    return sorted({names[1] for names in parts if names[0] == "customSchemas" and len(names) == 3})


def _derive(path: str) -> Make | None:
    """Return how a path is read that is not plainly a field."""
    if path == SIGN_IN:
        return _sign_ins
    first, _, rest = path.partition(".")
    if first == "organizations":
        return partial(_of_organization, rest)
    if first == "customSchemas":
        return partial(_custom, *rest.partition(".")[::2])
    return partial(_of_type, first, rest) if first in TYPED and rest else None


def _states(rows: Rows) -> list[Any]:
    pairs = zip(values_of(rows, "archived"), values_of(rows, "suspended"), strict=True)
    return ["archived" if archived is True else _STANDING.get(barred, UNSTATED) for archived, barred in pairs]


_STANDING = {True: "suspended", False: "active"}


def _sign_ins(rows: Rows) -> list[Any]:
    return [None if str(at).startswith(EPOCH) else at for at in values_of(rows, SIGN_IN)]


def _never(rows: Rows) -> list[bool | None]:
    """Who is told by the moment that stands for none; whoever has no moment at all is unknown."""
    return [str(at).startswith(EPOCH) or None for at in values_of(rows, SIGN_IN)]


def _of_type(field: str, wanted: str, rows: Rows) -> list[Any]:
    """The value of the entry of a type; of addresses the primary one where none is of it."""
    return [_value(value, wanted, TYPED[field], field == "emails") for value in values_of(rows, field)]


def _value(entries: Any, wanted: str, key: str, or_primary: bool) -> Any:
    told = _entries(entries)
    found = [entry.get(key) for entry in told if wanted in (entry.get("type"), entry.get("customType"))]
    if not found and or_primary:
        found = [entry.get(key) for entry in told if entry.get("primary") is True]
    return found[0] if found else None


def _of_organization(field: str, rows: Rows) -> list[Any]:
    """A field of the primary organisation, else of the first."""
    return [_primary(told).get(field) for told in values_of(rows, "organizations")]


def _primary(organizations: Any) -> dict[str, Any]:
    # Most people are in one, and five columns ask for it.
    if type(organizations) is list and len(organizations) == 1 and type(organizations[0]) is dict:
        return organizations[0]
    told = _entries(organizations)
    return next((entry for entry in told if entry.get("primary") is True), told[0] if told else {})


def _entries(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _custom(schema: str, field: str, rows: Rows) -> list[Any]:
    schemas = [row.get("customSchemas") or {} for row in rows]
    return [(held.get(schema) or {}).get(field) for held in schemas]
