"""People who would lose something because their last day is over, and who have worked long since it.

Their source calls them active and something of theirs was used: the day may be that of an earlier contract.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from provisioning.decide.context import Context, count, list_names
from provisioning.decide.people import DEPARTED
from provisioning.model.keys import Rows, positions, take
from provisioning.model.last_days import are_over, last_days
from provisioning.model.terms import State

GRACE = pd.Timedelta(days=7)
"""Nobody's last minute at work is that of the last day: a handover, another time zone, an older export."""


def describe_worked_on(context: Context, changes: pd.DataFrame) -> Iterator[str]:
    """Say whose last day a person should look at before what the plan takes from them is taken.

    Args:
        context: what is known.
        changes: a Changes frame.
    """
    lifecycle, target = context.lifecycle, context.target
    losing = positions(changes.loc[changes["destructive"], "account_id"], target.accounts["account_id"])
    departed = lifecycle.moved_as("leaver") & (lifecycle.reason == DEPARTED).to_numpy(np.bool_)
    rows = np.flatnonzero(departed & (lifecycle.person >= 0) & np.isin(lifecycle.account, losing))
    stated = take(context.people.records["state"], lifecycle.person[rows])
    rows = rows[(stated == State.ACTIVE.value).to_numpy()]
    if not len(rows):
        return
    records = context.people.records.take(lifecycle.person[rows]).reset_index(drop=True)
    worked_on = are_over(last_days(records) + GRACE, _last_use(context, records, lifecycle.account[rows]))
    if worked_on.any():
        who = list_names(set(records.loc[worked_on, "email"].fillna(records.loc[worked_on, "source_id"])))
        people = count(int(worked_on.sum()), "active person has", "active people have")
        yield (
            f"{people} worked for more than a week since their last day, which may be out of date: {who}; "
            "correct it where they are listed, or approve the plan if it is right"
        )


def _last_use(context: Context, records: pd.DataFrame, account: Rows) -> pd.Series:
    """When each person was last seen at work, by a sign-in, an account or a seat; null if never."""
    target = context.target
    ids = take(target.accounts["account_id"], account)
    by_seat = target.seats.groupby("account_id")["last_active"].max()
    seen = [
        records["last_sign_in"],
        take(target.accounts["last_active"], account),
        take(by_seat.reset_index(drop=True), positions(ids, pd.Series(by_seat.index, dtype="str"))),
    ]
    return pd.concat(seen, axis=1).max(axis=1)
