"""Accounts to create, to bring back and to keep in step with the attributes of their people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.changes import packed, part, state
from provisioning.decide.context import Context, picked, shown
from provisioning.decide.people import ACTIVE
from provisioning.model.frames import AccountState, Action
from provisioning.model.keys import Mask, Rows, places, positions, take
from provisioning.model.text import folded
from provisioning.policy.transform import DEFAULT_ATTRIBUTES, derive

_BACK = {
    AccountState.SUSPENDED.value: Action.RESTORE,
    AccountState.DEACTIVATED.value: Action.REACTIVATE,
    AccountState.DELETED.value: Action.CANCEL_DELETE,
}


class Created(NamedTuple):
    """Raw changes that create accounts, and the e-mail address of each by person."""

    raw: pd.DataFrame
    emails: pd.Series


def create(context: Context) -> Created:
    """Create an account for each joiner whose attributes allow it; the others are noted."""
    person = context.lives.person[context.lives.are("joiner")]
    if not context.rules.joiner.create or not len(person):
        if len(person):
            context.note(f"{len(person)} people have no account, and joiner.create is off")
        person = person[:0]
    wanted = attributes(context, person, list(DEFAULT_ATTRIBUTES))
    fine = _complete(context, wanted) & ~_colliding(context, person, wanted)
    person, wanted = person[fine], wanted[fine].reset_index(drop=True)
    source = take(context.people.statements["source"], person)
    raw = part(
        Action.CREATE,
        person,
        np.full(len(person), -1, dtype=np.int64),
        before="{}",
        after=_json(wanted),
        reason="active in " + source + ", in scope, and without an account",
        rule="joiner.create",
        movement="joiner",
    )
    return Created(raw, pd.Series(wanted["email"].to_numpy(), index=person, dtype="str"))


def bring_back(context: Context) -> pd.DataFrame:
    """Restore the accounts of people who are active again."""
    back = np.flatnonzero(context.lives.are("rehire"))
    if len(back) and not context.rules.joiner.reactivate:
        context.note(f"{len(back)} active people have a suspended account, and joiner.reactivate is off")
        back = back[:0]
    account = context.lives.account[back]
    states = take(context.target.accounts["state"], account)
    source = take(context.people.statements["source"], context.lives.person[back])
    return part(
        "",
        context.lives.person[back],
        account,
        before=states.map(state),
        after=state(AccountState.ACTIVE.value),
        reason="active in " + source + ", but the account is " + states,
        rule="joiner.reactivate",
        movement="rehire",
    ).assign(action=states.map(_BACK).astype("str"))


def update(context: Context, back: Rows) -> list[pd.DataFrame]:
    """Bring the attributes of people who stay into their accounts.

    Args:
        context: what is known.
        back: accounts that are brought back by this plan.
    """
    lives, accounts = context.lives, context.target.accounts
    active = (accounts["state"] == AccountState.ACTIVE.value).to_numpy(np.bool_)
    usable = picked(active, lives.account) | np.isin(lives.account, back)
    staying = lives.are("stayer", "rehire") & (lives.why == ACTIVE).to_numpy()
    chosen = np.flatnonzero(staying & usable & (lives.account >= 0))
    person, account = lives.person[chosen], lives.account[chosen]
    fields = [name for name in DEFAULT_ATTRIBUTES if name in context.rules.mover.update]
    wanted = attributes(context, person, fields)
    held = pd.DataFrame({name: take(accounts[name], account) for name in fields})
    differs = {name: _differs(name, wanted[name], held[name]) for name in fields}
    theirs = picked(context.managed, account)
    foreign = int((np.logical_or.reduce(list(differs.values())) & ~theirs).sum()) if fields else 0
    if foreign:
        context.note(
            f"{foreign} accounts show other attributes than the sources, and belong to their holders",
            "ask them to correct their profile; only accounts of claimed domains can be changed",
        )
    made = []
    others = [name for name in fields if name != "email"]
    address = [name for name in fields if name == "email"]
    for names, action in ((address, Action.UPDATE_EMAIL), (others, Action.UPDATE)):
        if names:
            moved = np.logical_or.reduce([differs[name] for name in names])
            rows = np.flatnonzero(moved & theirs)
            mask = pd.DataFrame({name: differs[name][rows] for name in names})
            new, old = (frame.iloc[rows].reset_index(drop=True)[names] for frame in (wanted, held))
            made.append(_updates(context, part(action, person[rows], account[rows]), new, old, mask))
    return made


def attributes(context: Context, person: Rows, fields: Sequence[str]) -> pd.DataFrame:
    """What the fields of people's accounts should say, by the policy's mapping."""
    people = context.people.statements.iloc[person].reset_index(drop=True)
    stated = context.rules.attributes
    wanted = {}
    for name in fields:
        wanted[name] = derive(stated.get(name, DEFAULT_ATTRIBUTES[name]), people)  # type: ignore[call-overload]
    return pd.DataFrame(wanted, index=people.index)


def _updates(
    context: Context, raw: pd.DataFrame, new: pd.DataFrame, old: pd.DataFrame, mask: pd.DataFrame
) -> pd.DataFrame:
    words = [", ".join(str(name) for name, moved in row.items() if moved) for row in mask.to_dict("records")]
    movement = take(context.lives.movement, places(raw["account"].to_numpy(np.int64), context.lives.account))
    return raw.assign(
        before=_json(old, mask),
        after=_json(new, mask),
        reason="the source says otherwise: " + pd.Series(words, index=mask.index, dtype="str"),
        rule="mover.update",
        movement=movement.mask(movement == "stayer", "mover"),
    )


def _differs(name: str, wanted: pd.Series, held: pd.Series) -> Mask:
    """Whether a field should change: an unknown wish changes nothing, nor does an address not shown."""
    if name == "email":
        other = folded(wanted).ne(folded(held)) & held.notna()
    else:
        other = wanted.ne(held) | held.isna()
    found: Mask = (other.fillna(value=True) & wanted.notna()).to_numpy(np.bool_)
    return found


def _complete(context: Context, wanted: pd.DataFrame) -> Mask:
    """Which joiners have what an account needs."""
    needed = ["email", *(n for n, a in context.rules.attributes.items() if a.required and n != "email")]
    fine = wanted[needed].notna()
    for name in needed:
        lacking = wanted.loc[~fine[name], [n for n in ("user_name", "display_name") if n in wanted]]
        if len(lacking):
            who = shown(lacking.bfill(axis=1).iloc[:, 0].fillna("someone without a name").tolist())
            context.note(f"{len(lacking)} people get no account, they have no {name}: {who}",
                      f"give them one in the source, or state targets.attributes.{name}")  # fmt: skip
    complete: Mask = fine.all(axis=1).to_numpy(np.bool_)
    return complete


def _colliding(context: Context, person: Rows, wanted: pd.DataFrame) -> Mask:
    """Joiners whose e-mail address or user name is another's, whom nothing is done with."""
    accounts = context.target.accounts
    there = accounts[(accounts["kind"] == "person").to_numpy() & ~context.deleted]
    clash = np.zeros(len(person), dtype=np.bool_)
    for name in ("email", "user_name"):
        key = folded(wanted[name])
        several = (key.notna() & key.duplicated(keep=False)).to_numpy(np.bool_)
        taken = positions(key, folded(there[name])) >= 0
        for mask, reason in ((several, "several people without an account would get the same"),
                             (taken & ~several, "an account already has the same")):  # fmt: skip
            context.found.found += [(int(row), -1, name, f"{reason} {name}") for row in person[mask & ~clash]]
            clash |= mask
    return clash


def _json(values: pd.DataFrame, mask: pd.DataFrame | None = None) -> list[str]:
    """One JSON object a row: the known values, or the ones a mask chooses, null where unknown."""
    plain = values.astype(object).where(values.notna(), None)
    records: list[dict[Any, Any]] = plain.to_dict("records")
    if mask is None:
        return [packed({k: v for k, v in row.items() if v is not None}) for row in records]
    chosen = mask.to_dict("records")
    pairs = zip(records, chosen, strict=True)
    return [packed({k: v for k, v in row.items() if use[k]}) for row, use in pairs]
