"""Entitlements to grant and to revoke for people who join, return or stay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import find_entitlements
from provisioning.decide.changes import ASSIGNED, UNASSIGNED, movement_of, part
from provisioning.decide.context import Context, count, list_names
from provisioning.decide.entitle import Desired, find_removable, is_suppressed
from provisioning.model.keys import Mask, Rows, pick, positions, take, within
from provisioning.model.terms import Action

MOVED = "mover.mode: authoritative"
"""Rule of a change that takes from someone who stays what no IdP group grants any more."""


def grant(context: Context, desired: Desired, reachable: Mask) -> pd.DataFrame:
    """Grant what is desired and not assigned.

    Args:
        context: what is known.
        desired: who should have what.
        reachable: which people have an account that can be used once this plan is made.
    """
    rows = np.flatnonzero(desired.missing() & reachable[desired.person])
    idle = is_suppressed(context, desired)[rows]
    if idle.any():
        verb = "was" if idle.sum() == 1 else "were"
        context.note(
            f"{count(int(idle.sum()), 'assignment')} {verb} revoked because nobody used the seat, "
            f"and {verb} not given back automatically",
            "grant them in the target to the people who need them again",
        )
    rows = rows[~idle]
    rows = rows[_is_allowed(context, desired.entitlement[rows])]
    person, entitlement = desired.person[rows], desired.entitlement[rows]
    texts = pd.DataFrame(desired.rules, columns=["rule", "reason"], dtype="str")
    return part(
        Action.GRANT,
        person,
        context.correlation.account[person],
        entitlement=entitlement,
        before=UNASSIGNED,
        after=ASSIGNED,
        reason=take(texts["reason"], desired.rule[rows]) + _seats_in_words(context, entitlement, "opens"),
        rule=take(texts["rule"], desired.rule[rows]),
        movement=movement_of(context, person),
    )


def revoke(context: Context, desired: Desired) -> pd.DataFrame:
    """Revoke what is assigned and not desired, where Seatwise may."""
    if context.rules.mover.mode == "additive":
        return part(Action.REVOKE, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    from_anyone, from_ours = find_removable(context, desired.managed)
    rows = find_surplus(context, desired)
    person, entitlement = desired.assigned.person[rows], desired.assigned.entitlement[rows]
    certain = ~desired.unread[entitlement] & ~_is_unread(context, person)
    certain &= pick(context.usable, context.correlation.account[person])
    person, entitlement = person[certain], entitlement[certain]
    _note_kept(context, desired, from_anyone, from_ours)
    return part(
        Action.REVOKE,
        person,
        context.correlation.account[person],
        entitlement=entitlement,
        before=ASSIGNED,
        after=UNASSIGNED,
        reason="no IdP group grants it any more" + _seats_in_words(context, entitlement, "opened"),
        rule=MOVED,
        movement=movement_of(context, person),
    )


def find_surplus(context: Context, desired: Desired) -> Rows:
    """Rows of the assigned pairs that are not desired and that Seatwise may take, were all of it certain."""
    from_anyone, from_ours = find_removable(context, desired.managed)
    ours = _owned(context, desired, desired.surplus(from_ours))
    return np.concatenate([desired.surplus(from_anyone), ours])


def _seats_in_words(context: Context, entitlement: Rows, verb: str) -> pd.Series:
    """What an entitlement means for seats, as the end of a sentence."""
    products = take(context.catalogue["opens"], entitlement)
    return (f"; {verb} " + products + ", a billed seat").fillna("")


def _is_allowed(context: Context, entitlement: Rows) -> Mask:
    """Which entitlements may be granted; the others are noted once, with how many people it concerns."""
    modifiable, addable = context.flag("modifiable", entitlement), context.flag("addable", entitlement)
    refusals = (
        (~modifiable, "the target does not let us change", "fill it where it is managed, or map another"),
        (modifiable & ~addable, "may_add does not name", "add it to groups.may_add if people should get it"),
    )
    for refused, problem, remedy in refusals:
        for number, people in pd.Series(entitlement[refused]).value_counts(sort=False).items():
            name = context.catalogue["name"].iloc[int(str(number))]
            context.note(f"{count(people, 'person', 'people')} should have {name}, which {problem}", remedy)
    return modifiable & addable


def _owned(context: Context, desired: Desired, rows: Rows) -> Rows:
    """Of these assigned pairs those that Seatwise made."""
    owned = context.memory.owned
    here = owned[owned["target"] == context.rules.to]
    person = context.person_of(positions(here["account_id"], context.target.accounts["account_id"]))
    entitlement = find_entitlements(context.catalogue, here)
    ours = desired.keys(person, entitlement)[(person >= 0) & (entitlement >= 0)]
    pairs = desired.keys(desired.assigned.person[rows], desired.assigned.entitlement[rows])
    return rows[within(pairs, ours)]


def _is_unread(context: Context, person: Rows) -> Mask:
    """People of whom something could not be read, so that what they lack may be a gap of the read."""
    unread = np.zeros(len(person), dtype=np.bool_)
    ids, sources = (take(context.people.records[name], person) for name in ("source_id", "source"))
    for name, snapshot in context.sources.items():
        unread |= (sources == name).to_numpy(np.bool_) & (positions(ids, snapshot.rejects["key"]) >= 0)
    return unread


def _note_kept(context: Context, desired: Desired, from_anyone: Mask, from_ours: Mask) -> None:
    """Name the groups the policy fills that people have beyond it, and why they keep them."""
    kept, protected = (context.catalogue[name].to_numpy(np.bool_) for name in ("kept", "protected"))
    governed = (desired.filled | desired.managed) & ~kept & ~protected
    fixed = desired.surplus(governed & ~from_anyone & ~from_ours)
    why = "groups.may_remove does not name these groups, or the target does not let us change them"
    _note_beyond(context, desired.assigned.entitlement[fixed], why)
    others = desired.surplus(desired.filled & from_ours)
    others = others[~within(others, _owned(context, desired, others))]
    why = "Seatwise did not grant them, and groups.manage does not name these groups"
    _note_beyond(context, desired.assigned.entitlement[others], why)


def _note_beyond(context: Context, entitlement: Rows, why: str) -> None:
    if len(entitlement):
        names = list_names(set(context.catalogue["name"].iloc[np.unique(entitlement)]))
        verb = "stays" if len(entitlement) == 1 else "stay"
        context.note(f"{count(len(entitlement), 'membership')} beyond the policy {verb}, in {names}: {why}")
