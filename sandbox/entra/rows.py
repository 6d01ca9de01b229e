"""The company in Graph's words: users, groups, enterprise applications, each property by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import orjson

from sandbox.company.people import ACTIVE, DEPARTED, App, Person
from sandbox.entra.ids import guid
from sandbox.entra.tree import Unit
from sandbox.kit.world import World

Reader = Callable[[World, Any], Any]
RESTORABLE = timedelta(days=30)
NOTED_SINCE = datetime(2023, 12, 1, tzinfo=UTC)
"""Successful sign-ins are noted since then."""
NO_ROLE = "00000000-0000-0000-0000-000000000000"
ATLASSIAN_ROLES = ("User", "Administrator")


def user_id(person: Person) -> str:
    """Return the object identifier of a person's user."""
    return guid("user", person.number)


def stamp(at: datetime | None) -> str | None:
    """Return a time the way Graph writes it, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else None


def day(at: datetime | None) -> str | None:
    """Return midnight of a day."""
    return f"{at:%Y-%m-%d}T00:00:00Z" if at else None


def soft_deleted(world: World, person: Person) -> bool:
    """Whether a user is deleted and can still be restored."""
    return person.state == DEPARTED and world.company.now - person.status_changed <= RESTORABLE


def _principal_name(_world: World, person: Person) -> str:
    """Return the sign-in name; deletion puts the identifier before it, so that the name is free again."""
    prefix = user_id(person).replace("-", "") if person.state == DEPARTED else ""
    return prefix + person.login


def _sign_in_activity(world: World, person: Person) -> dict[str, Any] | None:
    """Return the last attempt, the last refreshed token and the last success; None for never."""
    last = person.last_sign_in
    if last is None:
        return None
    attempt = min(last + timedelta(days=1), world.company.now) if person.snag else last
    quiet = max(last - timedelta(days=20), person.created)
    found: dict[str, Any] = {}
    for name, at in (("", attempt), ("NonInteractive", quiet), ("Successful", last)):
        if name != "Successful" or at >= NOTED_SINCE:
            found[f"last{name}SignInDateTime"] = stamp(at)
            found[f"last{name}SignInRequestId"] = str(uuid5(NAMESPACE_OID, f"{name} {person.number} {at}"))
    return found


def _usual(name: str) -> Reader:
    """Read an attribute of a person that one of the odd records lacks."""
    return lambda _world, p: None if p.flaw == "nulls" else getattr(p, name) or None


USER: dict[str, Reader] = {
    "businessPhones": lambda _w, _p: [],
    "displayName": lambda _w, p: p.display_name,
    "givenName": _usual("given_name"),
    "jobTitle": _usual("title"),
    "mail": lambda _w, p: p.email,
    "mobilePhone": lambda _w, p: p.mobile,
    "officeLocation": _usual("city"),
    "preferredLanguage": lambda _w, _p: "en-US",
    "surname": _usual("family_name"),
    "userPrincipalName": _principal_name,
    "id": lambda _w, p: user_id(p),
    "accountEnabled": lambda _w, p: p.state == ACTIVE,
    "city": _usual("city"),
    "companyName": lambda _w, _p: "Acme",
    "country": _usual("country"),
    "createdDateTime": lambda _w, p: stamp(p.created),
    "deletedDateTime": lambda _w, p: stamp(p.status_changed) if p.state == DEPARTED else None,
    "department": _usual("department"),
    "employeeHireDate": lambda _w, p: day(p.hired_on),
    "employeeId": lambda _w, p: f"{p.number:06}",
    "employeeLeaveDateTime": lambda _w, p: day(p.leaves_on),
    "employeeOrgData": lambda _w, p: {"costCenter": p.cost_center, "division": None},
    "employeeType": lambda _w, p: p.user_type,
    "externalUserState": lambda _w, _p: None,
    "mailNickname": lambda _w, p: p.login.partition("@")[0],
    "onPremisesExtensionAttributes": lambda _w, p: {"extensionAttribute1": p.cost_center},
    "onPremisesSyncEnabled": lambda _w, _p: None,
    "otherMails": lambda _w, p: [p.personal_email] if p.personal_email else [],
    "signInActivity": _sign_in_activity,
    "usageLocation": _usual("country"),
    "userType": lambda _w, _p: "Member",
}
USER_DEFAULT = tuple(USER)[:11]

GROUP: dict[str, Reader] = {
    "id": lambda _w, u: u.id,
    "deletedDateTime": lambda _w, _u: None,
    "createdDateTime": lambda _w, u: stamp(u.created),
    "description": lambda _w, u: u.group.description if u.group else "Holds other groups",
    "displayName": lambda _w, u: u.name,
    "groupTypes": lambda _w, u: ["DynamicMembership"] if _builtin(u) else [],
    "mail": lambda _w, _u: None,
    "mailEnabled": lambda _w, _u: False,
    "mailNickname": lambda _w, u: f"g{u.number}",
    "membershipRule": lambda _w, u: '(user.userType -eq "Member")' if _builtin(u) else None,
    "onPremisesSyncEnabled": lambda _w, u: True if u.group and u.group.kind == "app" else None,
    "securityEnabled": lambda _w, _u: True,
    "visibility": lambda _w, _u: None,
}
GROUP_DEFAULT = tuple(GROUP)

PRINCIPAL: dict[str, Reader] = {
    "id": lambda _w, a: guid("principal", a.number),
    "accountEnabled": lambda _w, a: a.active,
    "appDisplayName": lambda _w, a: a.label,
    "appId": lambda _w, a: str(uuid5(NAMESPACE_OID, a.name)),
    "appRoleAssignmentRequired": lambda _w, _a: True,
    "appRoles": lambda _w, a: _roles(a),
    "displayName": lambda _w, a: a.label,
    "servicePrincipalType": lambda _w, _a: "Application",
}
PRINCIPAL_DEFAULT = tuple(PRINCIPAL)


def _builtin(unit: Unit) -> bool:
    return unit.group is not None and unit.group.kind == "builtin"


def role_id(app: App, value: str) -> str:
    """Return the identifier of an application's role."""
    return str(uuid5(NAMESPACE_OID, f"{app.name} {value}"))


