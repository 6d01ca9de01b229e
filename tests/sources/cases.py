"""How to connect each kind of source to a sandbox; an ordinary one needs no entry here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
import pytest

import receive
from sandbox import vendors
from sandbox.atlassian_export.face import write
from sandbox.kit.connection import Connection
from sandbox.running import Running
from sandbox.scim_push.client import Client
from sandbox.scim_push.rows import HR_COLUMNS
from sources import KINDS, Source, connector
from tests.receive.service import Service
from transport.door import Door


def _repeated(_sandbox: Running, path: str) -> dict[str, Any]:
    """The first page over and over, so that the page after it is always the same one."""
    return {"path": path, "kind": "repeat", "times": 0}


@dataclass(frozen=True)
class Case:
    """What the contract needs to know of a kind; an ordinary source needs no entry (`paged`).

    Attributes:
        connection: the options against a sandbox, where they are not those of the connection its folder
            in the sandbox states; the folder is free for files.
        options: further options, beside those of the connection.
        small_pages: options that make many pages.
        paths: what each part asks of the network; nothing for a source without one.
        endless: a fault that answers every page with the same next token.
        states: states it cannot tell from another, with what it says instead.
        keeps: days for which it tells of someone who left; None for ever.
        forgets: columns it does not tell of someone who left.
        remembers: columns of someone who left that only a delta still knows.
        kind: the kind in the table, where several cases are of one.
        http: whether it speaks HTTP where it reads over the network.
        needs: the module of an extra; without it the case is skipped.
    """

    connection: Callable[[Running, Path], dict[str, Any]] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    small_pages: dict[str, Any] = field(default_factory=lambda: {"page_size": 7})
    paths: dict[str, str] = field(default_factory=dict)
    endless: Callable[[Running, str], dict[str, Any]] = _repeated
    states: dict[str, str] = field(default_factory=dict)
    keeps: int | None = None
    forgets: tuple[str, ...] = ()
    remembers: tuple[str, ...] = ()
    kind: str | None = None
    http: bool = True
    needs: str | None = None

    @property
    def usable(self) -> bool:
        """Whether what it needs is installed."""
        return self.needs is None or find_spec(self.needs) is not None

    @property
    def remote(self) -> bool:
        """Whether it reads over the network."""
        return bool(self.paths)


def _okta_endless(sandbox: Running, path: str) -> dict[str, Any]:
    link = f'<{sandbox.url}{path}?after=same>; rel="next"'
    return {"path": path, "status": 200, "times": 0, "body": [], "headers": {"link": link}}


def _entra_endless(sandbox: Running, _path: str) -> dict[str, Any]:
    path = "/entra/v1.0/"
    body = {"value": [], "@odata.nextLink": f"{sandbox.url}{path}users?$skiptoken=same"}
    return {"path": path, "status": 200, "times": 0, "body": body}


def _onelogin_endless(_sandbox: Running, path: str) -> dict[str, Any]:
    return {"path": path, "status": 200, "times": 0, "body": [], "headers": {"after-cursor": "same"}}


def _google_endless(_sandbox: Running, path: str) -> dict[str, Any]:
    what = path.rpartition("/")[2]
    body = {"kind": f"admin#directory#{what}", what: [], "nextPageToken": "same"}
    return {"path": path, "status": 200, "times": 0, "body": body}


def _keycloak_endless(_sandbox: Running, path: str) -> dict[str, Any]:
    # The count of users comes first.
    return {"path": path, "status": 200, "skip": 1, "times": 0, "body": [{"id": "x", "path": "/x"}]}


# Active or not is all that SCIM says.
SCIM_STATES = {"staged": "suspended", "departed": "suspended"}
HR = {
    "2.0": "urn:ietf:params:scim:schemas:extension:acme:2.0:User",
    "1.1": "urn:scim:schemas:extension:acme:1.0",
}


def _scim(sandbox: Running, version: str, **more: Any) -> dict[str, Any]:
    columns = {"hired_on": "hireDate", "leaves_on": "terminationDate", "last_sign_in": "lastLogin"}
    sandbox.world.options["scim_cursor"] = more.get("paging") == "cursor"
    return {
        "url": f"{sandbox.url}/scim/v{version[0]}",
        "token": "sandbox-scim-token",
        "attributes": {column: f"{HR[version]}:{name}" for column, name in columns.items()},
        "workers": 2,
        **more,
    }


def _scim_endless(_sandbox: Running, path: str) -> dict[str, Any]:
    body = {"totalResults": 1000, "Resources": [{"id": "x", "members": []}], "nextCursor": "same"}
    return {"path": path, "status": 200, "times": 0, "body": body}


def _xml_endless(_sandbox: Running, path: str) -> dict[str, Any]:
    body = "<R><totalResults>1000</totalResults><Resources><r><id>x</id></r></Resources></R>"
    return {"path": path, "status": 200, "times": 0, "body": body}


def _scim_push(sandbox: Running, folder: Path) -> dict[str, Any]:
    """What a client like Okta's pushed to the service once; it is at rest while the source reads."""
    ledger = f"sqlite:///{folder / 'pushed.db'}"
    if not (folder / "pushed.db").exists():
        with Service(ledger, receive.Connection("scim_push")) as service:
            client = Client("okta", service.base(), service.tokens["scim_push"])
            client.cycle(sandbox.world.company)
    return {"ledger": ledger, "attributes": HR_COLUMNS}


