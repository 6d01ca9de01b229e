"""What other targets tell of the accounts of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.terms import Deployment
from tasks.memory import restore_target
from tasks.session import Session


def read_elsewhere(
    session: Session, name: str, targets: Mapping[str, TargetSnapshot]
) -> list[TargetSnapshot]:
    """The other targets that may show the accounts of one: those of the cloud, if it is one.

    What this run has not read, such as a target that is down, tells what it told last.

    Args:
        session: the open session.
        name: the target.
        targets: what was read of each.
    """
    if session.deployment(name) is not Deployment.CLOUD:
        return []
    read = [one for one in targets if one != name and session.deployment(one) is Deployment.CLOUD]
    return [*(targets[one] for one in read), *recall_unread(session, {*targets, name})]


def recall_unread(session: Session, read: Collection[str]) -> list[TargetSnapshot]:
    """The targets of the cloud that a run has not read, as they were read last.

    Args:
        session: the open session.
        read: the targets that it has read.
    """
    names = [one for one in session.target_names if one not in read]
    cloud = [one for one in names if session.deployment(one) is Deployment.CLOUD]
    last = [session.ledger.last_shown(one, None) for one in cloud]
    return [restore_target(one) for one in last if one is not None and not one.absent()]
