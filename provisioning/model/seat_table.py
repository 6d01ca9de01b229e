"""Which account has which seat, and what makes it billable.

A target that lists its own seats is believed. For the others seats follow from what is assigned to
accounts and what each of these entitlements opens: account, entitlement, product and site.
"""

from __future__ import annotations

import pandas as pd

from provisioning.model.frames import Seats, columns, complete, concat, empty
from provisioning.model.keys import attach
from provisioning.model.terms import AccountState, Activity, Basis

SEAT = ["target", "account_id", "product", "site"]
INSTALLATION = ["target", "product", "site"]
"""A product on one site of a target: where seats are bought, counted and billed."""
ENTITLEMENT = ["target", "kind", "entitlement_id"]
PATH = [*SEAT, "kind", "entitlement_id", "name", "billable", "modifiable", "default", "admin"]
PAYING = [AccountState.ACTIVE.value, AccountState.INVITED.value]


def build_seats(
    own: pd.DataFrame, accounts: pd.DataFrame, assignments: pd.DataFrame, entitlements: pd.DataFrame
) -> pd.DataFrame:
    """One row per account, product and site.

    A seat is billed while its account is a person's and active or invited, whether or not it was ever
    used. Where a seat's own activity is unknown, the account's last activity in any product stands in:
    the seat was used then or before, so it is never called idle too early.

    Args:
        own: Seats as targets list them; targets without any get listed from the other frames.
        accounts: Accounts.
        assignments: Assignments.
        entitlements: Entitlements.

    Returns:
        A Seats frame, one row per seat, sorted.
    """
    paths = trace_paths(assignments, entitlements)
    # A snapshot of an earlier version has fewer columns.
    listed = own.drop_duplicates(SEAT).reindex(columns=columns(Seats))
    listed["basis"] = listed["basis"].fillna(Basis.ACCESS.value)
    if len(paths):
        listed["granted_by"] = listed["granted_by"].fillna(_look_up(listed, name_paths(paths)))
    derived = _derive(paths[~paths["target"].isin(listed["target"].unique())])
    table = attach(
        concat(Seats, [listed, derived]),
        accounts[["target", "account_id", "state", "kind", "last_active"]],
        ["target", "account_id"],
        suffixes=("", "_any"),
    )
    paying = table["state"].isna() | (table["state"].isin(PAYING) & (table["kind"] == "person"))
    table["billable"] = table["billable"] & paying
    stands_in = (table["activity"] == Activity.UNKNOWN) & table["last_active_any"].notna()
    table["last_active"] = table["last_active"].mask(stands_in, table["last_active_any"])
    table["activity"] = table["activity"].mask(stands_in, Activity.USED.value)
    return complete(Seats, table.sort_values(SEAT, ignore_index=True))


def trace_paths(assignments: pd.DataFrame, entitlements: pd.DataFrame) -> pd.DataFrame:
    """One row per seat and entitlement that gives it.

    Returns:
        Columns target, account_id, product, site, kind, entitlement_id, name, billable, modifiable,
        default and admin; `billable` says whether this path alone makes the seat billable.
    """
    opening = entitlements[entitlements["product"].notna() & entitlements["site"].notna()].drop_duplicates(
        [*ENTITLEMENT, "product", "site"]
    )
    once = assignments.drop_duplicates([*ENTITLEMENT, "account_id"])
    joined = attach(once[[*ENTITLEMENT, "account_id"]], opening, ENTITLEMENT, how="inner", once=False)
    return joined[PATH].sort_values([*SEAT, "kind", "name", "entitlement_id"], ignore_index=True)


def name_paths(paths: pd.DataFrame) -> pd.DataFrame:
    """Names of the paths of each seat: the billable ones, or all where none is billable.

    Returns:
        Columns target, account_id, product, site, granted_by and billable; one row per seat.
    """
    any_billable = paths.groupby(SEAT, sort=False)["billable"].transform("any")
    telling = paths[paths["billable"] | ~any_billable.astype(bool)].drop_duplicates([*SEAT, "name"])
    # Most seats have one path, whose name needs no joining.
    several = telling.duplicated(SEAT, keep=False)
    joined = (
        telling[several]
        .groupby(SEAT, sort=False, as_index=False)
        .agg(granted_by=("name", ", ".join), billable=("billable", "any"))
    )
    alone = telling.loc[~several, [*SEAT, "name", "billable"]].rename(columns={"name": "granted_by"})
    seats = pd.concat([alone, joined], ignore_index=True)
    return seats.astype({"granted_by": "str", "billable": "bool"})


def _derive(paths: pd.DataFrame) -> pd.DataFrame:
    if paths.empty:
        return empty(Seats)
    seats = name_paths(paths).assign(activity=Activity.UNKNOWN.value, basis=Basis.GROUPS.value)
    return complete(Seats, seats.reindex(columns=columns(Seats)))


def _look_up(seats: pd.DataFrame, named: pd.DataFrame) -> pd.Series[str]:
    joined = attach(seats[SEAT], named, SEAT)
    return joined["granted_by"].set_axis(seats.index)
