"""Whether there are seats for what a plan grants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.changes import renumbered
from provisioning.decide.context import Context
from provisioning.model.frames import Action
from provisioning.model.keys import positions

PLACE = ["product", "site"]
_FREES = [Action.SUSPEND, Action.DEACTIVATE, Action.REMOVE, Action.DELETE]


class Fitted(NamedTuple):
    """A plan's changes, and why the run must hold for want of seats."""

    changes: pd.DataFrame
    reasons: list[str]


def fit(context: Context, changes: pd.DataFrame) -> Fitted:
    """Count the seats a plan needs and frees; hold the run or leave the last grants out.

    Seats that the same plan frees count, because people who lose come first when it is applied.
    """
    limited = context.target.capacity[context.target.capacity["seats"].notna()]
    gains = _gains(context, changes)
    reasons: list[str] = []
    drop: list[str] = []
    bought = limited.drop_duplicates(PLACE)[[*PLACE, "seats", "used"]]
    for product, site, seats, told in bought.to_numpy(object):
        mine = gains[(gains["product"] == product) & (gains["site"] == site)]
        used = _used(context, product, site) if pd.isna(told) else int(told)
        freed = _freed(context, changes, product, site)
        room = max(int(seats) - used + freed, 0)
        seekers = mine.drop_duplicates("who").sort_values("position")
        if len(seekers) <= room:
            continue
        numbers = (
            f"{product} on {site}: {len(seekers)} more seats are needed; {seats} are bought, "
            f"{used} in use, {freed} freed by this plan"
        )
        if context.rules.capacity == "stop":
            reasons.append(f"{numbers}; buy seats, or set capacity: fill")
            continue
        late = seekers["who"].iloc[room:]
        drop += mine.loc[mine["who"].isin(late), "change_id"].tolist()
        context.note(
            f"{numbers}; {len(late)} people wait for a seat", "buy seats; the next run grants the rest"
        )
    keep = ~changes["change_id"].isin(drop)
    return Fitted(renumbered(changes, keep.to_numpy(np.bool_)), reasons)


def _gains(context: Context, changes: pd.DataFrame) -> pd.DataFrame:
    """Billed seats that people would newly hold: who, product, site, position, change_id."""
    given = changes[changes["action"] == Action.GRANT.value]
    paid = context.target.entitlements[
        context.target.entitlements["billable"] & context.target.entitlements["product"].notna()
    ]
    paid = paid.drop_duplicates(["entitlement_id", *PLACE])
    who = given["account_id"].fillna(given["source"] + "\0" + given["source_id"])
    gains = given.assign(who=who)[["who", "entitlement_id", "position", "change_id"]].merge(
        paid[["entitlement_id", *PLACE]], on="entitlement_id", how="inner", validate="many_to_many"
    )
    held = context.target.seats[context.target.seats["billable"]]
    have = pd.MultiIndex.from_arrays([held["account_id"], held["product"], held["site"]])
    wish = pd.MultiIndex.from_arrays([gains["who"], gains["product"], gains["site"]])
    return gains[~wish.isin(have)]


def _used(context: Context, product: str, site: str) -> int:
    """Seats in use, as they are listed; for a target that does not count them itself."""
    seats = context.target.seats
    return int((seats["billable"] & (seats["product"] == product) & (seats["site"] == site)).sum())


def _freed(context: Context, changes: pd.DataFrame, product: str, site: str) -> int:
    """Seats in use that the plan ends: the account goes, or loses every billed group that gives it."""
    seats = context.target.seats
    mine = seats[seats["billable"] & (seats["product"] == product) & (seats["site"] == site)]
    going = changes.loc[changes["action"].isin(_FREES), "account_id"]
    entitlements = context.target.entitlements
    here = entitlements["billable"] & (entitlements["product"] == product) & (entitlements["site"] == site)
    paths = context.target.assignments[context.target.assignments["entitlement_id"].isin(
        entitlements.loc[here, "entitlement_id"])]  # fmt: skip
    revoked = changes[changes["action"] == Action.REVOKE.value]
    lost = pd.MultiIndex.from_frame(revoked[["account_id", "entitlement_id"]])
    stays = ~pd.MultiIndex.from_frame(paths[["account_id", "entitlement_id"]]).isin(lost)
    keeping = paths.loc[stays, "account_id"]
    touched = mine["account_id"].isin(revoked["account_id"]) & (
        positions(mine["account_id"], keeping.drop_duplicates()) < 0
    )
    return int((mine["account_id"].isin(going) | touched).sum())
