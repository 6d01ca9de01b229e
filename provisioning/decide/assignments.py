"""Groups to grant and to revoke for people who join, return or stay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import placed
from provisioning.decide.changes import HELD, NOT_HELD, part
from provisioning.decide.context import Case, picked, shown
from provisioning.decide.entitle import Entitled, removable, suppressed
from provisioning.model.frames import Action
from provisioning.model.keys import Mask, Rows, places, positions, take, within


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
    rows = rows[_allowed(case, wanted.thing[rows])]
    person, thing = wanted.person[rows], wanted.thing[rows]
    texts = pd.DataFrame(wanted.rules, columns=["rule", "reason"], dtype="str")
    movement = _movement(case, person)
    return part(
        Action.GRANT,
        person,
        case.found.account[person],
        thing=thing,
        before=NOT_HELD,
        after=HELD,
        reason=take(texts["reason"], wanted.rule[rows]) + _opening(case, thing, "opens"),
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
    person, thing = wanted.held_person[rows], wanted.held_thing[rows]
    fine = ~_unread(case, person) & picked(case.usable, case.found.account[person])
    person, thing = person[fine], thing[fine]
    _note_kept(case, wanted)
    return part(
        Action.REVOKE,
        person,
        case.found.account[person],
        thing=thing,
        before=HELD,
        after=NOT_HELD,
        reason="no IdP group grants it any more" + _opening(case, thing, "opened"),
        rule="mover.mode: authoritative",
        movement=_movement(case, person),
    )


def _movement(case: Case, person: Rows) -> pd.Series:
    """The movement of people with changes: who stays has moved."""
    movement = take(case.lives.movement, places(person, case.lives.person))
    return movement.mask(movement == "stayer", "mover")


def _opening(case: Case, thing: Rows, word: str) -> pd.Series:
    """What a thing means for seats, as the end of a sentence."""
    products = take(case.things["opens"], thing)
    return (f"; {word} " + products + ", a billed seat").fillna("")


def _allowed(case: Case, thing: Rows) -> Mask:
    """Which things may be granted; the others are noted once, with how many people it concerns."""
    modifiable, addable = case.flag("modifiable")[thing], case.flag("addable")[thing]
    refusals = (
        (~modifiable, "the target does not let us change", "fill it where it is managed, or map another"),
        (modifiable & ~addable, "may_add does not name", "add it to groups.may_add if people should get it"),
    )
    for refused, problem, remedy in refusals:
        for number, people in pd.Series(thing[refused]).value_counts(sort=False).items():
            name = case.things["name"].iloc[int(str(number))]
            case.note(f"{people} people should hold {name}, which {problem}", remedy)
    return modifiable & addable


def _owned(case: Case, wanted: Entitled, rows: Rows) -> Rows:
    """Of these held pairs those that Seatwise made."""
    owned = case.memory.owned
    mine = owned[owned["target"] == case.rules.to]
    account = positions(mine["account_id"], case.target.accounts["account_id"])
    person = np.append(case.found.holder, -1)[account]
    thing = placed(case.things, mine)
    keys = wanted.keys(person, thing)[(person >= 0) & (thing >= 0)]
    return rows[within(wanted.keys(wanted.held_person[rows], wanted.held_thing[rows]), keys)]


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
    thing = wanted.held_thing[wanted.surplus(fixed)]
    if len(thing):
        names = shown(set(case.things["name"].iloc[np.unique(thing)]))
        case.note(f"{len(thing)} memberships beyond the policy stay, in {names}: "
                  "groups.may_remove does not name these groups, or the target does not let us")  # fmt: skip