def _ldap(sandbox: Running, name: str) -> dict[str, Any]:
    """A directory that shows long member lists in parts of twelve."""
    sandbox.world.options["ldap_range"] = 12
    return vendors.connections()[name].resolved(sandbox.url)


def _directory(name: str, **more: Any) -> Case:
    return Case(
        connection=lambda sandbox, _folder: _ldap(sandbox, name),
        paths={"identities": "/ldap", "memberships": "/ldap"},
        # What the server says of itself is asked first, and has no pages.
        endless=lambda _sandbox, path: {"path": path, "kind": "repeat", "times": 0, "skip": 2},
        small_pages={"page_size": 4},
        # A directory knows whether an account is shut, and not why.
        states={"staged": "suspended", "departed": "suspended"},
        http=False,
        needs="ldap",
        **more,
    )


def _csv(sandbox: Running, folder: Path) -> dict[str, Any]:
    path = write(sandbox.world, folder, style="people")
    return {"path": path, "groups": {"columns": ["Groups"], "separator": ","}}


def _people(sandbox: Running, folder: Path) -> pd.DataFrame:
    table = pd.read_csv(write(sandbox.world, folder, style="people"), dtype="str")
    for name in ("Hired on", "Leaves on", "Last sign-in"):
        table[name] = pd.to_datetime(table[name])
    return table


def _parquet(sandbox: Running, folder: Path) -> dict[str, Any]:
    table = _people(sandbox, folder)
    table["Groups"] = [[] if pd.isna(names) else names.split(", ") for names in table["Groups"]]
    table.to_parquet(folder / "people.parquet")
    return {"path": folder / "people.parquet", "groups": {"columns": ["Groups"]}}


def _sql(sandbox: Running, folder: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "hr.db")) as database:
        _people(sandbox, folder).to_sql("people", database, index=False, if_exists="replace")
    groups = {"columns": ["Groups"], "separator": ","}
    return {"url": f"sqlite:///{folder / 'hr.db'}", "query": "SELECT * FROM people", "groups": groups}


