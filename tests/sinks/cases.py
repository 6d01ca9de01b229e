"""How to connect each kind of sink to a sandbox; a new connector needs one entry here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from provisioning.model import frames
from provisioning.model.frames import Change
from provisioning.model.screening import Screened
from provisioning.model.terms import Action
from sandbox.atlassian_export.face import write
from sandbox.atlassian_scim.state import DIRECTORY as SCIM_DIRECTORY
from sandbox.kit.cloud_model import DIRECTORY_ID, ORG_ID
from sandbox.running import Running
from sinks import Sink, connector
from transport.door import Door

KEY = "sandbox-org-key"
PARTS = {
    "accounts": frames.Accounts,
    "assignments": frames.Assignments,
    "entitlements": frames.Entitlements,
    "seats": frames.Seats,
    "capacity": frames.Capacity,
}
CREATED = "new.person@acme.test"
NEW_GROUP = "A new group"
STORIES: dict[str, list[Action]] = {
    "new group": [Action.CREATE_GROUP],
    "invite": [Action.CREATE],
    "group": [Action.GRANT, Action.REVOKE],
    "permission": [Action.GRANT, Action.REVOKE],
    "suspension": [Action.SUSPEND, Action.RESTORE],
    "deactivation": [Action.DEACTIVATE, Action.REACTIVATE],
    "deletion": [Action.DELETE, Action.CANCEL_DELETE],
    "ending": [Action.DELETE],
    "profile": [Action.UPDATE],
    "address": [Action.UPDATE_EMAIL],
    "removal": [Action.REMOVE],
}
"""Every action once, each finding the state that the one before it left."""
AFTER = {
    Action.SUSPEND: {"state": "suspended"},
    Action.RESTORE: {"state": "active"},
    Action.DEACTIVATE: {"state": "deactivated"},
    Action.REACTIVATE: {"state": "active"},
    Action.DELETE: {"state": "deleted"},
    Action.CANCEL_DELETE: {"state": "active"},
    Action.UPDATE: {"display_name": "Another Name", "title": "Another Title"},
    Action.UPDATE_EMAIL: {"email": "another.address@acme.test"},
    Action.CREATE_GROUP: {"exists": True},
    Action.GRANT: {"assigned": True},
    Action.REVOKE: {"assigned": False},
}


@dataclass(frozen=True)
class Case:
    """What the contract needs to know of a kind.

    Attributes:
        options: the connection's options against a sandbox; the folder is free for files.
        small_pages: options that make many pages.
        paths: path prefixes of what one whole read asks of the network; nothing for a file.
        home: path prefix of everything it asks.
        verbs: HTTP methods of its writes, where they are not those of the organisation.
        direct: HTTP methods by which a product is given and taken without a group, where that can be.
        silent: parts its API does not tell.
        profile: what an update changes.
        unchanged: requests of a read by changes at most, where nothing changed.
    """

    options: Callable[[Running, Path], dict[str, Any]]
    small_pages: dict[str, Any] = field(default_factory=dict)
    paths: tuple[str, ...] = ()
    home: str = "/atlassian"
    verbs: dict[Action, str] = field(default_factory=dict)
    direct: dict[Action, str] = field(default_factory=dict)
    silent: tuple[str, ...] = ("capacity",)
    profile: dict[str, str] = field(default_factory=lambda: dict(AFTER[Action.UPDATE]))
    unchanged: int = 0

    def verb(self, made: Change) -> str:
        """The HTTP method that a change is sent with."""
        usual = {
            Action.UPDATE: "PATCH",
            Action.UPDATE_EMAIL: "PUT",
            Action.REMOVE: "DELETE",
            Action.REVOKE: "DELETE",
        }
        own = self.direct if made.kind == "product" else self.verbs
        return (usual | own).get(Action(made.action), "POST")

    def able(self, story_name: str, actions: frozenset[Action]) -> bool:
        """Whether a sink with these actions can do all of a story."""
        return set(STORIES[story_name]) <= actions and (story_name != "permission" or bool(self.direct))


def _org(sandbox: Running, _folder: Path) -> dict[str, Any]:
    return {
        "url": f"{sandbox.url}/atlassian",
        "org": ORG_ID,
        "directory": DIRECTORY_ID,
        "key": KEY,
        "workers": 2,
    }


def _export(sandbox: Running, folder: Path) -> dict[str, Any]:
    return {"path": write(sandbox.world, folder, style="groups")}


def _site(sandbox: Running, _folder: Path) -> dict[str, Any]:
    return {
        "url": f"{sandbox.url}/cloud/acme",
        "email": "admin@acme.test",
        "token": "sandbox-api-token",
        "workers": 2,
    }


def _datacenter(product: str) -> Callable[[Running, Path], dict[str, Any]]:
    def options(sandbox: Running, _folder: Path) -> dict[str, Any]:
        return {"url": f"{sandbox.url}/{product}", "token": "sandbox-dc-token", "workers": 2}

    return options


def _crowd(sandbox: Running, _folder: Path) -> dict[str, Any]:
    return {
        "url": f"{sandbox.url}/crowd",
        "application": "seatwise",
        "password": "sandbox-crowd-password",
        "workers": 2,
    }


_PUT = dict.fromkeys((Action.UPDATE, Action.UPDATE_EMAIL, Action.DEACTIVATE, Action.REACTIVATE), "PUT")


def _scim(sandbox: Running, _folder: Path) -> dict[str, Any]:
    return {
        "url": f"{sandbox.url}/atlassian",
        "directory": SCIM_DIRECTORY,
        "key": "sandbox-scim-key",
        "workers": 2,
    }


_DIRECTORY = f"/atlassian/admin/v2/orgs/{ORG_ID}/directories/{DIRECTORY_ID}"
CASES = {
    "atlassian_org": Case(
        _org,
        {"page_size": 10},
        (
            f"{_DIRECTORY}/users/search",
            f"{_DIRECTORY}/groups",
            f"/atlassian/admin/v2/orgs/{ORG_ID}/workspaces",
            f"/atlassian/admin/v1/orgs/{ORG_ID}/users",
        ),
        direct={Action.GRANT: "POST", Action.REVOKE: "POST"},
        unchanged=16,
    ),
    "atlassian_export": Case(_export),
    "jira_cloud": Case(
        _site,
        {"page_size": 10},
        tuple(
            f"/cloud/acme/rest/api/3/{path}"
            for path in ("users/search", "group/bulk", "group/member", "applicationrole")
        ),
        home="/cloud/acme",
        silent=(),
    ),
    "confluence_cloud": Case(
        _site,
        {"page_size": 10},
        ("/cloud/acme/wiki/rest/api/search/user", "/cloud/acme/wiki/rest/api/group"),
        home="/cloud/acme/wiki",
    ),
    "jsm_customers": Case(
        lambda sandbox, folder: _site(sandbox, folder) | {"url": f"{sandbox.url}/cloud/desk"},
        {"page_size": 2},
        tuple(
            f"/cloud/desk/rest/{path}"
            for path in ("servicedeskapi/servicedesk", "servicedeskapi/organization", "api/3/users/search")
        ),
        home="/cloud/desk",
        silent=("seats", "capacity"),
    ),
    "jsm_customers_dc": Case(
        _datacenter("desk"),
        {"page_size": 2},
        tuple(
            f"/desk/rest/{path}"
            for path in ("servicedeskapi/servicedesk", "servicedeskapi/organization", "api/2/user/list")
        ),
        home="/desk",
        silent=("seats", "capacity"),
    ),
    "atlassian_scim": Case(
        _scim,
        {"page_size": 5},
        tuple(f"/atlassian/scim/directory/{SCIM_DIRECTORY}/{what}" for what in ("Users", "Groups")),
        home="/atlassian/scim",
        verbs={
            action: "PATCH"
            for action in Action
            if action not in (Action.CREATE_GROUP, Action.CREATE, Action.DELETE)
        }
        | {Action.DELETE: "DELETE"},
        silent=("seats", "capacity"),
    ),
    "jira_dc": Case(
        _datacenter("jira"),
        {"page_size": 10},
        tuple(
            f"/jira/rest/api/2/{path}"
            for path in ("user/list", "group/member", "groups/picker", "applicationrole", "myself")
        ),
        home="/jira",
        verbs={**_PUT, Action.DELETE: "DELETE"},
        silent=(),
        profile={"display_name": "Another Name"},
    ),
    "confluence_dc": Case(
        _datacenter("confluence"),
        {"page_size": 10},
        tuple(
            f"/confluence/rest/{path}"
            for path in ("api/user/list", "api/admin/users/list/active", "api/group", "api/perm", "license")
        ),
        home="/confluence",
        verbs={**_PUT, Action.GRANT: "PUT", Action.DELETE: "DELETE"},
        silent=(),
        profile={"display_name": "Another Name"},
    ),
    "crowd": Case(
        _crowd,
        {"page_size": 10},
        ("/crowd/rest/usermanagement/1/search", "/crowd/rest/usermanagement/1/group/membership"),
        home="/crowd",
        verbs={**_PUT, Action.DELETE: "DELETE"},
        profile={"display_name": "Another Name", "given_name": "Another"},
    ),
    "bitbucket_dc": Case(
        _datacenter("bitbucket"),
        {"page_size": 10},
        ("/bitbucket/rest/api/latest/admin", "/bitbucket/rest/api/latest/users"),
        home="/bitbucket",
        verbs={**_PUT, Action.REVOKE: "POST", Action.DELETE: "DELETE"},
        direct={Action.GRANT: "PUT", Action.REVOKE: "DELETE"},
        silent=(),
        profile={"display_name": "Another Name"},
    ),
}


def connect(kind: str, sandbox: Running, folder: Path, door: Door, **more: Any) -> Sink:
    """Open a sink of a kind on a sandbox."""
    made = connector(kind)
    return made(kind, made.Options(**CASES[kind].options(sandbox, folder), **more), door)


def read(sink: Sink, part: str) -> pd.DataFrame:
    """Read one part whole, in an order of its own."""
    pages: Iterator[Screened] = getattr(sink, part)()
    model = PARTS[part]
    whole = frames.concat(model, [page.frame for page in pages])
    by = [name for name in ("account_id", "kind", "entitlement_id", "product", "site") if name in whole]
    return whole.sort_values(by, ignore_index=True)


def change(sink: Sink, action: Action, account_id: str | None, **more: Any) -> Change:
    """Make one row of a plan."""
    after = more.pop("after", AFTER.get(action, {}))
    facts: dict[str, Any] = dict.fromkeys(Change._fields) | {
        "change_id": f"{action}-{account_id}-{more.get('entitlement_id')}",
        "position": 0,
        "target": getattr(sink, "name", "target"),
        "action": action.value,
        "account_id": account_id,
        "subject": CREATED,
        "before": "{}",
        "after": json.dumps(after),
        "reason": "the test asks for it",
        "rule": "test",
        "destructive": False,
        "reversible": True,
    }
    return Change(**(facts | more))


def story(sink: Sink, name: str) -> list[Change]:
    """Make the changes of a story about one active, managed person who holds no administration role."""
    all_held = read(sink, "assignments")
    account, actions = someone(sink, all_held), STORIES[name]
    if name == "permission":
        held = a_product(sink, held_by=account)
    else:
        group = a_group(sink, all_held, held_by=account)
        held = {"kind": "group", "entitlement_id": group, "entitlement": "a group"}
    more: dict[Action, dict[str, Any]] = {
        Action.GRANT: held,
        Action.REVOKE: held,
        Action.UPDATE: {"after": CASES[sink.kind].profile},
    }
    if actions == [Action.CREATE_GROUP]:
        new = {"subject": NEW_GROUP, "kind": "group", "entitlement": NEW_GROUP}
        return [change(sink, Action.CREATE_GROUP, None, **new)]
    return [
        change(sink, action, None, after={"email": CREATED})
        if action == Action.CREATE
        else change(sink, action, account, **more.get(action, {}))
        for action in actions
    ]


def someone(sink: Sink, held: pd.DataFrame | None = None) -> str:
    """Find an active, managed person who holds groups alone, with a known address where there is one."""
    held = read(sink, "assignments") if held is None else held
    accounts = read(sink, "accounts")
    more = set(held.loc[held["kind"] != "group", "account_id"])
    fit = accounts[
        (accounts["state"] == "active")
        & (accounts["kind"] == "person")
        & accounts["managed"].fillna(value=True)
        & ~accounts["caller"]
    ]
    fit = fit[~fit["account_id"].isin(more) & ~fit["email"].str.contains("svc")]
    shown = fit[fit["email"].notna()]
    return str((shown if len(shown) else fit)["account_id"].iloc[-1])


def a_group(sink: Sink, held: pd.DataFrame, held_by: str) -> str:
    """Find a group that the account does not hold and that opens nothing."""
    entitlements = read(sink, "entitlements")
    mine = set(held.loc[held["account_id"] == held_by, "entitlement_id"])
    fit = entitlements[
        (entitlements["kind"] == "group")
        & entitlements["modifiable"]
        & entitlements["product"].isna()
        & ~entitlements["admin"]
    ]
    return str(fit.loc[~fit["entitlement_id"].isin(mine), "entitlement_id"].iloc[0])


def a_product(sink: Sink, held_by: str) -> dict[str, str]:
    """Find a product that the account can be given without a group, if possible one it has no seat of."""
    entitlements, seats = read(sink, "entitlements"), read(sink, "seats")
    fit = entitlements[(entitlements["kind"] == "product") & entitlements["modifiable"]]
    mine = seats.loc[seats["account_id"] == held_by, "product"]
    found = fit.assign(had=fit["product"].isin(mine)).sort_values("had", kind="stable").iloc[0]
    return {"kind": "product", "entitlement_id": found["entitlement_id"], "entitlement": found["name"]}
