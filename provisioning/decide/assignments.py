"""Groups to grant and to revoke for people who join, return or stay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import placed
from provisioning.decide.changes import ASSIGNED, UNASSIGNED, part
from provisioning.decide.context import Context, picked, shown
from provisioning.decide.entitle import Entitled, removable, suppressed
from provisioning.model.frames import Action
from provisioning.model.keys import Mask, Rows, places, positions, take, within


def grant(context: Context, wanted: Entitled, reachable: Mask) -> pd.DataFrame:
    """Grant what is wanted and not held.

    Args:
        context: what is known.
        wanted: who should hold what.
        reachable: which people have an account that can be used once this plan is made.
    """
    rows = np.flatnonzero(wanted.missing() & reachable[wanted.person])
    idle = suppressed(context, wanted)[rows]
    if idle.any():
        context.note(f"{int(idle.sum())} groups taken for want of use are not given back by themselves",
                  "grant them in the target to those who need them again")  # fmt: skip
    rows = rows[~idle]
    rows = rows[_allowed(context, wanted.thing[rows])]
    person, thing = wanted.person[rows], wanted.thing[rows]
    texts = pd.DataFrame(wanted.rules, columns=["rule", "reason"], dtype="str")
    movement = _movement(context, person)
    return part(
        Action.GRANT,
        person,
        context.found.account[person],
        thing=thing,
        before=UNASSIGNED,
        after=ASSIGNED,
        reason=take(texts["reason"], wanted.rule[rows]) + _opening(context, thing, "opens"),
        rule=take(texts["rule"], wanted.rule[rows]),
        movement=movement,
    )


def revoke(context: Context, wanted: Entitled) -> pd.DataFrame:
    """Revoke what is held and not wanted, where Seatwise may."""
    nothing = part(Action.REVOKE, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    if context.rules.mover.mode == "additive":
        return nothing
    anyone, owners = removable(context, wanted.governed)
    rows = np.concatenate([wanted.surplus(anyone), _owned(context, wanted, wanted.surplus(owners))])
    person, thing = wanted.held_person[rows], wanted.held_thing[rows]
    fine = ~_unread(context, person) & picked(context.usable, context.found.account[person])
    person, thing = person[fine], thing[fine]
    _note_kept(context, wanted)
    return part(
        Action.REVOKE,
        person,
        context.found.account[person],
        thing=thing,
        before=ASSIGNED,
        after=UNASSIGNED,
        reason="no IdP group grants it any more" + _opening(context, thing, "opened"),
        rule="mover.mode: authoritative",
        movement=_movement(context, person),
    )


def _movement(context: Context, person: Rows) -> pd.Series:
    """The movement of people with changes: who stays has moved."""
    movement = take(context.lives.movement, places(person, context.lives.person))
    return movement.mask(movement == "stayer", "mover")


def _opening(context: Context, thing: Rows, word: str) -> pd.Series:
    """What a thing means for seats, as the end of a sentence."""
    products = take(context.things["opens"], thing)
    return (f"; {word} " + products + ", a billed seat").fillna("")


def _allowed(context: Context, thing: Rows) -> Mask:
    """Which things may be granted; the others are noted once, with how many people it concerns."""
    modifiable, addable = context.flag("modifiable")[thing], context.flag("addable")[thing]
    refusals = (
        (~modifiable, "the target does not let us change", "fill it where it is managed, or map another"),
        (modifiable & ~addable, "may_add does not name", "add it to groups.may_add if people should get it"),
    )
    for refused, problem, remedy in refusals:
        for number, people in pd.Series(thing[refused]).value_counts(sort=False).items():
            name = context.things["name"].iloc[int(str(number))]
            context.note(f"{people} people should hold {name}, which {problem}", remedy)
    return modifiable & addable


def _owned(context: Context, wanted: Entitled, rows: Rows) -> Rows:
    """Of these held pairs those that Seatwise made."""
    owned = context.memory.owned
    mine = owned[owned["target"] == context.rules.to]
    account = positions(mine["account_id"], context.target.accounts["account_id"])
    person = np.append(context.found.holder, -1)[account]
    thing = placed(context.things, mine)
    keys = wanted.keys(person, thing)[(person >= 0) & (thing >= 0)]
    return rows[within(wanted.keys(wanted.held_person[rows], wanted.held_thing[rows]), keys)]


def _unread(context: Context, person: Rows) -> Mask:
    """People of whom something could not be read, so that what they lack may be a gap of the read."""
    found = np.zeros(len(person), dtype=np.bool_)
    ids, names = (take(context.people.statements[name], person) for name in ("source_id", "source"))
    for name, snapshot in context.sources.items():
        found |= (names == name).to_numpy(np.bool_) & (positions(ids, snapshot.rejects["key"]) >= 0)
    return found


def _note_kept(context: Context, wanted: Entitled) -> None:
    """Name the governed groups that people hold beyond the policy and that may not be taken."""
    anyone, _ = removable(context, wanted.governed)
    fixed = wanted.governed & ~anyone & ~context.flag("kept")[:-1] & ~context.flag("protected")[:-1]
    thing = wanted.held_thing[wanted.surplus(fixed)]
    if len(thing):
        names = shown(set(context.things["name"].iloc[np.unique(thing)]))
        context.note(f"{len(thing)} memberships beyond the policy stay, in {names}: "
                  "groups.may_remove does not name these groups, or the target does not let us")  # fmt: skip
