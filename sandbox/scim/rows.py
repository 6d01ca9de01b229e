"""The company as SCIM resources: users and groups in either version."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from sandbox.company.people import ACTIVE, Group, Person
from sandbox.kit.ids import number_of, opaque
from sandbox.kit.world import World
from sandbox.scim.dialect import Dialect

Resource = dict[str, Any]
_LENGTH = 22


@dataclass
class Store:
    """What SCIM clients wrote and the company has no place for.

    Attributes:
        users: By number of the person, attributes kept as they were sent.
        groups: The same by number of the group.
        children: By number of the group, the numbers of the groups that are its members.
    """

    users: dict[int, Resource] = field(default_factory=dict)
    groups: dict[int, Resource] = field(default_factory=dict)
    children: dict[int, list[int]] = field(default_factory=dict)


def store(world: World) -> Store:
    """Return what was written, shared by both versions."""
    held: Store = world.hold("scim", lambda _company: Store())
    return held


def user_id(number: int) -> str:
    """Return the identifier of the user for a person's number."""
    return opaque("us", number, _LENGTH)


def group_id(number: int) -> str:
    """Return the identifier of the group of that number."""
    return opaque("gr", number, _LENGTH)


def user_number(identifier: str) -> int | None:
    """Return the number of a person, None when the identifier is no user's."""
    return number_of("us", identifier, _LENGTH)


def group_number(identifier: str) -> int | None:
    """Return the number of a group, None when the identifier is no group's."""
    return number_of("gr", identifier, _LENGTH)


