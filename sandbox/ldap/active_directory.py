"""The company as Active Directory shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid5

from sandbox.company.company import Company
from sandbox.company.people import ACTIVE, Group, Person
from sandbox.ldap.tree import Entry, Tree, escaped

DOMAIN = "DC=acme,DC=test"
BIN = f"CN=Deleted Objects,{DOMAIN}"
SERVER = f"CN=NTDS Settings,CN=DC1,CN=Servers,CN=HQ,CN=Sites,CN=Configuration,{DOMAIN}"
REFERRALS = tuple(
    f"ldap://{host}acme.test/{dn}{DOMAIN}"
    for host, dn in (
        ("ForestDnsZones.", "DC=ForestDnsZones,"),
        ("DomainDnsZones.", "DC=DomainDnsZones,"),
        ("", "CN=Configuration,"),
    )
)
"""What a search of the whole domain refers to."""
NORMAL, DISABLED, MACHINE = 0x200, 0x2, 0x1000
NEVER = 2**63 - 1
DOMAIN_USERS = 513
_SCHEMA = f"CN=Schema,CN=Configuration,{DOMAIN}"
_SID = (
    b"\x01\x05" + (5).to_bytes(6, "big") + b"".join(n.to_bytes(4, "little") for n in (21, 1001, 1002, 1003))
)
_FILETIME_0 = datetime(1601, 1, 1, tzinfo=UTC)


def entries(tree: Tree, company: Company) -> Iterator[Entry]:
    """Yield people, a machine, groups, and groups of groups, two of which hold each other."""
    for person in company.people.values():
        yield Entry(f"p{person.number}", _dn(person), _person(tree, company, person))
    machine = f"CN=WS-0001,CN=Computers,{DOMAIN}"
    yield Entry("m1", machine, _machine())
    yield _group("Domain Users", 0, [], rid=DOMAIN_USERS)
    dns = {person.number: _dn(person) for person in company.people.values()}
    named: dict[str, list[str]] = {}
    for group in company.groups.values():
        if group.kind != "builtin":
            named[group.name] = [dns[number] for number in group.members if number in dns]
            yield _group(group.name, group.number, named[group.name], created=group)
    departments = [_group_dn(name) for name in sorted(named) if name.startswith("dept-")]
    yield _group("all-departments", 900_001, [*departments, machine])
    yield _group("circle-one", 900_002, [_group_dn("circle-two")])
    yield _group("circle-two", 900_003, [_group_dn("circle-one"), _group_dn("all-departments")])


def noted(entry: Entry) -> Mapping[str, list[bytes]]:
    """Return what a domain controller adds: its number of the change, and the name of the entry."""
    return {
        "uSNChanged": [str(entry.number).encode()],
        "whenChanged": [stamp(entry.at)],
        "distinguishedName": [entry.dn.encode()],
    }


def tombstone(entry: Entry) -> Entry:
    """Return what is left of a deleted entry: most attributes are gone, the identifiers stay."""
    kept = ("objectguid", "objectsid", "samaccountname", "usnchanged", "useraccountcontrol")
    common, _, parent = entry.dn.partition(",")
    guid = UUID(bytes_le=entry.lower["objectguid"][0])
    dn = f"{common}\\0ADEL:{guid},{BIN}"
    values = {name: list(held) for name, held in entry.lower.items() if name in kept}
    values |= {
        "isdeleted": [b"TRUE"],
        "lastknownparent": [parent.encode()],
        "distinguishedname": [dn.encode()],
    }
    return Entry(entry.key, dn, values, entry.number, entry.at, dict(values))


def bin_entry() -> Entry:
    """Return the container of what was deleted."""
    values = {"distinguishedName": [BIN.encode()], "isDeleted": [b"TRUE"], "objectClass": [b"container"]}
    return Entry("bin", BIN, values, lower={name.lower(): held for name, held in values.items()})


def domain_entry(interval: int | None) -> Entry:
    """Return the domain itself, which may say after how many days sign-ins are renewed."""
    held: dict[str, Sequence[bytes]] = {"objectclass": [b"domainDNS"]}
    if interval is not None:
        held["msds-logontimesyncinterval"] = [str(interval).encode()]
    return Entry("domain", DOMAIN, {}, lower=held)


def root(tree: Tree, now: datetime) -> dict[str, list[bytes]]:
    """Return what a domain controller says of itself."""
    return {
        "defaultNamingContext": [DOMAIN.encode()],
        "namingContexts": [DOMAIN.encode(), f"CN=Configuration,{DOMAIN}".encode()],
        "highestCommittedUSN": [str(tree.number).encode()],
        "dsServiceName": [SERVER.encode()],
        "currentTime": [stamp(now)],
    }


def stamp(at: datetime | None) -> bytes:
    """Return a time the way Active Directory writes it."""
    return f"{at:%Y%m%d%H%M%S}.0Z".encode() if at else b""


def filetime(at: datetime) -> bytes:
    """Return a time in steps of 100 ns since 1601."""
    return str((at - _FILETIME_0) // timedelta(microseconds=1) * 10).encode()


def _person(tree: Tree, company: Company, person: Person) -> dict[str, list[bytes]]:
    manager = company.people.get(person.manager) if person.manager else None
    shown = tree.sign_in(person.number, person.last_sign_in)
    usual = {
        "givenName": person.given_name,
        "sn": person.family_name,
        "department": person.department,
        "departmentNumber": person.cost_center,
        "title": person.title,
        "employeeType": person.user_type,
        "company": "Acme",
        "employeeID": f"{person.number:06}",
        "manager": _dn(manager) if manager else None,
    }
    always = {
        "cn": _common(person),
        "sAMAccountName": f"u{person.number}",
        "userPrincipalName": person.login,
        "mail": person.email,
        "displayName": person.display_name,
        "objectCategory": f"CN=Person,{_SCHEMA}",
        "userAccountControl": str(NORMAL if person.state == ACTIVE else NORMAL | DISABLED),
        "primaryGroupID": str(DOMAIN_USERS),
    }
    told = always if person.flaw == "nulls" else always | usual
    return {name: [value.encode()] for name, value in told.items() if value} | {
        "objectClass": [b"top", b"person", b"organizationalPerson", b"user"],
        "objectGUID": [_guid(f"person {person.number}")],
        "objectSid": [_sid(100_000 + person.number)],
        "whenCreated": [stamp(person.created)],
        "accountExpires": [_expires(person)],
        **({"lastLogonTimestamp": [filetime(shown)]} if shown else {}),
    }


def _expires(person: Person) -> bytes:
    """Return when the account ceases to work, which is after the last day; never has two spellings."""
    if person.leaves_on is None:
        return str(NEVER if person.number % 2 else 0).encode()
    midnight = person.leaves_on.replace(hour=0, minute=0, second=0, microsecond=0)
    return filetime(midnight + timedelta(days=1))


def _machine() -> dict[str, list[bytes]]:
    return {
        "cn": [b"WS-0001"],
        "sAMAccountName": [b"WS-0001$"],
        "objectClass": [b"top", b"person", b"organizationalPerson", b"user", b"computer"],
        "objectCategory": [f"CN=Computer,{_SCHEMA}".encode()],
        "objectGUID": [_guid("machine 1")],
        "objectSid": [_sid(90_001)],
        "userAccountControl": [str(MACHINE).encode()],
    }


def _group(
    name: str, number: int, members: list[str], *, rid: int | None = None, created: Group | None = None
) -> Entry:
    values = {
        "cn": [name.encode()],
        "sAMAccountName": [name.encode()],
        "objectClass": [b"top", b"group"],
        "objectCategory": [f"CN=Group,{_SCHEMA}".encode()],
        "objectGUID": [_guid(f"group {number}")],
        "objectSid": [_sid(rid or 1_000_000 + number)],
    }
    if members:
        values["member"] = [dn.encode() for dn in members]
    if created:
        values["whenCreated"] = [stamp(created.created)]
    return Entry(f"g{number}", _group_dn(name), values)


def _common(person: Person) -> str:
    return f"{person.display_name} {person.number}".strip()


def _dn(person: Person) -> str:
    return f"CN={escaped(_common(person))},OU={escaped(person.department)},OU=Staff,{DOMAIN}"


def _group_dn(name: str) -> str:
    return f"CN={escaped(name)},OU=Groups,{DOMAIN}"


def _guid(name: str) -> bytes:
    return uuid5(NAMESPACE_OID, name).bytes_le


def _sid(rid: int) -> bytes:
    return _SID + rid.to_bytes(4, "little")
