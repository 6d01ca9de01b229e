"""What the sinks of one Cloud site share: its name, its kinds of accounts, and what cannot be done there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from provisioning.findings import Finding, Refused
from provisioning.frames import Action, Change, EntitlementKind, Entitlements, Screened
from provisioning.intake import screened
from transport.errors import TransportError

KINDS = {"atlassian": "person", "app": "app", "customer": "customer"}
ELSEWHERE = "Use a connection of kind atlassian_org or atlassian_scim for it, or do it on the admin site."
_ACCOUNT = ("an account's life belongs to its organisation, the site cannot change it", ELSEWHERE)
_PROFILE = ("a profile belongs to its holder or to the organisation, the site cannot change it", ELSEWHERE)
UNABLE: Mapping[Action, tuple[str, str]] = {
    Action.SUSPEND: _ACCOUNT,
    Action.RESTORE: _ACCOUNT,
    Action.DEACTIVATE: _ACCOUNT,
    Action.REACTIVATE: _ACCOUNT,
    Action.DELETE: _ACCOUNT,
    Action.CANCEL_DELETE: _ACCOUNT,
    Action.UPDATE: _PROFILE,
    Action.UPDATE_EMAIL: _PROFILE,
}
"""Why a site cannot do what an organisation can, and what to do instead."""


def site_of(url: str) -> str:
    """Name of a site: the first part of its host, or the last of a path it is served under."""
    parts = urlsplit(url)
    return parts.path.strip("/").rpartition("/")[2] or (parts.hostname or url).partition(".")[0]


def permit(change: Change, actions: Collection[Action], unable: Mapping[Action, tuple[str, str]]) -> None:
    """Refuse what a sink cannot do.

    Raises:
        Refused: the action is none of the sink's, or what is granted is no group.
    """
    action = Action(change.action)
    if action not in actions:
        words, remedy = unable[action]
        raise Refused(f"{action.value} of {change.subject}: {words}", remedy=remedy)
    if action in (Action.GRANT, Action.REVOKE) and change.kind != EntitlementKind.GROUP:
        raise Refused(
            f"{change.entitlement} is a {change.kind}, and only groups can be given and taken here",
            remedy="Give and take it on the admin site, or name a group that opens it.",
        )


def tried(subject: str, see: Callable[[], object]) -> Finding:
    """Whether something can be read, as a finding."""
    try:
        see()
    except (TransportError, Refused) as error:
        return Finding("error", subject, str(error), error.remedy)
    return Finding("ok", subject, "can be used")


def held_frame(
    target: str, members: Mapping[str, list[str]], names: Mapping[str, str], accounts: Collection[str]
) -> Screened:
    """Entitlements of the members of groups.

    Args:
        target: connection.
        members: account ids of each group, by its id.
        names: names of the groups.
        accounts: ids of all accounts; a member that came in after they were read is left out.
    """
    counts = [len(ids) for ids in members.values()]
    groups = pd.Series(list(members), dtype="str").repeat(counts).reset_index(drop=True)
    held = pd.DataFrame(
        {
            "account_id": pd.Series([key for ids in members.values() for key in ids], dtype="str"),
            "entitlement_id": groups,
            "name": groups.map(dict(names)),
        }
    )
    held = held[held["account_id"].isin(list(accounts))].drop_duplicates(["account_id", "entitlement_id"])
    raw: dict[str, Any] = {"target": target, "kind": EntitlementKind.GROUP.value}
    columns = {name: held[name].reset_index(drop=True) for name in held}
    return screened(Entitlements, raw | columns, origin=target, key="account_id")