LISTS = {"identities": "users", "memberships": "groups"}
SPECIAL = {
    "okta": Case(
        options={"groups": ["atl-*", "team-*"], "workers": 2},
        small_pages={"page_size": 7, "member_page_size": 5},
        paths={"identities": "/okta/api/v1/users", "memberships": "/okta/api/v1/groups"},
        endless=_okta_endless,
    ),
    "entra": Case(
        options={"workers": 2},
        small_pages={"page_size": 7, "sign_in_page_size": 9, "member_page_size": 5},
        # The authority and Graph: with token and discovery every request is on a page that may fail.
        paths={"identities": "/entra", "memberships": "/entra"},
        endless=_entra_endless,
        # Someone who has not started is disabled like someone who is suspended.
        states={"staged": "suspended"},
        keeps=30,
        forgets=("manager",),
        # Sign-ins are listed of those who live, and the merge forgets none.
        remembers=("last_sign_in",),
    ),
    "onelogin": Case(
        options={"workers": 2},
        paths={"identities": "/onelogin/api/2/users", "memberships": "/onelogin/api/2/roles"},
        endless=_onelogin_endless,
    ),
    "google_workspace": Case(
        options={"workers": 2},
        paths={part: f"/google/admin/directory/v1/{what}" for part, what in LISTS.items()},
        endless=_google_endless,
        # Someone who has not started is suspended like someone who is barred.
        states={"staged": "suspended"},
    ),
    "keycloak": Case(
        options={"workers": 2},
        paths={part: f"/keycloak/admin/realms/acme/{what}" for part, what in LISTS.items()},
        endless=_keycloak_endless,
        states=SCIM_STATES,
    ),
    "scim": Case(
        connection=lambda sandbox, _folder: _scim(sandbox, "2.0", paging="index"),
        paths={"identities": "/scim/v2/Users", "memberships": "/scim/v2/Groups"},
        endless=_scim_endless,
        states=SCIM_STATES,
    ),
    "scim-cursor": Case(
        connection=lambda sandbox, _folder: _scim(sandbox, "2.0", paging="cursor"),
        paths={"identities": "/scim/v2/Users", "memberships": "/scim/v2/Groups"},
        endless=_scim_endless,
        states=SCIM_STATES,
        kind="scim",
    ),
    "scim-xml": Case(
        connection=lambda sandbox, _folder: _scim(sandbox, "1.1", format="xml"),
        paths={"identities": "/scim/v1/Users", "memberships": "/scim/v1/Groups"},
        endless=_xml_endless,
        states=SCIM_STATES,
        kind="scim",
    ),
    "scim_push": Case(connection=_scim_push, states=SCIM_STATES),
    "ldap": _directory("acme-ad"),
    "ldap-openldap": _directory("acme-openldap", kind="ldap"),
    "csv": Case(connection=_csv),
    "parquet": Case(connection=_parquet, kind="csv"),
    "sql": Case(connection=_sql),
}


def paged(kind: str, **more: Any) -> Case:
    """Return the case of a source all of whose requests go below the `url` of its connection."""
    path = urlsplit(_stated(kind).options["url"].removeprefix("$base")).path
    return Case(paths=dict.fromkeys(("identities", "memberships"), path), **more)


def _stated(kind: str) -> Connection:
    """Return the connection the sandbox's folder of a kind states."""
    found = next((one for one in vendors.connections().values() if one.kind == kind), None)
    if found is None:
        raise LookupError(f"sandbox/{kind}/__init__.py states no connection; see docs/connectors.md")
    return found


# Nobody is deleted for having left.
SUSPENDS = {"departed": "suspended"}
SPECIAL |= {
    "jumpcloud": paged("jumpcloud", options={"workers": 2}, states=SUSPENDS),
    "pingone": paged("pingone", states=SUSPENDS),
}
CASES = SPECIAL | {kind: paged(kind) for kind in KINDS if kind not in SPECIAL}


def connect(name: str, sandbox: Running, folder: Path, door: Door, **more: Any) -> Source:
    """Open the source of a case on a sandbox; skips the test where what it needs is not installed."""
    if not CASES[name].usable:
        pytest.skip(f"the module {CASES[name].needs} is not installed: `make ldap`")
    made = connector(CASES[name].kind or name)
    return made(name, made.Options(**_options(name, sandbox, folder), **more), door)


def untold(name: str, sandbox: Running, folder: Path) -> list[str]:
    """Return the columns the source of a case can never tell, as its options say."""
    never: frozenset[str] = getattr(connector(CASES[name].kind or name).Options, "untold", frozenset())
    return sorted(never - set(_options(name, sandbox, folder).get("attributes", {})))


def _options(name: str, sandbox: Running, folder: Path) -> dict[str, Any]:
    case = CASES[name]
    if case.connection:
        return {**case.connection(sandbox, folder), **case.options}
    return {**_stated(case.kind or name).resolved(sandbox.url), **case.options}
