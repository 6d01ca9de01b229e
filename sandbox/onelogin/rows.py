"""The company in OneLogin's words: users with integers for state and status, roles, groups."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.company.people import ACTIVE, DEPARTED, STAGED, SUSPENDED, Group, Person
from sandbox.company.usual import department_group
from sandbox.kit.world import World

# State (0 unapproved, 1 approved, 2 rejected, 3 unlicensed) and status.
STANDING = {STAGED: (1, 0), ACTIVE: (1, 1), SUSPENDED: (1, 2), DEPARTED: (3, 2)}
SNAGS = {"locked_out": 3, "password_expired": 4, "recovery": 5, "provisioned": 7}
# Not among the documented numbers.
ODD_STATUS = 6
USERS, ROLES, GROUPS = 32_000_000, 410_000, 550_000
# What a listing tells only of users for whom it is asked.
ON_DEMAND = ("role_ids", "custom_attributes")


def user_id(number: int) -> int:
    """Return the identifier of the user for a person's number."""
    return USERS + number


def role_id(group: Group) -> int:
    """Return the identifier of the role that stands for a group."""
    return ROLES + group.number


def group_id(group: Group) -> int:
    """Return the identifier of the OneLogin group (a user has one) that stands for a group."""
    return GROUPS + group.number


def stamp(at: datetime | None) -> str | None:
    """Return a time the way OneLogin writes it, to the millisecond."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z" if at else None


def user(world: World, person: Person) -> dict[str, Any]:
    """Return everything but the role identifiers of a user, made once for every revision."""
    kept = world.cache("onelogin users").get(person.number)
    if kept is None or kept[0] != person.revision:
        kept = (person.revision, _user(world, person))
        world.cache("onelogin users")[person.number] = kept
    row: dict[str, Any] = kept[1]
    return row


def role_ids(world: World, person: Person) -> list[int]:
    """Return the identifiers of a user's roles, ascending."""
    return sorted(role_id(world.company.groups[name]) for name in person.groups)


def _user(world: World, person: Person) -> dict[str, Any]:
    state, status = STANDING[person.state]
    if person.state == ACTIVE and person.snag:
        status = SNAGS[person.snag]
    own = world.company.groups.get(department_group(person.department))
    nothing = person.flaw == "nulls"
    return {
        "id": user_id(person.number),
        "username": person.login,
        "email": person.email,
        "firstname": None if nothing else person.given_name,
        "lastname": None if nothing else person.family_name,
        "title": person.title,
        "department": None if nothing else person.department,
        "company": "Acme",
        "comment": None,
        "group_id": group_id(own) if own else None,
        "phone": person.mobile,
        "state": state,
        "status": ODD_STATUS if person.flaw == "activating" else status,
        "directory_id": None,
        "trusted_idp_id": None,
        "manager_ad_id": None,
        "manager_user_id": str(user_id(person.manager)) if person.manager else None,
        "samaccountname": None,
        "member_of": None,
        "userprincipalname": None,
        "distinguished_name": None,
        "external_id": None,
        "activated_at": stamp(person.activated),
        "last_login": stamp(person.last_sign_in),
        "invitation_sent_at": stamp(person.created),
        "updated_at": stamp(person.updated),
        "preferred_locale_code": None,
        "created_at": stamp(person.created),
        "invalid_login_attempts": 0,
        "locked_until": None,
        "password_changed_at": stamp(person.activated),
        "custom_attributes": _custom(person),
    }


def _custom(person: Person) -> dict[str, Any]:
    return {
        "cost_center": person.cost_center,
        "user_type": person.user_type,
        "employee_number": person.number if person.flaw == "integer_number" else f"{person.number:06}",
        "hire_date": f"{person.hired_on:%Y-%m-%d}",
        "termination_date": f"{person.leaves_on:%Y-%m-%d}" if person.leaves_on else None,
    }


def role(group: Group, fields: set[str]) -> dict[str, Any]:
    """Return a role; members, applications and administrators only when asked for."""
    row: dict[str, Any] = {"id": role_id(group), "name": group.name}
    if "users" in fields:
        row["users"] = [user_id(number) for number in sorted(group.members)]
    return row | {name: [] for name in ("apps", "admins") if name in fields}


def member(person: Person) -> dict[str, Any]:
    """Return a user the way the members of one role are listed."""
    return {
        "id": user_id(person.number),
        "name": person.display_name,
        "username": person.login,
        "added_by": None,
        "added_at": stamp(person.created),
        "assigned": True,
    }
