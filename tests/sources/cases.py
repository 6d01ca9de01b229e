"""How to connect each kind of source to a sandbox; a new connector needs one entry here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from sandbox.atlassian_export.face import write
from sandbox.entra.auth import CLIENT, TENANT
from sandbox.running import Running
from sources import Source, connector
from transport.door import Door

OKTA_TOKEN = "sandbox-okta-token"


@dataclass(frozen=True)
class Case:
    """What the contract needs to know of a kind.

    Attributes:
        options: the connection's options against a sandbox; the folder is free for files.
        small_pages: options that make many pages.
        paths: what each part asks of the network; nothing for a source without one.
        endless: a fault that answers every page with the same next token.
        states: states it cannot tell from another, with what it says instead.
        keeps: days for which it tells of someone who left; None for ever.
        forgets: columns it does not tell of someone who left.
        remembers: columns of someone who left that only a delta still knows.
        kind: the kind in the table, where several cases are of one.
    """

    options: Callable[[Running, Path], dict[str, Any]]
    small_pages: dict[str, Any] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    endless: Callable[[Running, str], dict[str, Any]] | None = None
    states: dict[str, str] = field(default_factory=dict)
    keeps: int | None = None
    forgets: tuple[str, ...] = ()
    remembers: tuple[str, ...] = ()
    kind: str | None = None

    @property
    def remote(self) -> bool:
        """Whether it reads over the network."""
        return bool(self.paths)


def _okta(sandbox: Running, _folder: Path) -> dict[str, Any]:
    groups = ["atl-*", "team-*"]
    return {"url": f"{sandbox.url}/okta", "token": OKTA_TOKEN, "groups": groups, "workers": 2}


def _okta_endless(sandbox: Running, path: str) -> dict[str, Any]:
    link = f'<{sandbox.url}{path}?after=same>; rel="next"'
    return {"path": path, "status": 200, "times": 0, "body": [], "headers": {"link": link}}


def _entra(sandbox: Running, _folder: Path) -> dict[str, Any]:
    here = {"authority": f"{sandbox.url}/entra", "graph": f"{sandbox.url}/entra"}
    return {
        **here,
        "tenant": TENANT,
        "client_id": CLIENT,
        "client_secret": "sandbox-entra-secret",
        "workers": 2,
    }


def _entra_endless(sandbox: Running, _path: str) -> dict[str, Any]:
    path = "/entra/v1.0/"
    body = {"value": [], "@odata.nextLink": f"{sandbox.url}{path}users?$skiptoken=same"}
    return {"path": path, "status": 200, "times": 0, "body": body}


def _onelogin(sandbox: Running, _folder: Path) -> dict[str, Any]:
    pair = {"client_id": "sandbox-onelogin-id", "client_secret": "sandbox-onelogin-secret"}
    return {"url": f"{sandbox.url}/onelogin", **pair, "workers": 2}


def _onelogin_endless(_sandbox: Running, path: str) -> dict[str, Any]:
    return {"path": path, "status": 200, "times": 0, "body": [], "headers": {"after-cursor": "same"}}


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


CASES = {
    "okta": Case(
        _okta,
        {"page_size": 7, "member_page_size": 5},
        {"identities": "/okta/api/v1/users", "memberships": "/okta/api/v1/groups"},
        _okta_endless,
    ),
    "entra": Case(
        _entra,
        {"page_size": 7, "sign_in_page_size": 9, "member_page_size": 5},
        # The authority and Graph: with token and discovery every request is on a page that may fail.
        {"identities": "/entra", "memberships": "/entra"},
        _entra_endless,
        # Someone who has not started is disabled like someone who is suspended.
        states={"staged": "suspended"},
        keeps=30,
        forgets=("manager",),
        # Sign-ins are listed of those who live, and the merge forgets none.
        remembers=("last_sign_in",),
    ),
    "onelogin": Case(
        _onelogin,
        {"page_size": 7},
        {"identities": "/onelogin/api/2/users", "memberships": "/onelogin/api/2/roles"},
        _onelogin_endless,
    ),
    "scim": Case(
        lambda sandbox, _folder: _scim(sandbox, "2.0", paging="index"),
        {"page_size": 7},
        {"identities": "/scim/v2/Users", "memberships": "/scim/v2/Groups"},
        _scim_endless,
        SCIM_STATES,
    ),
    "scim-cursor": Case(
        lambda sandbox, _folder: _scim(sandbox, "2.0", paging="cursor"),
        {"page_size": 7},
        {"identities": "/scim/v2/Users", "memberships": "/scim/v2/Groups"},
        _scim_endless,
        SCIM_STATES,
        kind="scim",
    ),
    "scim-xml": Case(
        lambda sandbox, _folder: _scim(sandbox, "1.1", format="xml"),
        {"page_size": 7},
        {"identities": "/scim/v1/Users", "memberships": "/scim/v1/Groups"},
        _xml_endless,
        SCIM_STATES,
        kind="scim",
    ),
    "csv": Case(_csv),
    "parquet": Case(_parquet, kind="csv"),
    "sql": Case(_sql),
}


def connect(kind: str, sandbox: Running, folder: Path, door: Door, **more: Any) -> Source:
    """Open a source of a kind on a sandbox."""
    made = connector(CASES[kind].kind or kind)
    return made(kind, made.Options(**CASES[kind].options(sandbox, folder), **more), door)
