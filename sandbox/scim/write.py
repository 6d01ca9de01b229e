"""What SCIM clients write: a whole resource becomes a person or a group of the company.

What the company has no place for is kept as it was sent. `active: false` suspends; a DELETE lets go.
"""

from __future__ import annotations

from typing import Any

from sandbox.company.people import ACTIVE, DEPARTED, STAGED, SUSPENDED, Group, Person
from sandbox.kit.world import World
from sandbox.scim import rows
from sandbox.scim.dialect import Dialect
from sandbox.scim.errors import ScimError
from sandbox.scim.filter import own

Resource = dict[str, Any]
# What the company itself states of a user; everything else is kept as it was sent.
_OWNED = {
    "schemas",
    "id",
    "meta",
    "username",
    "name",
    "title",
    "usertype",
    "active",
    "emails",
    "groups",
    "password",
}


def create_user(world: World, dialect: Dialect, body: Any) -> Person:
    """Hire somebody.

    Raises:
        ScimError: 400 without a user name, 409 when it or the address is taken.
    """
    facts = _facts(dialect, body)
    _free(world, facts, None)
    person = world.company.hire({**facts, "groups": [], "state": ACTIVE if _active(body) else STAGED})
    # Where nothing is said, chance must not say it.
    for name in ("department", "cost_center", "title", "user_type", "timezone"):
        setattr(person, name, facts.get(name, ""))
    person.manager = _manager(world, dialect, body)
    _keep(world, dialect, person, body)
    return person


def replace_user(world: World, dialect: Dialect, person: Person, body: Any) -> Person:
    """Make a person what a whole resource says."""
    facts = _facts(dialect, body)
    _free(world, facts, person)
    blank = [name for name in ("department", "cost_center") if not facts[name]]
    for name in blank:
        setattr(person, name, facts.pop(name))
    world.company.move(person.number, {name: v for name, v in facts.items() if getattr(person, name) != v})
    person.manager = _manager(world, dialect, body)
    _keep(world, dialect, person, body)
    _activate(world, person, active=_active(body))
    return person


def _activate(world: World, person: Person, *, active: bool) -> None:
    if active and person.state in (SUSPENDED, DEPARTED, STAGED):
        world.company.set_state(person, ACTIVE)
    elif not active and person.state == ACTIVE:
        world.company.set_state(person, SUSPENDED)


def _facts(dialect: Dialect, body: Any) -> dict[str, str]:
    """Return the company's own facts in a resource; what it does not say is empty."""
    if not isinstance(body, dict):
        raise ScimError(400, "A user is a JSON object.", "invalidSyntax")
    login = own(body, "userName")
    if not isinstance(login, str) or not login.strip():
        raise ScimError(400, "userName is required.", "invalidValue")
    name, enterprise = own(body, "name") or {}, body.get(dialect.enterprise) or {}
    return {
        "login": login,
        "email": _email(body) or (login if "@" in login else f"{login}@acme.test".lower()),
        "given_name": str(own(name, "givenName") or ""),
        "family_name": str(own(name, "familyName") or ""),
        "title": str(own(body, "title") or ""),
        "user_type": str(own(body, "userType") or ""),
        "department": str(own(enterprise, "department") or ""),
        "cost_center": str(own(enterprise, "costCenter") or ""),
    }


def _email(body: Resource) -> str | None:
    emails = [item for item in own(body, "emails") or [] if isinstance(item, dict) and item.get("value")]
    first = [item for item in emails if _truth(item.get("primary"))] or emails
    return str(first[0]["value"]) if first else None


def _truth(value: Any) -> bool:
    return str(value).lower() == "true"


def _active(body: Resource) -> bool:
    value = own(body, "active")
    return value is None or _truth(value)


