"""Whether there are seats for what a plan grants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.changes import renumbered
from provisioning.decide.context import Context, count
from provisioning.model.keys import Mask, positions
from provisioning.model.seat_table import INSTALLATION
from provisioning.model.terms import Action

_FREES = [Action.SUSPEND, Action.DEACTIVATE, Action.REMOVE, Action.DELETE]


class SeatedChanges(NamedTuple):
    """A plan's changes, and why it needs approval for want of seats."""

    changes: pd.DataFrame
    reasons: list[str]


class _Shortage(NamedTuple):
    """Too few seats of one installation: in words, and the grants there is no room for."""

    words: str
    people: int
    late: list[str]


def fit_capacity(context: Context, changes: pd.DataFrame) -> SeatedChanges:
    """Count the seats a plan needs and frees; block the plan or leave the last grants out.

    Seats that the same plan frees count, because people who lose come first when it is applied.
    """
    limited = context.target.capacity[context.target.capacity["seats"].notna()]
    gains = _gains(context, changes)
    reasons: list[str] = []
    late: list[str] = []
    for _, bought in limited.drop_duplicates(INSTALLATION).iterrows():
        shortage = _find_shortage(context, changes, gains, bought)
        if shortage is None:
            continue
        if context.rules.capacity == "stop":
            reasons.append(f"{shortage.words}; buy seats, or set capacity: fill")
            continue
        late += shortage.late
        people = count(shortage.people, "person waits", "people wait")
        context.note(f"{shortage.words}; {people} for a seat", "buy seats; the next run grants the rest")
    keep = ~changes["change_id"].isin(late)
    return SeatedChanges(renumbered(changes, keep.to_numpy(np.bool_)), reasons)


def _find_shortage(
    context: Context, changes: pd.DataFrame, gains: pd.DataFrame, bought: pd.Series
) -> _Shortage | None:
    """What is short of one installation; None where there is room for everyone."""
    seats = _seats_of(context.target.seats, bought)
    used = len(seats) if pd.isna(bought["used"]) else int(bought["used"])
    freed = _count_freed(context, changes, seats, bought)
    room = max(int(bought["seats"]) - used + freed, 0)
    seeking = gains[_is_of(gains, bought)]
    seekers = seeking.drop_duplicates("who").sort_values("position")
    if len(seekers) <= room:
        return None
    needed = count(len(seekers), "more seat is", "more seats are")
    words = (
        f"{bought['product']} on {bought['site']}: {needed} needed; {bought['seats']} are bought, "
        f"{used} in use, {freed} freed by this plan"
    )
    late = seekers["who"].iloc[room:]
    return _Shortage(words, len(late), seeking.loc[seeking["who"].isin(late), "change_id"].tolist())


def _is_of(table: pd.DataFrame, installation: pd.Series) -> Mask:
    rows = (table["product"] == installation["product"]) & (table["site"] == installation["site"])
    mask: Mask = rows.to_numpy(np.bool_)
    return mask


def _seats_of(seats: pd.DataFrame, installation: pd.Series) -> pd.DataFrame:
    """Billed seats of one installation, as they are listed."""
    return seats[seats["billable"].to_numpy(np.bool_) & _is_of(seats, installation)]


def _gains(context: Context, changes: pd.DataFrame) -> pd.DataFrame:
    """Billed seats that people would newly have: who, target, product, site, position, change_id."""
    given = changes[changes["action"] == Action.GRANT.value]
    paid = context.target.entitlements[
        context.target.entitlements["billable"] & context.target.entitlements["product"].notna()
    ]
    paid = paid.drop_duplicates(["entitlement_id", *INSTALLATION])
    who = given["account_id"].fillna(given["source"] + "\0" + given["source_id"])
    gains = given.assign(who=who)[["who", "entitlement_id", "position", "change_id"]].merge(
        paid[["entitlement_id", *INSTALLATION]], on="entitlement_id", how="inner", validate="many_to_many"
    )
    present = context.target.seats[context.target.seats["billable"]]
    have = pd.MultiIndex.from_frame(present[["account_id", *INSTALLATION]])
    return gains[~pd.MultiIndex.from_frame(gains[["who", *INSTALLATION]]).isin(have)]


def _count_freed(
    context: Context, changes: pd.DataFrame, seats: pd.DataFrame, installation: pd.Series
) -> int:
    """Seats in use that the plan ends: the account goes, or loses every billed group that gives it."""
    going = changes.loc[changes["action"].isin(_FREES), "account_id"]
    entitlements, assignments = context.target.entitlements, context.target.assignments
    opening = entitlements["billable"].to_numpy(np.bool_) & _is_of(entitlements, installation)
    paths = assignments[assignments["entitlement_id"].isin(entitlements.loc[opening, "entitlement_id"])]
    revoked = changes[changes["action"] == Action.REVOKE.value]
    lost = pd.MultiIndex.from_frame(revoked[["account_id", "entitlement_id"]])
    stays = ~pd.MultiIndex.from_frame(paths[["account_id", "entitlement_id"]]).isin(lost)
    keeping = paths.loc[stays, "account_id"].drop_duplicates()
    closed = seats["account_id"].isin(revoked["account_id"]) & (positions(seats["account_id"], keeping) < 0)
    return int((seats["account_id"].isin(going) | closed).sum())
