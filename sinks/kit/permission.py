"""Changes that are refused before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action, EntitlementKind


class Reason(NamedTuple):
    """Why an action is impossible, and what to do instead."""

    message: str
    remedy: str


class SyncedGroup(Protocol):
    """A group that an identity provider may keep in sync."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def modifiable(self) -> bool:
        """Whether its members may be changed here."""


def permit(change: Change, actions: Collection[Action], reasons: Mapping[Action, Reason]) -> None:
    """Refuse what a sink cannot do.

    Args:
        change: what is wanted.
        actions: what the sink can do.
        reasons: why it cannot do the rest.

    Raises:
        Refused: the action is none of the sink's, or what is granted is no group.
    """
    action = Action(change.action)
    if action not in actions:
        reason = reasons[action]
        raise Refused(f"{action.value} of {change.subject}: {reason.message}", remedy=reason.remedy)
    if action in (Action.GRANT, Action.REVOKE) and change.kind != EntitlementKind.GROUP:
        raise Refused(
            f"{change.entitlement} is a {change.kind}; this connection can only grant and revoke groups",
            remedy="Change it on the admin site, or map a group that opens it.",
        )


def refuse_synced(group: SyncedGroup | None) -> None:
    """Refuse to change the members of a group that an identity provider keeps in sync.

    Raises:
        Refused: it does.
    """
    if group is not None and not group.modifiable:
        raise Refused(
            f"group {group.name} is synced from an identity provider, which would undo the change",
            remedy="Change the membership in that identity provider, or take the group out of the policy.",
        )
