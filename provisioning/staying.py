"""Groups to grant and to revoke for people who join, return or stay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.case import Case, picked, shown
from provisioning.changes import HELD, NOT_HELD, part
from provisioning.entitle import Entitled, removable, suppressed
from provisioning.frames import Action
from provisioning.keys import Mask, Rows, places, positions, take, within
from provisioning.things import GROUP


def grant(case: Case, wanted: Entitled, reachable: Mask) -> pd.DataFrame:
    """Grant what is wanted and not held.

    Args:
        case: what is known.
        wanted: who should hold what.
        reachable: which people have an account that can be used once this plan is made.
    """
    rows = np.flatnonzero(wanted.missing() & reachable[wanted.person])
    idle = suppressed(case, wanted)[rows]
    if idle.any():
        case.note(f"{int(idle.sum())} groups taken for want of use are not given back by themselves",
                  "grant them in the target to those who need them again")  # fmt: skip
    rows = rows[~idle]
    rows = rows[_allowed(case, wanted.group[rows])]
    person, group = wanted.person[rows], wanted.group[rows]
    texts = pd.DataFrame(wanted.rules, columns=["rule", "reason"], dtype="str")
    movement = _movement(case, person)
    return part(
        Action.GRANT,
        person,
        case.found.account[person],
        group=group,
        before=NOT_HELD,
        after=HELD,
        reason=take(texts["reason"], wanted.rule[rows]) + _opening(case, group, "opens"),
        rule=take(texts["rule"], wanted.rule[rows]),
        movement=movement,
    )


def revoke(case: Case, wanted: Entitled) -> pd.DataFrame:
    """Revoke what is held and not wanted, where Seatwise may."""
    nothing = part(Action.REVOKE, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    if case.rules.mover.mode == "additive":
        return nothing
    anyone, owners = removable(case, wanted.governed)
    rows = np.concatenate([wanted.surplus(anyone), _owned(case, wanted, wanted.surplus(owners))])
    person, group = wanted.held_person[rows], wanted.held_group[rows]
    fine = ~_unread(case, person) & picked(case.usable, case.found.account[person])
    person, group = person[fine], group[fine]
    _note_kept(case, wanted)
    return part(
        Action.REVOKE,
        person,
        case.found.account[person],
        group=group,
        before=HELD,
        after=NOT_HELD,
        reason="no IdP group grants it any more" + _opening(case, group, "opened"),
        rule="mover.mode: authoritative",
        movement=_movement(case, person),
    )


def _movement(case: Case, person: Rows) -> pd.Series:
    """The movement of people with changes: who stays has moved."""
    movement = take(case.lives.movement, places(person, case.lives.person))
    return movement.mask(movement == "stayer", "mover")


def _opening(case: Case, group: Rows, word: str) -> pd.Series:
    """What a group means for seats, as the end of a sentence."""
    products = take(case.groups["opens"], group)
    return (f"; {word} " + products + ", a billed seat").fillna("")


def _allowed(case: Case, group: Rows) -> Mask:
    """Which groups may be granted; the others are noted once, with how many people it concerns."""
    modifiable, addable = case.flag("modifiable")[group], case.flag("addable")[group]
    refusals = (
        (~modifiable, "the target does not let us change", "fill it where it is managed, or map another"),
        (modifiable & ~addable, "may_add does not name", "add it to groups.may_add if people should get it"),
    )
    for refused, problem, remedy in refusals:
        for number, people in pd.Series(group[refused]).value_counts(sort=False).items():
            name = case.groups["name"].iloc[int(str(number))]
            case.note(f"{people} people should hold {name}, which {problem}", remedy)
    return modifiable & addable


def _owned(case: Case, wanted: Entitled, rows: Rows) -> Rows:
    """Of these held pairs those that Seatwise made."""
    owned = case.memory.owned
    mine = owned[(owned["target"] == case.rules.to) & (owned["kind"] == GROUP)]
    account = positions(mine["account_id"], case.target.accounts["account_id"])
    person = np.append(case.found.holder, -1)[account]
    group = positions(mine["entitlement_id"], case.groups["entitlement_id"])
    keys = wanted.keys(person, group)[(person >= 0) & (group >= 0)]
    return rows[within(wanted.keys(wanted.held_person[rows], wanted.held_group[rows]), keys)]


def _unread(case: Case, person: Rows) -> Mask:
    """People of whom something could not be read, so that what they lack may be a gap of the read."""
    found = np.zeros(len(person), dtype=np.bool_)
    ids, names = (take(case.people.statements[name], person) for name in ("source_id", "source"))
    for name, snapshot in case.sources.items():
        found |= (names == name).to_numpy(np.bool_) & (positions(ids, snapshot.rejects["key"]) >= 0)
    return found


def _note_kept(case: Case, wanted: Entitled) -> None:
    """Name the governed groups that people hold beyond the policy and that may not be taken."""
    anyone, _ = removable(case, wanted.governed)
    fixed = wanted.governed & ~anyone & ~case.flag("kept")[:-1] & ~case.flag("protected")[:-1]
    group = wanted.held_group[wanted.surplus(fixed)]
    if len(group):
        names = shown(set(case.groups["name"].iloc[np.unique(group)]))
        case.note(f"{len(group)} memberships beyond the policy stay, in {names}: "
                  "groups.may_remove does not name these groups, or the target does not let us")  # fmt: skip