def _roles(app: App) -> list[dict[str, Any]]:
    values = ATLASSIAN_ROLES if app.name == "atlassian" else ()
    return [
        {
            "allowedMemberTypes": ["User"],
            "description": value,
            "displayName": value,
            "id": role_id(app, value),
            "isEnabled": True,
            "value": value,
        }
        for value in values
    ]


def user_bytes(
    world: World, person: Person, names: tuple[str, ...], *, typed: bool = False, manager: bool = False
) -> bytes:
    """Return a serialised user with these properties, made once for every revision.

    Args:
        world: Whose company it is.
        person: Who.
        names: Properties.
        typed: Whether to say that it is a user, as lists of mixed things do.
        manager: Whether to expand the manager.
    """
    boss = world.company.people.get(person.manager or 0) if manager else None
    untyped = bool(world.options.get("entra_untyped"))
    revision = (person.revision, boss.revision if boss else 0, person.state, untyped)
    cache = world.cache("entra users").setdefault((names, typed, manager), {})
    kept = cache.get(person.number)
    if kept is None or kept[0] != revision:
        typed = typed and not untyped
        extra: dict[str, Any] = {"@odata.type": "#microsoft.graph.user"} if typed else {}
        row = extra | properties(world, person, USER, names)
        if boss is not None and boss.present:
            row["manager"] = {
                "@odata.type": "#microsoft.graph.user",
                **properties(world, boss, USER, ("id", "displayName", "userPrincipalName", "mail")),
            }
        kept = cache[person.number] = (revision, orjson.dumps(row))
    return bytes(kept[1])


def properties(
    world: World, thing: Any, readers: Mapping[str, Reader], names: tuple[str, ...]
) -> dict[str, Any]:
    """Return some properties of a thing; sign-in activity is absent for never."""
    row = {name: readers[name](world, thing) for name in names}
    if row.get("signInActivity", 0) is None:
        del row["signInActivity"]
    return row


def group_bytes(world: World, unit: Unit, names: tuple[str, ...], *, typed: bool = False) -> bytes:
    """Return a serialised group with these properties."""
    typed = typed and not world.options.get("entra_untyped")
    extra: dict[str, Any] = {"@odata.type": "#microsoft.graph.group"} if typed else {}
    return orjson.dumps(extra | properties(world, unit, GROUP, names))


def assignment(app: App, person_or_unit: Person | Unit, number: int) -> dict[str, Any]:
    """Return the assignment of a user or a group to an application."""
    is_group = isinstance(person_or_unit, Unit)
    name = person_or_unit.name if isinstance(person_or_unit, Unit) else person_or_unit.display_name
    return {
        "id": guid("assignment", app.number * 10_000_000 + number),
        "deletedDateTime": None,
        "appRoleId": role_id(app, ATLASSIAN_ROLES[0]) if app.name == "atlassian" else NO_ROLE,
        "createdDateTime": stamp(app.created),
        "principalDisplayName": name,
        "principalId": person_or_unit.id if isinstance(person_or_unit, Unit) else user_id(person_or_unit),
        "principalType": "Group" if is_group else "User",
        "resourceDisplayName": app.label,
        "resourceId": guid("principal", app.number),
    }
