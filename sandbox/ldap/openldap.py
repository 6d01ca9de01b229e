"""The company as OpenLDAP shows it, with the overlay ppolicy; tests put these entries into a real one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

from sandbox.company.company import Company
from sandbox.company.people import ACTIVE, Person
from sandbox.ldap.tree import Entry, Tree, escaped

SUFFIX = "dc=acme,dc=test"
NOBODY = f"cn=nobody,{SUFFIX}"
"""The member of groups that have none, for the schema demands one."""
LOCKED = b"000001010000Z"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def entries(_tree: Tree, company: Company) -> Iterator[Entry]:
    """Yield people, groups, and groups of groups, two of which hold each other."""
    for person in company.people.values():
        yield Entry(f"p{person.number}", dn(person), _person(company, person))
    dns = {person.number: dn(person) for person in company.people.values()}
    named = [group for group in company.groups.values() if group.kind != "builtin"]
    for group in named:
        members = [dns[number] for number in group.members if number in dns]
        yield _group(group.name, group.number, members)
    departments = [group_dn(group.name) for group in named if group.name.startswith("dept-")]
    yield _group("all-departments", 900_001, sorted(departments))
    yield _group("circle-one", 900_002, [group_dn("circle-two")])
    yield _group("circle-two", 900_003, [group_dn("circle-one"), group_dn("all-departments")])


def noted(entry: Entry) -> Mapping[str, list[bytes]]:
    """Return what a server adds of itself."""
    return {"modifyTimestamp": [stamp(entry.at)]}


def root() -> dict[str, list[bytes]]:
    """Return what a server says of itself."""
    return {"namingContexts": [SUFFIX.encode()]}


def suffix(now: datetime) -> Entry:
    """Return the entry everything is below; it says how far the server has come."""
    values = {
        "objectClass": [b"dcObject", b"organization"],
        "dc": [b"acme"],
        "o": [b"Acme"],
        "contextCSN": [f"{now:%Y%m%d%H%M%S}.000000Z#000000#000#000000".encode()],
    }
    return Entry("suffix", SUFFIX, values, lower={name.lower(): held for name, held in values.items()})


def stamp(at: datetime | None) -> bytes:
    """Return a time the way OpenLDAP writes it."""
    return f"{at:%Y%m%d%H%M%SZ}".encode() if at else b""


def dn(person: Person) -> str:
    """Return the name of a person's entry."""
    return f"employeeNumber={person.number:06},ou=people,{SUFFIX}"


def group_dn(name: str) -> str:
    """Return the name of a group's entry."""
    return f"cn={escaped(name)},ou=groups,{SUFFIX}"


def _person(company: Company, person: Person) -> dict[str, list[bytes]]:
    manager = company.people.get(person.manager) if person.manager else None
    usual = {
        "givenName": person.given_name,
        "ou": person.department,
        "departmentNumber": person.cost_center,
        "title": person.title,
        "employeeType": person.user_type,
        "o": "Acme",
        "manager": dn(manager) if manager else None,
    }
    always = {
        "employeeNumber": f"{person.number:06}",
        "uid": person.login,
        "cn": person.display_name or f"u{person.number}",
        # The schema demands a family name.
        "sn": person.family_name or "-",
        "mail": person.email,
        "displayName": person.display_name,
        "homeDirectory": f"/home/u{person.number}",
        "uidNumber": str(10_000 + person.number),
        "gidNumber": "10000",
        "shadowExpire": _expires(person),
    }
    told = always if person.flaw == "nulls" else always | usual
    return {name: [value.encode()] for name, value in told.items() if value} | {
        "objectClass": [b"inetOrgPerson", b"posixAccount", b"shadowAccount"],
        "entryUUID": [str(uuid5(NAMESPACE_OID, f"person {person.number}")).encode()],
        "createTimestamp": [stamp(person.created)],
        **({} if person.state == ACTIVE else {"pwdAccountLockedTime": [LOCKED]}),
        **({"pwdLastSuccess": [stamp(person.last_sign_in)]} if person.last_sign_in else {}),
    }


def _expires(person: Person) -> str | None:
    """Return the first day the account is shut, counted since 1970."""
    return str((person.leaves_on - _EPOCH) // timedelta(days=1) + 1) if person.leaves_on else None


def _group(name: str, number: int, members: list[str]) -> Entry:
    values = {
        "cn": [name.encode()],
        "objectClass": [b"groupOfNames"],
        "member": [member.encode() for member in members] or [NOBODY.encode()],
        "entryUUID": [str(uuid5(NAMESPACE_OID, f"group {number}")).encode()],
    }
    return Entry(f"g{number}", group_dn(name), values)
