"""People who left and still have access: since how many days, and to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd

from provisioning.licensing.assess import list_seats
from provisioning.licensing.counting import ACCOUNT, IDENTITY
from provisioning.licensing.lanes import find_administrators
from provisioning.model.frames import Accounts, Assignments, Entitlements, Identities, concat
from provisioning.model.last_days import are_over, last_days
from provisioning.model.seat_table import PAYING
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from provisioning.model.terms import State

ADMINISTRATOR, PAID, OTHER = "administrator", "paid seat", "other access"
PRIVILEGES = [ADMINISTRATOR, PAID, OTHER]
"""What access is worth to whoever misuses it, the most first."""
AGES = {"up to 7 days": 7, "8 to 30 days": 30, "31 to 90 days": 90, "over 90 days": None}
UNKNOWN_AGE = "not known"
DEPARTED = [
    "days", "privilege", "display_name", "email", "department", "manager", "target", "account_id", "holds",
    "since",
]  # fmt: skip


def find_departed(
    sources: Sequence[SourceSnapshot],
    targets: Sequence[TargetSnapshot],
    links: pd.DataFrame,
    leavers: Mapping[str, pd.DataFrame],
    now: datetime,
) -> pd.DataFrame:
    """Find the accounts that work although the person left.

    Args:
        sources: reads of the sources.
        targets: reads of the targets.
        links: Links of all targets.
        leavers: by target, account_id and since: when the ledger first knew of them as gone.
        now: the instant of the report, UTC.

    Returns:
        Columns `DEPARTED`: holds is how many groups, roles and products the account has; since is the last
        working day, else the day they were first known as gone, and days counts from there (both null where
        neither is known). Those who administer first, then the longest gone.
    """
    assignments = concat(Assignments, [one.assignments for one in targets])
    entitlements = concat(Entitlements, [one.entitlements for one in targets])
    rows = _working_of_the_gone(sources, targets, links, now)
    rows = rows.merge(_first_known(leavers), on=ACCOUNT, how="left", validate="one_to_one")
    held = assignments.groupby(ACCOUNT).size().rename("holds").reset_index()
    rows = rows.merge(held, on=ACCOUNT, how="left", validate="one_to_one")
    since = rows["leaves_on"].fillna(rows["since"])
    rows = rows.assign(
        holds=rows["holds"].fillna(0).astype("int64"),
        since=since,
        days=(pd.Timestamp(now) - since).dt.days.clip(lower=0).astype("Int64"),
        privilege=_privileges(rows, targets, find_administrators(assignments, entitlements)),
    )
    rank = rows["privilege"].map(PRIVILEGES.index)
    order = rows.assign(rank=rank).sort_values(["rank", "days"], ascending=[True, False], kind="stable").index
    return rows.loc[order, DEPARTED].reset_index(drop=True)


def count_departed(departed: pd.DataFrame) -> pd.DataFrame:
    """Accounts by how long ago the person left and by privilege.

    Returns:
        Columns age and one a privilege; every age, in order.
    """
    ages = pd.Series(UNKNOWN_AGE, index=departed.index)
    for age, most in reversed(AGES.items()):
        ages = ages.mask(departed["days"].notna() & (departed["days"] <= (most or 10**6)), age)
    table = pd.crosstab(ages, departed["privilege"])
    table = table.reindex(index=[*AGES, UNKNOWN_AGE], columns=PRIVILEGES, fill_value=0)
    return table.rename_axis("age").rename_axis(None, axis=1).reset_index()


def _working_of_the_gone(
    sources: Sequence[SourceSnapshot], targets: Sequence[TargetSnapshot], links: pd.DataFrame, now: datetime
) -> pd.DataFrame:
    """Accounts of people that work, linked to somebody who departed, with what is stated of them."""
    identities = concat(Identities, [one.identities for one in sources])
    identities = identities.assign(leaves_on=last_days(identities))
    gone = identities[(identities["state"] == State.DEPARTED.value) | are_over(identities["leaves_on"], now)]
    accounts = concat(Accounts, [one.accounts for one in targets])
    working = accounts[accounts["state"].isin(PAYING) & (accounts["kind"] == "person")]
    linked = working[ACCOUNT].merge(links[[*ACCOUNT, *IDENTITY]], on=ACCOUNT, validate="one_to_one")
    stated = gone[[*IDENTITY, "display_name", "email", "department", "manager", "leaves_on"]]
    return linked.merge(stated, on=IDENTITY, validate="many_to_one")


def _first_known(leavers: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    none = pd.DataFrame(columns=["account_id", "since", "target"])
    parts = [rows[["account_id", "since"]].assign(target=target) for target, rows in leavers.items()]
    known = pd.concat([none, *(part for part in parts if len(part))])
    texts = known.astype({"target": "str", "account_id": "str"})
    return texts.assign(since=pd.to_datetime(texts["since"], utc=True))


def _privileges(
    rows: pd.DataFrame, targets: Sequence[TargetSnapshot], administrators: pd.DataFrame
) -> pd.Series[str]:
    seats = list_seats(targets, concat(Accounts, [one.accounts for one in targets]))
    accounts = pd.MultiIndex.from_frame(rows[ACCOUNT])
    paid = accounts.isin(pd.MultiIndex.from_frame(seats.loc[seats["billable"], ACCOUNT]))
    rules = accounts.isin(pd.MultiIndex.from_frame(administrators))
    words = pd.Series(OTHER, index=rows.index, dtype="str")
    return words.mask(paid, PAID).mask(rules, ADMINISTRATOR)
