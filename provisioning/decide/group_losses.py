"""What a plan takes because IdP groups changed: judged by the people who lose something, and told so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.assignments import MOVED
from provisioning.decide.catalogue import find_entitlements
from provisioning.decide.context import Context, count, list_names
from provisioning.decide.entitle import Desired
from provisioning.decide.guard import Losses
from provisioning.decide.idp_groups import IdpGroup
from provisioning.model.text import name_key
from provisioning.policy.values import share_text


class Loss(NamedTuple):
    """Who loses one group of the target by a plan."""

    name: str
    subjects: set[str]
    members: int


def judge_groups(context: Context, desired: Desired, changes: pd.DataFrame) -> Losses:
    """Why a plan needs approval for what it takes from people who stay, a sentence for each group."""
    losses = _find_losses(context, changes)
    by_target = [reason for loss in losses.values() for reason in _judge_loss(context, loss)]
    return Losses(list(_judge_idp_groups(context, desired, losses)), by_target)


def note_groups(context: Context, desired: Desired, changes: pd.DataFrame) -> None:
    """Tell of mapped IdP groups that were renamed or have nobody, and what the plan takes because of them."""
    losses = _find_losses(context, changes)
    groups = _targets_by_group(desired)
    meant = {(group.source, name_key(group.meant)) for group in groups}
    for group in groups:
        if group.is_renamed and group.people and not group.rivals:
            taken = (group.source, name_key(group.name)) in meant
            new = f"its identifier, {group.group_id}," if taken else group.name
            context.note(
                f"IdP group {group.meant} is now called {group.name} in {group.source}; it counts as before",
                f"write {new} instead of {group.meant} in groups.map",
            )
    for source in sorted({group.source for group in groups}):
        _note_empty(context, source, groups, losses)
    _note_rivals(context, groups)


def _note_empty(
    context: Context, source: str, groups: dict[IdpGroup, set[int]], losses: dict[int, Loss]
) -> None:
    """Name the mapped IdP groups of a source in which nobody is, and what that costs in this plan."""
    filled = {name_key(group.meant) for group in groups if group.people or group.unread}
    empty = {group: rows for group, rows in groups.items() if group.source == source and not group.people}
    empty = {group: rows for group, rows in empty.items() if name_key(group.meant) not in filled}
    if not empty:
        return
    names = list_names({group.meant for group in empty})
    lost = [losses[row] for row in set().union(*empty.values()) if row in losses]
    people = set().union(*(loss.subjects for loss in lost))
    cost = "this plan takes nothing from anyone for it"
    if lost:
        verb = "loses" if len(people) == 1 else "lose"
        what = list_names({loss.name for loss in lost})
        cost = f"by this plan {count(len(people), 'person', 'people')} {verb} {what}"
    remedy = "correct groups.map if a name is wrong, or the group if it should have members"
    context.note(f"mapped IdP groups without a member in {source}: {names}; {cost}", remedy)


def _note_rivals(context: Context, groups: Iterable[IdpGroup]) -> None:
    """Name the IdP groups whose names mean the same: which of them is meant is for a person to say."""
    alike: dict[tuple[str, str], list[IdpGroup]] = {}
    for group in groups:
        if group.rivals:
            alike.setdefault((group.source, name_key(group.meant)), []).append(group)
    for (source, _), several in alike.items():
        names = " and ".join(f"{group.name} ({group.group_id})" for group in several)
        counting = [f"{group.name} ({group.group_id})" for group in several if group.counts]
        getting = f"only those in {counting[0]}, which was there first, get" if counting else "nobody gets"
        context.note(
            f"{len(several)} IdP groups of {source} mean the same by their names: {names}; {getting} what "
            f"{several[0].meant} gives, and nobody loses it",
            "write the identifier of the one that is meant into groups.map in the place of the name, "
            "or rename the other",
        )


def _find_losses(context: Context, changes: pd.DataFrame) -> dict[int, Loss]:
    """Who loses what although they stay, by row of the catalogue."""
    lost = changes[changes["rule"] == MOVED]
    rows = pd.Series(find_entitlements(context.catalogue, lost), index=lost.index)
    size = len(context.catalogue)
    members = np.bincount(context.assigned.entitlement, minlength=size)
    names = context.catalogue["name"]
    return {
        int(str(row)): Loss(str(names.iloc[int(str(row))]), set(subjects), int(members[int(str(row))]))
        for row, subjects in lost["subject"].groupby(rows, sort=True)
    }


def _targets_by_group(desired: Desired) -> dict[IdpGroup, set[int]]:
    """Rows of the catalogue that each mapped IdP group fills."""
    targets: dict[IdpGroup, set[int]] = {}
    for row in desired.mappings:
        targets.setdefault(row.idp_group, set()).add(row.group)
    return targets


def _judge_idp_groups(
    context: Context, desired: Desired, losses: dict[int, Loss]
) -> Iterator[tuple[str, str]]:
    """IdP groups that lost more people than they may, now or within 30 days, and cost somebody something.

    Yields:
        The source, and the reason why a person has to look.
    """
    limit = context.policy.limits.group_drop
    targets = _targets_by_group(desired)
    filling = Counter(row for rows in targets.values() for row in rows)
    shared = {row for row, groups in filling.items() if groups > 1}
    for group, rows in targets.items():
        lost = [losses[row] for row in sorted(rows) if row in losses]
        fell = _count_fallen(group, rows, shared, losses)
        if not lost or fell <= limit.count or fell / group.most <= limit.share:
            continue
        since = "" if group.most == group.before else " within 30 days"
        went = "fell" if group.people < group.most else "went"
        joined = f" though {fell} lose by it" if fell > group.most - group.people else ""
        costs = "; ".join(_in_words(loss) for loss in lost)
        words = (
            f"{group.source}, group {group.meant} {went} from {group.most} to {group.people}{since}{joined}, "
            f"by {fell / group.most:.1%}; {share_text(limit.share)} is allowed; {costs}"
        )
        yield group.source, words


def _count_fallen(group: IdpGroup, rows: set[int], shared: set[int], losses: dict[int, Loss]) -> int:
    """How many people a group lost: whoever joined it meanwhile must not hide those who lose by it.

    Args:
        group: the group.
        rows: what it fills.
        shared: what several groups fill; a loss of that may be of another's while this one has not shrunk.
        losses: who loses what, by row.
    """
    net = group.most - group.people
    own = rows if net > 0 else rows - shared
    people: set[str] = set().union(*(losses[row].subjects for row in own if row in losses))
    return min(max(net, len(people)), group.most)


def _judge_loss(context: Context, loss: Loss) -> Iterator[str]:
    """Why it must be looked at that so many lose one group of the target."""
    limit = context.policy.limits.group_drop
    number = len(loss.subjects)
    share = number / loss.members if loss.members else 1.0
    if number > limit.count and share > limit.share:
        yield (
            f"{loss.name} falls from {loss.members} to {loss.members - number} accounts, by {share:.1%}; "
            f"{share_text(limit.share)} is allowed; {_in_words(loss)}; approve the plan if that is meant"
        )


def _in_words(loss: Loss) -> str:
    verb = "loses" if len(loss.subjects) == 1 else "lose"
    people = count(len(loss.subjects), "person", "people")
    return f"{people} {verb} {loss.name}: {list_names(loss.subjects)}"
