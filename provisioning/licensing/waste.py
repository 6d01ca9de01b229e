"""Which paid seats are wasted, why, and what they cost: one row a seat, one reason a row.

The reason is the most certain one that holds, in the order of `WasteReason`. Unknown activity is never
taken for disuse. Money is shared among the rows so that they sum to the cent.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

from provisioning.licensing.allocation import by_place, savings_by_place, shared
from provisioning.model.frames import AccountState, Activity, State, Waste, WasteReason, complete, empty
from provisioning.model.seat_table import PLACE, SEAT
from provisioning.model.text import folded

ACCOUNT = ["target", "account_id"]
IDENTITY = ["source", "source_id"]
STATED = ["state", "leaves_on"]
PERSON = ["display_name", "email", "department", "organization", "title"]
IDP_ONLY = ["cost_center", "manager", "user_type"]


def waste(
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
) -> pd.DataFrame:
    """Find the paid seats nobody needs.

    Args:
        seats: Seats of all targets.
        accounts: Accounts of all targets.
        links: Links, at most one an account.
        identities: Identities of all sources, those out of scope included: a link to an identity that
            no source states any more counts as none.
        prices: Prices; None leaves the money null.
        idle: a seat last used this long ago, or longer, is idle.
        never_used_after: a seat never used is waste once its account was added this long ago, or longer.
        now: the instant the report is for, UTC.
        duplicates: accounts (target, account_id) that are a second one of the same person.
        protected: accounts (target, account_id) whose seats are never called waste.

    Returns:
        A Waste frame, one row per wasted seat, sorted by target, product, site and account.
    """
    held = holders(seats, accounts, links, identities)
    held["reason"] = _reasons(held, idle, never_used_after, now, _among(held, duplicates))
    wasted = held[held["reason"].notna() & ~_among(held, protected)].reset_index(drop=True)
    if wasted.empty:
        return empty(Waste)
    savings = savings_by_place(held, wasted, prices, now.date())
    wasted["monthly"] = shared(wasted, {place: found.monthly for place, found in savings.items()})
    wasted["saves_from"] = by_place(
        wasted, {place: _instant(found.effective) for place, found in savings.items()}
    )
    currency = None if prices is None or prices.empty else prices["currency"].iloc[0]
    wasted["currency"] = pd.Series(currency, index=wasted.index, dtype="str").where(wasted["monthly"].notna())
    wasted["idle_days"] = _idle_days(wasted, now)
    wasted["detail"] = _details(wasted)
    return complete(Waste, wasted)


def holders(
    seats: pd.DataFrame, accounts: pd.DataFrame, links: pd.DataFrame, identities: pd.DataFrame
) -> pd.DataFrame:
    """The billed seats with who holds them; attributes as the IdP states them, else as the account does.

    Returns:
        The columns of Seats, `added_on`, `source`, `source_id`, `identity_state`, `leaves_on` (all null
        without a stated identity, but for the source of a link) and the attributes of the person; one
        row a seat, sorted by target, product, site and account.
    """
    billed = seats[seats["billable"]].drop_duplicates(SEAT)
    known = accounts[[*ACCOUNT, "added_on", *PERSON]].rename(
        columns={name: f"{name}_there" for name in PERSON}
    )
    people = identities[[*IDENTITY, *STATED, *PERSON, *IDP_ONLY]].rename(columns={"state": "identity_state"})
    held = (
        billed.merge(known, on=ACCOUNT, how="left", validate="many_to_one")
        .merge(links[[*ACCOUNT, *IDENTITY]], on=ACCOUNT, how="left", validate="many_to_one")
        .merge(people, on=IDENTITY, how="left", validate="many_to_one")
    )
    for name in PERSON:
        held[name] = held[name].fillna(held[f"{name}_there"])
    held = held.drop(columns=[f"{name}_there" for name in PERSON])
    return held.sort_values([*PLACE, "account_id"], ignore_index=True)


def surplus_accounts(accounts: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
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
    held: pd.DataFrame, idle: timedelta, never_used_after: timedelta, now: datetime, second: pd.Series
) -> pd.Series:
    unused_since = now - held["added_on"]
    away = now - held["last_active"]
    holds = {
        WasteReason.LEAVER: held["identity_state"] == State.DEPARTED,
        WasteReason.SUSPENDED: held["identity_state"] == State.SUSPENDED,
        WasteReason.DUPLICATE: second,
        WasteReason.ORPHAN: held["identity_state"].isna(),
        WasteReason.NEVER_USED: (held["activity"] == Activity.NEVER) & (unused_since >= never_used_after),
        WasteReason.IDLE: (held["activity"] == Activity.USED) & (away >= idle),
    }
    found = pd.Series(None, index=held.index, dtype="str")
    for reason in reversed(WasteReason):
        found = found.mask(holds[reason].astype(bool), reason.value)
    return found


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
    found = pd.Series("", index=rows.index, dtype="str")
    for reason, text in words.items():
        found = found.mask(rows["reason"] == reason.value, text)
    return found


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
