"""Attributes of people who stay, kept in step with the sources."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.attributes import derive_attributes, packed_rows
from provisioning.decide.changes import movement_of, part
from provisioning.decide.context import Context, count
from provisioning.model.keys import Mask, Rows, pick, take
from provisioning.model.terms import AccountState, Action
from provisioning.model.text import folded, own_scripts
from provisioning.policy.transform import DEFAULT_ATTRIBUTES


def update(context: Context, back: Rows) -> list[pd.DataFrame]:
    """Bring the attributes of people who stay into their accounts.

    Args:
        context: what is known.
        back: accounts that are brought back by this plan.
    """
    fields = [name for name in DEFAULT_ATTRIBUTES if name in context.rules.mover.update]
    if not fields:
        return []
    person, account = _reachable(context, back)
    wanted = derive_attributes(context, person, fields)
    shown = pd.DataFrame({name: take(context.target.accounts[name], account) for name in fields})
    differs = pd.DataFrame({name: _differs(name, wanted[name], shown[name]) for name in fields})
    managed = pick(context.managed, account)
    _note_foreign(context, int((differs.any(axis=1).to_numpy(np.bool_) & ~managed).sum()))
    changes = []
    others = [name for name in fields if name != "email"]
    address = [name for name in fields if name == "email"]
    for names, action in ((address, Action.UPDATE_EMAIL), (others, Action.UPDATE)):
        if names:
            rows = np.flatnonzero(differs[names].any(axis=1).to_numpy(np.bool_) & managed)
            mask, new, old = (
                table.iloc[rows].reset_index(drop=True)[names] for table in (differs, wanted, shown)
            )
            changes.append(_updates(context, part(action, person[rows], account[rows]), new, old, mask))
    return changes


def _reachable(context: Context, back: Rows) -> tuple[Rows, Rows]:
    """People who stay and their accounts, where these can be written once the plan is made."""
    lifecycle = context.lifecycle
    active = (context.target.accounts["state"] == AccountState.ACTIVE.value).to_numpy(np.bool_)
    usable = pick(active, lifecycle.account) | np.isin(lifecycle.account, back)
    chosen = lifecycle.stays_active("stayer", "rehire") & usable & (lifecycle.account >= 0)
    return lifecycle.person[chosen], lifecycle.account[chosen]


def _note_foreign(context: Context, number: int) -> None:
    if number:
        verb, whose = ("shows", "its holder") if number == 1 else ("show", "their holders")
        context.note(
            f"{count(number, 'account')} {verb} other attributes than the sources, and only {whose} can "
            "change them",
            "ask them to correct their profile; Seatwise can change accounts of claimed domains only",
        )


def _updates(
    context: Context, raw: pd.DataFrame, new: pd.DataFrame, old: pd.DataFrame, mask: pd.DataFrame
) -> pd.DataFrame:
    words = [", ".join(str(name) for name, moved in row.items() if moved) for row in mask.to_dict("records")]
    return raw.assign(
        before=packed_rows(old, mask),
        after=packed_rows(new, mask),
        reason="the source says otherwise: " + pd.Series(words, index=mask.index, dtype="str"),
        rule="mover.update",
        movement=movement_of(context, raw["person"].to_numpy(np.int64)),
    )


def _differs(name: str, wanted: pd.Series, shown: pd.Series) -> Mask:
    """Whether a field should change: an unknown wish changes nothing, nor does an address not shown."""
    if name == "email":
        other = folded(wanted).ne(folded(shown)) & shown.notna()
    else:
        if name == "user_name":
            # A target may show in letters for machines the address it was given as a name.
            wanted, shown = own_scripts(wanted), own_scripts(shown)
        other = wanted.ne(shown) | shown.isna()
    differs: Mask = (other.fillna(value=True) & wanted.notna()).to_numpy(np.bool_)
    return differs
