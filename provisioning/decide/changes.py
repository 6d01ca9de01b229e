"""Changes as rows: how they are built, ordered, named and what kinds of them there are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pandas as pd

from provisioning.decide.catalogue import GROUP
from provisioning.decide.context import Context
from provisioning.model import frames
from provisioning.model.frames import Changes
from provisioning.model.keys import Mask, Rows, locate, take
from provisioning.model.terms import Action

ORDER = [
    Action.CREATE_GROUP, Action.CREATE, Action.CANCEL_DELETE, Action.REACTIVATE, Action.RESTORE,
    Action.UPDATE_EMAIL, Action.UPDATE, Action.GRANT,
    Action.REVOKE, Action.SUSPEND, Action.DEACTIVATE, Action.REMOVE, Action.DELETE,
]  # fmt: skip
"""Order of execution: nobody is without an account or a group longer than need be."""
DESTRUCTIVE = frozenset({Action.REVOKE, Action.SUSPEND, Action.DEACTIVATE, Action.REMOVE, Action.DELETE})
IRREVERSIBLE = frozenset(
    {Action.CREATE_GROUP, Action.CREATE, Action.REMOVE, Action.DELETE, Action.CANCEL_DELETE}
)
"""An invitation cannot be unsent, what is deleted does not come back whole, and nobody is deleted to undo."""
ASSIGNED, UNASSIGNED = '{"assigned":true}', '{"assigned":false}'
RAW = ["action", "person", "account", "entitlement", "name", "before", "after", "reason", "rule", "movement"]
IDENTITY = [
    "target",
    "action",
    "account_id",
    "source",
    "source_id",
    "kind",
    "entitlement_id",
    "before",
    "after",
]
"""What makes a change the change it is: the same input gives the same identifier."""


def packed(value: dict[str, Any]) -> str:
    """A state as JSON, keys sorted."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def state(value: str) -> str:
    """The state of an account as JSON."""
    return packed({"state": value})


def movement_of(context: Context, person: Rows) -> pd.Series:
    """The movement of people with changes: who stays has moved."""
    movement = take(context.lifecycle.movement, locate(person, context.lifecycle.person))
    return movement.mask(movement == "stayer", "mover")


def part(action: str, person: Rows, account: Rows, **columns: object) -> pd.DataFrame:
    """Raw changes of one action.

    Args:
        action: what is done.
        person: rows of the records, -1 for none.
        account: rows of the accounts, -1 for none.
        columns: further columns of RAW; `entitlement` is a row of the catalogue, `name` that of a new group.
    """
    filled = {"action": str(action), "person": person, "account": account, "entitlement": -1, **columns}
    return pd.DataFrame(filled, index=range(len(person)), columns=RAW)


def assemble(context: Context, parts: Sequence[pd.DataFrame], emails: pd.Series) -> pd.DataFrame:
    """Changes in the order of execution, from raw ones.

    Args:
        context: what is known.
        parts: raw changes, as `part` gives them.
        emails: e-mail address of the accounts that are created, by person.
    """
    filled = [raw for raw in parts if len(raw)]
    if not filled:
        return frames.empty(Changes)
    raw = pd.concat(filled, ignore_index=True)
    new = raw["name"].astype("str")
    person, account, entitlement = (
        raw[name].to_numpy(np.int64) for name in ("person", "account", "entitlement")
    )
    table = raw.assign(
        target=context.rules.to,
        account_id=take(context.target.accounts["account_id"], account),
        **_identity(context, person, account),
        subject=_subject(context, person, account, emails).fillna(new),
        kind=take(context.catalogue["kind"], entitlement).mask(new.notna(), GROUP),
        entitlement_id=take(context.catalogue["entitlement_id"], entitlement),
        entitlement=take(context.catalogue["name"], entitlement).fillna(new),
    )
    return ordered(table)


def ordered(table: pd.DataFrame) -> pd.DataFrame:
    """A Changes frame: identifiers, flags, and the positions that the actions ask for."""
    rank = {action.value: number for number, action in enumerate(ORDER)}
    # A group that is made has no identifier yet; its name tells it from the others.
    named = table.assign(entitlement_id=table["entitlement_id"].fillna(table["entitlement"]))
    table = table.assign(
        change_id=[
            _identifier(row) for row in named[IDENTITY].astype(object).itertuples(index=False, name=None)
        ],
        rank=table["action"].map(rank),
        destructive=table["action"].isin(DESTRUCTIVE),
        reversible=~table["action"].isin(IRREVERSIBLE),
    ).drop_duplicates("change_id")
    table = table.sort_values(["rank", "subject", "entitlement", "change_id"], ignore_index=True)
    return frames.complete(Changes, table.assign(position=range(len(table))))


def renumbered(changes: pd.DataFrame, keep: Mask) -> pd.DataFrame:
    """Some of the changes, in their order, with positions anew."""
    kept = changes[keep].reset_index(drop=True)
    return kept.assign(position=np.arange(len(kept), dtype=np.int64))


def fingerprint(
    target: str, policy_fingerprint: str, changes: pd.DataFrame, shown: Sequence[str] = ()
) -> str:
    """Sha256 over target, policy and changes, whatever the order of the rows, and over what else is shown."""
    names = [name for name in frames.columns(Changes) if name != "position"]
    table = changes.sort_values("change_id")[names].astype(object)
    table = table.where(table.notna(), None)
    digest = hashlib.sha256(orjson.dumps([target, policy_fingerprint, names, *shown]))
    for row in table.itertuples(index=False, name=None):
        digest.update(orjson.dumps(row))
    return digest.hexdigest()


def _identifier(row: tuple[Any, ...]) -> str:
    plain = [None if value is pd.NA or value != value else value for value in row]  # noqa: PLR0124
    return hashlib.blake2b(orjson.dumps(plain), digest_size=12).hexdigest()


def _identity(context: Context, person: Rows, account: Rows) -> dict[str, pd.Series]:
    """Source and identifier of the person; of a vanished one, as the link remembers them."""
    stated = {name: take(context.people.records[name], person) for name in ("source", "source_id")}
    lost = pd.Series((person < 0) & (account >= 0))
    if lost.any():
        known = context.correlation.remembered.drop_duplicates("account").set_index("account")
        old = {name: known[name].reindex(account).reset_index(drop=True).astype("str") for name in stated}
        return {name: values.mask(lost, old[name]) for name, values in stated.items()}
    return stated


def _subject(context: Context, person: Rows, account: Rows, emails: pd.Series) -> pd.Series:
    """What a reader recognises: an e-mail address, else a name."""
    subject = emails.reindex(person).reset_index(drop=True).astype("str")
    for column, rows in (
        (context.people.records["email"], person),
        (context.target.accounts["email"], account),
        (context.people.records["user_name"], person),
        (context.target.accounts["display_name"], account),
        (context.people.records["source_id"], person),
        (context.target.accounts["account_id"], account),
    ):
        if not subject.isna().any():
            break
        subject = subject.fillna(take(column, rows))
    return subject