def _manager(world: World, dialect: Dialect, body: Resource) -> int | None:
    manager = own(body.get(dialect.enterprise) or {}, "manager")
    value = (manager.get("value") or manager.get("managerId")) if isinstance(manager, dict) else manager
    number = rows.user_number(str(value)) if value else None
    return number if number in world.company.people else None


def _free(world: World, facts: dict[str, str], person: Person | None) -> None:
    mine = person.number if person else None
    for name in ("login", "email"):
        if world.company.emails.get(facts[name].lower(), mine) != mine:
            raise ScimError(409, f"{facts[name]} belongs to another user.", "uniqueness")


def _keep(world: World, dialect: Dialect, person: Person, body: Resource) -> None:
    extra = {
        name: value
        for name, value in body.items()
        if name.lower() not in _OWNED and not name.startswith("urn:")
    }
    if extra.get("displayName") == person.display_name:
        del extra["displayName"]
    enterprise = body.get(dialect.enterprise) or {}
    extra["enterprise"] = {
        name: value
        for name, value in enterprise.items()
        if name.lower() not in ("department", "costcenter", "manager")
    }
    rows.store(world).users[person.number] = extra
    world.company.touch(person)


def delete_user(world: World, person: Person) -> None:
    """Let somebody go for good."""
    world.company.leave(person.number, how="deleted")
    rows.store(world).users.pop(person.number, None)


# Groups


def create_group(world: World, body: Any) -> Group:
    """Make a group with its members.

    Raises:
        ScimError: 400 without a name or for unknown members, 409 when the name is taken.
    """
    name = _group_name(body)
    if any(name.lower() == taken.lower() for taken in world.company.groups):
        raise ScimError(409, f"There is a group called {name}.", "uniqueness")
    people, children = _wanted(world, body)
    group = world.company.add_group(name)
    _fill(world, group, body, people, children)
    return group


def replace_group(world: World, group: Group, body: Any) -> Group:
    """Make a group what a whole resource says."""
    name = _group_name(body)
    people, children = _wanted(world, body)
    if name != group.name:
        if any(name.lower() == taken.lower() for taken in world.company.groups if taken != group.name):
            raise ScimError(409, f"There is a group called {name}.", "uniqueness")
        world.company.rename_group(group.name, name)
    _fill(world, group, body, people, children)
    return group


def _group_name(body: Any) -> str:
    name = own(body, "displayName") if isinstance(body, dict) else None
    if not isinstance(name, str) or not name.strip():
        raise ScimError(400, "displayName is required.", "invalidValue")
    return name


def _wanted(world: World, body: Resource) -> tuple[set[int], list[int]]:
    """Return the numbers of the people and of the groups that are members."""
    people: set[int] = set()
    children: dict[int, None] = {}
    numbers = {group.number for group in world.company.groups.values()}
    for item in own(body, "members") or []:
        value = str(item.get("value") if isinstance(item, dict) else item)
        number, child = rows.user_number(value), rows.group_number(value)
        if number in world.company.people:
            people.add(number)
        elif child in numbers:
            children[child] = None
        else:
            raise ScimError(400, f"Nobody is called {value}.", "invalidValue")
    return people, list(children)


def _fill(world: World, group: Group, body: Resource, people: set[int], children: list[int]) -> None:
    company = world.company
    for number in set(group.members) - people:
        company.quit(company.people[number], [group.name])
    for number in sorted(people - set(group.members)):
        company.join(company.people[number], [group.name])
    held = rows.store(world)
    if held.children.get(group.number, []) != children:
        held.children[group.number] = children
        group.revision += 1
        group.members_updated = company.now
    held.groups[group.number] = {"externalId": body["externalId"]} if body.get("externalId") else {}


def delete_group(world: World, group: Group) -> None:
    """Delete a group, and its place in others."""
    held = rows.store(world)
    world.company.remove_group(group.name)
    held.children.pop(group.number, None)
    held.groups.pop(group.number, None)
    for children in held.children.values():
        if group.number in children:
            children.remove(group.number)
