"""What a target and a ledger hold in the end, in words that do not depend on who came first."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from sandbox.kit.world import World

REMEMBERED = {
    "owned": "target, account_id, kind, entitlement_id, how",
    "taken": "target, account_id, kind, entitlement_id",
    "links": "target, account_id, source, source_id",
    "leavers": "target, account_id",
}
"""What the ledger decides by, without times and rules."""
DATACENTER = ("jira", "confluence", "crowd", "bitbucket")
CUSTOMERS = ("jsm_customers", "jsm_customers_dc")
Rows = list[str]


def held(world: World) -> Rows:
    """One line for each account of each target: its state and all it holds."""
    lines = []
    if org := world.held.get("atlassian"):
        groups = {group.group_id: group.name for group in org.groups.values()}
        for one in org.accounts:
            mine = sorted(groups[key] for key in one.groups)
            roles = sorted(f"{place[-12:]}:{role}" for place, names in one.direct.items() for role in names)
            lines.append(
                f"cloud {one.email.lower()} {one.composite} {one.membership} {mine} {roles} {one.name}"
            )
    if directory := world.held.get("atlassian_scim"):
        named = {key: group.name for key, group in directory.groups.items()}
        for one in directory.records.values():
            mine = sorted(named[key] for key in one.groups)
            lines.append(f"scim {one.email.lower()} {one.data.get('active')} {mine}")
    for face in DATACENTER:
        for one in getattr(world.held.get(face), "accounts", {}).values():
            facts = f"{one.active} {sorted(one.groups)} {sorted(one.direct.items())} {one.display_name}"
            lines.append(f"{face} {one.email.lower()} {facts}")
    for face in CUSTOMERS:
        circles = _circles(world.held.get(face))
        for key, email in _customers(world.held.get(face)).items():
            mine = sorted(name for name, people in circles.items() if key in people)
            lines.append(f"{face} {email} {mine}")
    return sorted(lines)


def _customers(desk: Any) -> dict[str, str]:
    """Address of each user of a service management, by the identifier that never changes."""
    if desk is None:
        return {}
    users = desk.jira.by_key if hasattr(desk, "jira") else desk.users
    return {key: one.email.lower() for key, one in users.items()}


def _circles(desk: Any) -> dict[str, Any]:
    """Who is in each organisation and each desk."""
    every = [] if desk is None else [*desk.organisations.values(), *desk.desks.values()]
    return {one.name: one.people for one in every}


def possessions(world: World) -> set[tuple[str, str, str]]:
    """What can be taken: (face, account, what), `works` and `exists` being two of the things."""
    found: set[tuple[str, str, str]] = set()
    if org := world.held.get("atlassian"):
        for one in org.accounts:
            found |= {("cloud", one.account_id, org.groups[key].name) for key in one.groups}
            found |= {("cloud", one.account_id, role) for names in one.direct.values() for role in names}
            found |= {("cloud", one.account_id, "works")} if one.works else set()
            found |= {("cloud", one.account_id, "exists")} if one.composite != "for_deletion" else set()
    if directory := world.held.get("atlassian_scim"):
        for one in directory.records.values():
            found |= {("scim", one.scim_id, directory.groups[key].name) for key in one.groups}
            found |= {("scim", one.scim_id, "works")} if one.data.get("active", True) else set()
            found |= {("scim", one.scim_id, "exists")}
    for face in DATACENTER:
        for one in getattr(world.held.get(face), "accounts", {}).values():
            found |= {(face, one.key, name) for name in (*one.groups, *one.direct)}
            found |= {(face, one.key, "works")} if one.active else set()
            found |= {(face, one.key, "exists")}
    for face in CUSTOMERS:
        desk = world.held.get(face)
        found |= {(face, key, name) for name, people in _circles(desk).items() for key in people}
        found |= {(face, key, "exists") for key in _customers(desk)}
    return found


def identifiers(world: World) -> dict[str, str]:
    """Identifier of an account or group → the name it goes by, for identifiers depend on who was first."""
    names: dict[str, str] = {}
    if org := world.held.get("atlassian"):
        names |= {one.account_id: one.email.lower() for one in org.accounts}
        names |= {group.group_id: group.name for group in org.groups.values()}
    if directory := world.held.get("atlassian_scim"):
        names |= {one.scim_id: one.email.lower() for one in directory.records.values()}
        names |= {group.scim_id: group.name for group in directory.groups.values()}
    for face in DATACENTER:
        for one in getattr(world.held.get(face), "accounts", {}).values():
            names |= {one.key: one.email.lower(), one.name: one.email.lower()}
    for face in CUSTOMERS:
        names |= _customers(world.held.get(face))
    return names


def remembered(folder: Path, names: dict[str, str]) -> Rows:
    """What the SQLite ledger of a folder remembers, with names for identifiers."""
    with closing(sqlite3.connect(folder / "seatwise.db")) as database:
        return told_by(lambda query: database.execute(query).fetchall(), names)


def told_by(ask: Any, names: dict[str, str]) -> Rows:
    """The same of any database; `ask` runs a query."""
    lines = []
    for table, columns in REMEMBERED.items():
        where = " WHERE unlinked_at IS NULL" if table == "links" else ""
        for row in ask(f"SELECT {columns} FROM {table}{where}"):
            shown = [names.get(str(value), str(value)) for value in row]
            lines.append(f"{table} {' '.join(shown)}")
    open_intents = ask("SELECT count(*) FROM intents WHERE NOT settled")[0][0]
    return sorted(lines) + ([f"{open_intents} intents without an end"] if open_intents else [])


def difference(expected: Rows, found: Rows) -> list[str]:
    """What is missing, and what is too much."""
    lacks, extra = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    return [f"- {line}" for line in lacks.elements()] + [f"+ {line}" for line in extra.elements()]


def doubled(world: World, usual: Counter[Any]) -> list[str]:
    """Writes that succeeded more often than in a run nobody disturbed, and more than once."""
    counts = Counter(world.counters.written)
    return [f"{w.method} {w.path} {w.query} {w.body}" for w, n in counts.items() if n > max(1, usual[w])]
