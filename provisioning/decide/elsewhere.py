"""Accounts that other connections tell otherwise: nothing is done about them, and both sides are told."""

from __future__ import annotations

import numpy as np
import orjson
import pandas as pd

from provisioning.decide.changes import renumbered
from provisioning.decide.context import Context, count, list_names
from provisioning.model.contested import describe_contested
from provisioning.model.keys import positions
from provisioning.model.terms import Action
from provisioning.model.text import folded


def drop_contested(context: Context, changes: pd.DataFrame) -> pd.DataFrame:
    """Leave out every change of an account that another connection tells otherwise, with both sides named.

    Nor does anybody get an address, anew or by a change, that another account has by that connection.
    """
    told = context.contested
    if told.empty:
        return changes
    number = told["account_id"].nunique()
    verb, them = ("is", "it") if number == 1 else ("are", "them")
    context.note(
        f"{count(number, 'account')} {verb} told otherwise by another connection, so nothing is done about "
        f"{them}: {list_names(describe_contested(told))}",
        "put current exports there, or correct the one that is wrong",
    )
    elsewhere = folded(told.loc[told["field"] == "email", "other_value"])
    doubted = positions(changes["account_id"], told["account_id"]) >= 0
    doubted |= positions(folded(_addresses_given(changes)), elsewhere) >= 0
    return renumbered(changes, ~doubted.astype(np.bool_))


def _addresses_given(changes: pd.DataFrame) -> pd.Series:
    """The address each change gives an account, all of those of a new one; null where it gives none."""
    created = changes["subject"].where(changes["account_id"].isna())
    moved = changes["action"] == Action.UPDATE_EMAIL.value
    given = [orjson.loads(after).get("email") for after in changes.loc[moved, "after"]]
    return created.mask(moved, pd.Series(given, index=changes.index[moved], dtype="str"))
