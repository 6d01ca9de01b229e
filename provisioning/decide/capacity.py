"""Whether there are seats for what a plan grants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.changes import renumbered
from provisioning.decide.context import Case
from provisioning.model.frames import Action
from provisioning.model.keys import positions

PLACE = ["product", "site"]
_FREES = [Action.SUSPEND, Action.DEACTIVATE, Action.REMOVE, Action.DELETE]


class Fitted(NamedTuple):
    """A plan's changes, and why the run must hold for want of seats."""

    changes: pd.DataFrame
    reasons: list[str]


def fit(case: Case, changes: pd.DataFrame) -> Fitted:
    """Count the seats a plan needs and frees; hold the run or leave the last grants out.

    Seats that the same plan frees count, because people who lose come first when it is applied.
    """
    limited = case.target.capacity[case.target.capacity["seats"].notna()]
    gains = _gains(case, changes)
    reasons: list[str] = []
    drop: list[str] = []
    bought = limited.drop_duplicates(PLACE)[[*PLACE, "seats", "used"]]
    for product, site, seats, told in bought.to_numpy(object):
        mine = gains[(gains["product"] == product) & (gains["site"] == site)]
        used = _used(case, product, site) if pd.isna(told) else int(told)
        freed = _freed(case, changes, product, site)
        room = max(int(seats) - used + freed, 0)
        seekers = mine.drop_duplicates("who").sort_values("position")
        if len(seekers) <= room:
            continue
        numbers = (
            f"{product} on {site}: {len(seekers)} more seats are needed; {seats} are bought, "
            f"{used} in use, {freed} freed by this plan"
        )
        if case.rules.capacity == "stop":
            reasons.append(f"{numbers}; buy seats, or set capacity: fill")
            continue
        late = seekers["who"].iloc[room:]
        drop += mine.loc[mine["who"].isin(late), "change_id"].tolist()
        case.note(f"{numbers}; {len(late)} people wait for a seat", "buy seats; the next run grants the rest")
    keep = ~changes["change_id"].isin(drop)
    return Fitted(renumbered(changes, keep.to_numpy(np.bool_)), reasons)


def _gains(case: Case, changes: pd.DataFrame) -> pd.DataFrame:
    """Billed seats that people would newly hold: who, product, site, position, change_id."""
    grants = changes[changes["action"] == Action.GRANT.value]
    paid = case.target.grants[case.target.grants["billable"] & case.target.grants["product"].notna()]
    paid = paid.drop_duplicates(["entitlement_id", *PLACE])
    who = grants["account_id"].fillna(grants["source"] + "\0" + grants["source_id"])
    gains = grants.assign(who=who)[["who", "entitlement_id", "position", "change_id"]].merge(
        paid[["entitlement_id", *PLACE]], on="entitlement_id", how="inner", validate="many_to_many"
    )
    held = case.target.seats[case.target.seats["billable"]]
    have = pd.MultiIndex.from_arrays([held["account_id"], held["product"], held["site"]])
    wish = pd.MultiIndex.from_arrays([gains["who"], gains["product"], gains["site"]])
    return gains[~wish.isin(have)]


def _used(case: Case, product: str, site: str) -> int:
    """Seats in use, as they are listed; for a target that does not count them itself."""
    seats = case.target.seats
    return int((seats["billable"] & (seats["product"] == product) & (seats["site"] == site)).sum())


def _freed(case: Case, changes: pd.DataFrame, product: str, site: str) -> int:
    """Seats in use that the plan ends: the account goes, or loses every billed group that gives it."""
    seats = case.target.seats
    mine = seats[seats["billable"] & (seats["product"] == product) & (seats["site"] == site)]
    going = changes.loc[changes["action"].isin(_FREES), "account_id"]
    grants = case.target.grants
    here = grants["billable"] & (grants["product"] == product) & (grants["site"] == site)
    paths = case.target.entitlements[case.target.entitlements["entitlement_id"].isin(
        grants.loc[here, "entitlement_id"])]  # fmt: skip
    revoked = changes[changes["action"] == Action.REVOKE.value]
    lost = pd.MultiIndex.from_frame(revoked[["account_id", "entitlement_id"]])
    stays = ~pd.MultiIndex.from_frame(paths[["account_id", "entitlement_id"]]).isin(lost)
    keeping = paths.loc[stays, "account_id"]
    touched = mine["account_id"].isin(revoked["account_id"]) & (
        positions(mine["account_id"], keeping.drop_duplicates()) < 0
    )
    return int((mine["account_id"].isin(going) | touched).sum())