def stamp(at: datetime | None) -> str | None:
    """Return a time as SCIM writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}Z" if at else None


def version(revision: int) -> str:
    """Return the ETag of a revision."""
    return f'W/"{revision}"'


def user(world: World, dialect: Dialect, person: Person) -> Resource:
    """Return a User, made once for every revision; treat it as frozen."""
    return _kept(world, dialect, person)[1]


def user_bytes(world: World, dialect: Dialect, person: Person) -> bytes:
    """Return a serialised User."""
    return _kept(world, dialect, person)[2]


def _kept(world: World, dialect: Dialect, person: Person) -> tuple[Any, Resource, bytes]:
    text = bool(world.options.get("scim_text_booleans"))
    cache, key = world.cache(f"{dialect.name} users"), (person.revision, text)
    kept = cache.get(person.number)
    if kept is None or kept[0] != key:
        row = _user(world, dialect, person)
        row = _in_words(row) if text else row
        kept = cache[person.number] = (key, row, orjson.dumps(row))
    found: tuple[Any, Resource, bytes] = kept
    return found


def _user(world: World, dialect: Dialect, person: Person) -> Resource:
    extra = store(world).users.get(person.number, {})
    extensions = {dialect.enterprise: _enterprise(world, dialect, person), dialect.hr: _hr(person)}
    nothing = person.flaw == "nulls"
    row = {
        "schemas": [dialect.user, *extensions],
        "id": user_id(person.number),
        "userName": person.login,
        "name": None if nothing else _name(person),
        "displayName": person.display_name,
        "title": person.title,
        "userType": person.user_type,
        "active": person.state == ACTIVE,
        "emails": _emails(person),
        "phoneNumbers": [{"value": person.mobile, "type": "mobile"}] if person.mobile else None,
        "timezone": person.timezone,
        **{name: value for name, value in extra.items() if name != "enterprise"},
        **extensions,
        "meta": {
            "resourceType": "User",
            "created": stamp(person.created),
            "lastModified": stamp(person.updated),
            "version": version(person.revision),
            "location": f"{world.base}{dialect.prefix}/Users/{user_id(person.number)}",
        },
    }
    if dialect.old:
        del row["meta"]["resourceType"]
    return {name: value for name, value in row.items() if value not in (None, "")}


def _name(person: Person) -> Resource:
    parts = {"givenName": person.given_name, "familyName": person.family_name}
    return {"formatted": person.display_name, **{name: text for name, text in parts.items() if text}}


def _emails(person: Person) -> list[Resource]:
    emails: list[Resource] = [{"value": person.email, "type": "work", "primary": True}]
    if person.personal_email:
        emails.insert(0, {"value": person.personal_email, "type": "home", "primary": False})
    return emails


def _enterprise(world: World, dialect: Dialect, person: Person) -> Resource:
    number = person.number if person.flaw == "integer_number" else f"{person.number:06}"
    facts: Resource = {
        "employeeNumber": number,
        "costCenter": person.cost_center,
        "organization": "Acme",
        "department": None if person.flaw == "nulls" else person.department,
        **store(world).users.get(person.number, {}).get("enterprise", {}),
    }
    if boss := world.company.people.get(person.manager or 0):
        facts["manager"] = {"managerId" if dialect.old else "value": user_id(boss.number)}
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _hr(person: Person) -> Resource:
    facts = {
        "hireDate": f"{person.hired_on:%Y-%m-%d}",
        "terminationDate": f"{person.leaves_on:%Y-%m-%d}" if person.leaves_on else None,
        "lastLogin": stamp(person.last_sign_in),
    }
    return {name: value for name, value in facts.items() if value is not None}


def _in_words(value: Any) -> Any:
    """Write booleans as text, the way some servers do."""
    if isinstance(value, dict):
        return {name: _in_words(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_in_words(item) for item in value]
    return str(value) if isinstance(value, bool) else value


def group(world: World, dialect: Dialect, group: Group, *, members: bool = True) -> Resource:
    """Return a Group, with its members or without."""
    here = f"{world.base}{dialect.prefix}"
    meta = {
        "resourceType": "Group",
        "created": stamp(group.created),
        "lastModified": stamp(max(group.updated, group.members_updated)),
        "version": version(group.revision),
        "location": f"{here}/Groups/{group_id(group.number)}",
    }
    if dialect.old:
        del meta["resourceType"]
    row = {
        "schemas": [dialect.group],
        "id": group_id(group.number),
        "displayName": group.name,
        **store(world).groups.get(group.number, {}),
        "meta": meta,
    }
    if members:
        row["members"] = _members(world, dialect, group)
    return row


def _members(world: World, dialect: Dialect, group: Group) -> Any:
    children = store(world).children.get(group.number, [])
    ids = [("User", user_id(number)) for number in sorted(group.members)]
    ids += [("Group", group_id(number)) for number in children]
    if world.options.get("scim_untyped"):
        return [{"value": value} for _, value in ids]
    if dialect.old:
        return [{"value": value, "type": kind} for kind, value in ids]
    here = f"{world.base}{dialect.prefix}"
    whole = [{"value": value, "type": kind, "$ref": f"{here}/{kind}s/{value}"} for kind, value in ids]
    names = [world.company.people[number].login for number in sorted(group.members)]
    return spelt(whole, names, world.options.get("scim_members"))


def spelt(members: list[Resource], names: list[str], way: str | None) -> Any:
    """Return members as a server writes them that takes the standard lightly.

    Args:
        members: as the standard says, people first.
        names: the sign-in names of the people.
        way: "empty" (none is ever told), "refs" (by address alone), "texts" (bare identifiers), "single"
            (an only member without a list), "names" (people by name alone), "logins" (people by sign-in
            name where the identifier belongs); anything else as the standard says.
    """
    named = list(zip(members, names, strict=False))
    written: dict[str, Any] = {
        "empty": [],
        "refs": [{"$ref": member["$ref"]} for member in members],
        "texts": [member["value"] for member in members],
        "single": members[0] if len(members) == 1 else members,
        "names": [{"display": name} for _, name in named] + members[len(names) :],
        "logins": [member | {"value": name} for member, name in named] + members[len(names) :],
    }
    return written.get(way or "", members)
