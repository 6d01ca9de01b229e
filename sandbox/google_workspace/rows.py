"""The company in Google's words: users, deleted users, groups and members."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from sandbox.company.people import ACTIVE, DEPARTED, Event, Group, Person
from sandbox.kit.world import World

Row = dict[str, Any]
CUSTOMER = "C0sandbox"
USERS, GROUPS = 10**20, 3 * 10**20
NEVER = "1970-01-01T00:00:00.000Z"
KEPT = timedelta(days=20)
"""How long a deleted user can be brought back."""
EVERYONE = "everyone"


def user_id(number: int) -> str:
    """Return the identifier of the user for a person's number."""
    return str(USERS + number)


def group_id(group: Group) -> str:
    """Return the identifier of a group."""
    return f"0{GROUPS + group.number:x}"


def stamp(at: datetime | None) -> str:
    """Return a time the way Google writes it; nothing is the beginning of 1970."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z" if at else NEVER


def user(world: World, person: Person) -> Row:
    """Return a user with everything, made once for every revision; treat it as frozen."""
    kept = world.cache("google users").get(person.number)
    if kept is None or kept[0] != person.revision:
        kept = (person.revision, _user(world, person))
        world.cache("google users")[person.number] = kept
    row: Row = kept[1]
    return row


def _user(world: World, person: Person) -> Row:
    archived = person.state == DEPARTED
    boss = world.company.people.get(person.manager or 0)
    row: Row = {
        "kind": "admin#directory#user",
        "id": user_id(person.number),
        "etag": f'"{person.revision}"',
        "primaryEmail": person.login,
        "name": _name(person),
        "isAdmin": False,
        "isDelegatedAdmin": False,
        "lastLoginTime": stamp(person.last_sign_in),
        "creationTime": stamp(person.created),
        "agreedToTerms": person.last_sign_in is not None,
        "suspended": person.state not in (ACTIVE, DEPARTED),
        "archived": archived,
        "changePasswordAtNextLogin": False,
        "emails": _emails(person),
        "externalIds": [{"value": _employee_number(person), "type": "organization"}],
        "organizations": [] if person.flaw == "nulls" else [_organization(person)],
        "customerId": CUSTOMER,
        "orgUnitPath": "/",
        "isMailboxSetup": True,
        "customSchemas": {"Employment": _employment(person)},
    }
    if row["suspended"]:
        row["suspensionReason"] = "ADMIN"
    if boss:
        row["relations"] = [{"value": boss.login, "type": "manager"}]
    return row


def _name(person: Person) -> Row:
    parts = {"givenName": person.given_name, "familyName": person.family_name}
    told = {} if person.flaw == "nulls" else {name: text for name, text in parts.items() if text}
    return {**told, "fullName": person.display_name}


def _emails(person: Person) -> list[Row]:
    emails: list[Row] = [{"address": person.login, "primary": True}]
    if person.email != person.login:
        emails.append({"address": person.email, "type": "work"})
    if person.personal_email:
        emails.insert(0, {"address": person.personal_email, "type": "home"})
    return emails


def _employee_number(person: Person) -> Any:
    return person.number if person.flaw == "integer_number" else f"{person.number:06}"


def _organization(person: Person) -> Row:
    return {
        "name": "Acme",
        "title": person.title,
        "primary": True,
        "customType": "",
        "department": person.department,
        "description": person.user_type,
        "costCenter": person.cost_center,
    }


def _employment(person: Person) -> Row:
    end = {"end": f"{person.leaves_on:%Y-%m-%d}"} if person.leaves_on else {}
    return {"start": f"{person.hired_on:%Y-%m-%d}", **end}


def deleted(event: Event) -> Row:
    """Return a user as the listing of deleted ones tells of it."""
    given, _, family = event.display_name.partition(" ")
    return {
        "kind": "admin#directory#user",
        "id": user_id(event.person),
        "primaryEmail": event.login,
        "name": {"givenName": given, "familyName": family, "fullName": event.display_name},
        "lastLoginTime": NEVER,
        "deletionTime": stamp(event.at),
        "suspended": False,
        "archived": False,
        "customerId": CUSTOMER,
    }


def deleted_of_late(world: World) -> list[Row]:
    """Return the users who were deleted and could still be brought back."""
    since = world.company.now - KEPT
    return [deleted(event) for event in world.company.events if event.kind == "deleted" and event.at > since]


def group(world: World, group: Group) -> Row:
    """Return a group; how many are in it is written as text."""
    counts = world.options.get("google_counts", {})
    whole = 1 if group.name == EVERYONE else len(direct(world, group))
    return {
        "kind": "admin#directory#group",
        "id": group_id(group),
        "etag": f'"{group.revision}"',
        "email": _address(group),
        "name": group.name,
        "directMembersCount": str(counts.get(group.name, whole)),
        "description": group.description or "",
        "adminCreated": True,
    }


def direct(world: World, group: Group) -> list[int]:
    """Return the numbers of the people who are members themselves and by no other group."""
    through = {number for inner in children(world, group) for number in inner.members}
    return sorted(set(group.members) - through)


def children(world: World, group: Group) -> list[Group]:
    """Return the groups that are members of a group."""
    names = world.options.get("google_children", {}).get(group.name, ())
    return [world.company.groups[name] for name in names]


def members(world: World, group: Group) -> list[Row]:
    """Return the members of a group: people, groups, or the customer."""
    further: list[Row] = world.options.get("google_members", {}).get(group.name, [])
    if group.name == EVERYONE:
        return [_member(CUSTOMER, None, "CUSTOMER"), *further]
    people = (world.company.people[number] for number in direct(world, group))
    rows = [_member(user_id(p.number), p.login, "USER", status=_standing(p)) for p in people]
    rows += [_member(group_id(inner), _address(inner), "GROUP") for inner in children(world, group)]
    return rows + further


def _standing(person: Person) -> str:
    return "ACTIVE" if person.state == ACTIVE else "SUSPENDED"


def _address(group: Group) -> str:
    return f"{re.sub('[^a-z0-9]+', '-', group.name.lower()).strip('-')}@acme.test"


def _member(key: str, email: str | None, kind: str, **more: str) -> Row:
    row = {"kind": "admin#directory#member", "id": key, "role": "MEMBER", "type": kind, **more}
    return row | ({"email": email} if email else {})
