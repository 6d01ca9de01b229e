"""Which paid seats are wasted, why, and what they cost: one row a seat, one reason a row.

The reason is the most certain one that holds, in the order of `WasteReason`. Unknown activity is never
taken for disuse. Money is shared among the rows so that they sum to the cent.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

from provisioning.licensing.allocation import compute_savings, look_up, share_out
from provisioning.licensing.seats import ACCOUNT, list_billed
from provisioning.model.frames import Waste, complete, empty
from provisioning.model.terms import AccountState, Activity, State, WasteReason
from provisioning.model.text import folded


def find_waste(
    seats: pd.DataFrame,
    accounts: pd.DataFrame,
    links: pd.DataFrame,
    identities: pd.DataFrame,
    prices: pd.DataFrame | None,
    *,
    idle: timedelta,
    never_used_after: timedelta,
    now: datetime,
    duplicates: pd.DataFrame | None = None,
    protected: pd.DataFrame | None = None,
    ambiguous: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find the paid seats nobody needs.

    Args:
        seats: Seats of all targets.
        accounts: Accounts of all targets.
        links: Links, at most one an account.
        identities: Identities of all sources, in scope or not; a link to one that is gone counts as none.
        prices: Prices; None leaves the money null.
        idle: a seat last used this long ago, or longer, is idle.
        never_used_after: a seat never used is waste once its account was added this long ago, or longer.
        now: the instant the report is for, UTC.
        duplicates: accounts (target, account_id) that are a second one of the same person.
        protected: accounts (target, account_id) whose seats are never called waste.
        ambiguous: accounts (target, account_id) of which nobody knows whose they are: not orphans.

    Returns:
        A Waste frame, one row per wasted seat, sorted by target, product, site and account.
    """
    billed = list_billed(seats, accounts, links, identities)
    reasons = _reasons(billed, idle, never_used_after, now, duplicates, ambiguous)
    chosen = reasons.notna() & ~_among(billed, protected)
    wasted = billed.assign(reason=reasons)[chosen].reset_index(drop=True)
    if wasted.empty:
        return empty(Waste)
    told = wasted.assign(idle_days=_idle_days(wasted, now), detail=_details(wasted))
    return complete(Waste, _with_money(told, billed, prices, now.date()))


def _with_money(
    wasted: pd.DataFrame, billed: pd.DataFrame, prices: pd.DataFrame | None, on: date
) -> pd.DataFrame:
    """Wasted seats with their share of what freeing all of them saves, and from when."""
    savings = compute_savings(billed, wasted, prices, on)
    monthly = share_out(wasted, {installation: saving.monthly for installation, saving in savings.items()})
    starts = {installation: _instant(saving.effective) for installation, saving in savings.items()}
    currency = None if prices is None or prices.empty else prices["currency"].iloc[0]
    currencies = pd.Series(currency, index=wasted.index, dtype="str").where(monthly.notna())
    return wasted.assign(monthly=monthly, saves_from=look_up(wasted, starts), currency=currencies)


def find_duplicates(accounts: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Accounts that look like a second one of someone who has a linked account in the same target.

    That is a person's account without link that bears exactly the name of one linked account.

    Returns:
        Columns target and account_id.
    """
    gone = [AccountState.DEACTIVATED.value, AccountState.DELETED.value]
    people = accounts[
        (accounts["kind"] == "person") & ~accounts["state"].isin(gone) & accounts["display_name"].notna()
    ]
    named = people.assign(name=folded(people["display_name"])).dropna(subset="name")
    linked = _among(named, links)
    once = named[linked].drop_duplicates(["target", "name"], keep=False)[["target", "name"]]
    again = named[~linked].merge(once, on=["target", "name"], how="inner", validate="many_to_one")
    return again[ACCOUNT].reset_index(drop=True)


def _reasons(
    billed: pd.DataFrame,
    idle: timedelta,
    never_used_after: timedelta,
    now: datetime,
    duplicates: pd.DataFrame | None,
    ambiguous: pd.DataFrame | None,
) -> pd.Series:
    clear = ~_among(billed, ambiguous)
    unused_since = now - billed["added_on"]
    away = now - billed["last_active"]
    applies = {
        WasteReason.LEAVER: billed["identity_state"] == State.DEPARTED,
        WasteReason.SUSPENDED: billed["identity_state"] == State.SUSPENDED,
        WasteReason.DUPLICATE: _among(billed, duplicates) & clear,
        WasteReason.ORPHAN: billed["identity_state"].isna() & clear,
        WasteReason.NEVER_USED: (billed["activity"] == Activity.NEVER) & (unused_since >= never_used_after),
        WasteReason.IDLE: (billed["activity"] == Activity.USED) & (away >= idle),
    }
    reasons = pd.Series(None, index=billed.index, dtype="str")
    for reason in reversed(WasteReason):
        reasons = reasons.mask(applies[reason].astype(bool), reason.value)
    return reasons


def _idle_days(rows: pd.DataFrame, now: datetime) -> pd.Series:
    since: pd.Series[pd.Timestamp] = rows["last_active"].where(rows["activity"] == Activity.USED)
    since = since.fillna(rows["added_on"].where(rows["activity"] == Activity.NEVER))
    days: pd.Series[int] = (pd.Timestamp(now) - since).dt.days.clip(lower=0).astype("Int64")
    return days


def _details(rows: pd.DataFrame) -> pd.Series[str]:
    left = "Left on " + _day(rows["leaves_on"]) + "."
    added = "Never used since the account was added on " + _day(rows["added_on"]) + "."
    words: dict[WasteReason, pd.Series[str] | str] = {
        WasteReason.LEAVER: left.fillna("Departed according to " + rows["source"] + "."),
        WasteReason.SUSPENDED: "Suspended in " + rows["source"] + ".",
        WasteReason.DUPLICATE: "Looks like a second account of the same person.",
        WasteReason.ORPHAN: ("The identity it belonged to is no longer in " + rows["source"] + ".").fillna(
            "Belongs to no identity of any source."
        ),
        WasteReason.NEVER_USED: added,
        WasteReason.IDLE: "Not used since " + _day(rows["last_active"]) + ".",
    }
    details = pd.Series("", index=rows.index, dtype="str")
    for reason, text in words.items():
        details = details.mask(rows["reason"] == reason.value, text)
    return details


def _day(times: pd.Series[pd.Timestamp]) -> pd.Series[str]:
    return times.dt.strftime("%Y-%m-%d").astype("str")


def _instant(day: date | None) -> pd.Timestamp | None:
    return None if day is None else pd.Timestamp(day, tz="UTC")


def _among(rows: pd.DataFrame, some: pd.DataFrame | None) -> pd.Series:
    """Whether the account of each row is among some accounts."""
    if some is None or some.empty:
        return pd.Series(False, index=rows.index)
    named = pd.MultiIndex.from_frame(some[ACCOUNT])
    return pd.Series(pd.MultiIndex.from_frame(rows[ACCOUNT]).isin(named), index=rows.index)
