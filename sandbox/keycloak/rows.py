"""The company in Keycloak's words: users with attributes, and a tree of groups."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from sandbox.company.people import ACTIVE, Group, Person
from sandbox.company.usual import department_group
from sandbox.kit.world import World

Row = dict[str, Any]
_SPACE = UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")


def user_id(number: int) -> str:
    """Return the identifier of the user for a person's number."""
    return str(uuid5(_SPACE, f"user {number}"))


def group_id(group: Group) -> str:
    """Return the identifier of a group."""
    return str(uuid5(_SPACE, f"group {group.number}"))


def user(world: World, person: Person, *, brief: bool) -> Row:
    """Return a user, in brief without attributes; treat it as frozen."""
    kept = world.cache("keycloak users").get(person.number)
    if kept is None or kept[0] != person.revision:
        kept = (person.revision, _user(world, person))
        world.cache("keycloak users")[person.number] = kept
    row: Row = kept[1]
    return {name: value for name, value in row.items() if name != "attributes"} if brief else row


def _user(world: World, person: Person) -> Row:
    nothing = person.flaw == "nulls"
    row: Row = {
        "id": user_id(person.number),
        "username": person.login,
        "firstName": None if nothing else person.given_name,
        "lastName": None if nothing else person.family_name,
        "email": person.email,
        "emailVerified": True,
        "enabled": person.state == ACTIVE,
        "createdTimestamp": int(person.created.timestamp() * 1000),
        "totp": False,
        "disableableCredentialTypes": [],
        "requiredActions": ["UPDATE_PASSWORD"] if person.snag == "password_expired" else [],
        "notBefore": 0,
        "attributes": {} if nothing else _attributes(world, person),
        "access": {"manage": False},
    }
    return {name: value for name, value in row.items() if value not in (None, "")}


def _attributes(world: World, person: Person) -> dict[str, list[str]]:
    boss = world.company.people.get(person.manager or 0)
    facts = {
        "department": person.department,
        "costCenter": person.cost_center,
        "organization": "Acme",
        "title": person.title,
        "userType": person.user_type,
        "employeeNumber": f"{person.number:06}",
        "manager": boss.login if boss else None,
        "hireDate": f"{person.hired_on:%Y-%m-%d}",
        "terminationDate": f"{person.leaves_on:%Y-%m-%d}" if person.leaves_on else None,
    }
    return {name: [value] for name, value in facts.items() if value}


def parent(world: World, group: Group) -> Group | None:
    """Return the group that a team stands below: that of its department."""
    kind, _, rest = group.name.partition("-")
    over = world.company.groups.get(department_group(rest.rpartition("-")[0]))
    return over if kind == "team" else None


def children(world: World, over: Group | None) -> list[Group]:
    """Return the groups right below one, or those at the top."""
    return [group for group in world.company.groups.values() if parent(world, group) is over]


def path(world: World, group: Group) -> str:
    """Return the path of a group; a slash in a name is escaped."""
    over = parent(world, group)
    return f"{path(world, over) if over else ''}/{group.name.replace('/', '~/')}"


def row(world: World, group: Group) -> Row:
    """Return a group; those below it are counted and not told."""
    over = parent(world, group)
    more = {"parentId": group_id(over)} if over else {}
    return {
        "id": group_id(group),
        "name": group.name,
        "path": path(world, group),
        **more,
        "subGroupCount": len(children(world, group)),
        "subGroups": [],
        "attributes": {},
        "realmRoles": [],
        "clientRoles": {},
        "access": {"view": True},
    }


def direct(world: World, group: Group) -> list[int]:
    """Return the numbers of those who are members themselves, and in no group below."""
    below = {number for inner in children(world, group) for number in inner.members}
    return sorted(set(group.members) - below)
