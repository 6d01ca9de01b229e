"""Who holds which seat, what makes it billable, and what to revoke to free it.

A target that lists its own seats is believed. For the others seats follow from what accounts hold and
what each of these things opens: account, entitlement, grant, product and site.
"""

from __future__ import annotations

import pandas as pd

from provisioning.model.frames import AccountState, Activity, Seats, columns, complete, concat, empty

SEAT = ["target", "account_id", "product", "site"]
PLACE = ["target", "product", "site"]
ASSIGNED = ["target", "kind", "entitlement_id"]
PATH = [*SEAT, "kind", "entitlement_id", "name", "billable", "modifiable", "default", "admin"]
PAYING = [AccountState.ACTIVE.value, AccountState.INVITED.value]


def seat_table(
    own: pd.DataFrame, accounts: pd.DataFrame, assignments: pd.DataFrame, entitlements: pd.DataFrame
) -> pd.DataFrame:
    """One row per account, product and site held.

    A seat is billed while its account is a person's and active or invited, whether or not it was ever
    used. Where a seat's own activity is unknown, the account's last activity in any product stands in:
    the seat was used then or before, so it is never called idle too early.

    Args:
        own: Seats as targets list them; targets without any get theirs from the other frames.
        accounts: Accounts.
        assignments: Assignments.
        entitlements: Entitlements.

    Returns:
        A Seats frame, one row per seat, sorted.
    """
    routes = paths(assignments, entitlements)
    theirs = own.drop_duplicates(SEAT).copy()
    theirs["granted_by"] = theirs["granted_by"].fillna(_looked_up(theirs, granted_by(routes)))
    derived = _derived(routes[~routes["target"].isin(theirs["target"].unique())])
    table = concat(Seats, [theirs, derived]).merge(
        accounts[["target", "account_id", "state", "kind", "last_active"]],
        on=["target", "account_id"],
        how="left",
        validate="many_to_one",
        suffixes=("", "_any"),
    )
    paying = table["state"].isna() | (table["state"].isin(PAYING) & (table["kind"] == "person"))
    table["billable"] = table["billable"] & paying
    stands_in = (table["activity"] == Activity.UNKNOWN) & table["last_active_any"].notna()
    table["last_active"] = table["last_active"].mask(stands_in, table["last_active_any"])
    table["activity"] = table["activity"].mask(stands_in, Activity.USED.value)
    return complete(Seats, table.sort_values(SEAT, ignore_index=True))


def paths(assignments: pd.DataFrame, entitlements: pd.DataFrame) -> pd.DataFrame:
    """One row per seat and entitlement that gives it.

    Returns:
        Columns target, account_id, product, site, kind, entitlement_id, name, billable, modifiable,
        default and admin; `billable` says whether this path alone makes the seat billable.
    """
    opening = entitlements[entitlements["product"].notna() & entitlements["site"].notna()].drop_duplicates(
        [*ASSIGNED, "product", "site"]
    )
    held = assignments.drop_duplicates([*ASSIGNED, "account_id"])
    joined = held[[*ASSIGNED, "account_id"]].merge(opening, on=ASSIGNED, how="inner", validate="many_to_many")
    return joined[PATH].sort_values([*SEAT, "kind", "name", "entitlement_id"], ignore_index=True)


def granted_by(routes: pd.DataFrame) -> pd.DataFrame:
    """Names of the paths of each seat: the billable ones, or all where none is billable.

    Returns:
        Columns target, account_id, product, site, granted_by and billable; one row per seat.
    """
    any_billable = routes.groupby(SEAT, sort=False)["billable"].transform("any")
    telling = routes[routes["billable"] | ~any_billable.astype(bool)].drop_duplicates([*SEAT, "name"])
    seats = telling.groupby(SEAT, sort=False, as_index=False).agg(
        granted_by=("name", ", ".join), billable=("billable", "any")
    )
    return seats.astype({"granted_by": "str", "billable": "bool"})


def to_free(routes: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """The smallest set of assignments whose loss frees each seat.

    Every billable path keeps the seat billed on its own, so all of them must go and no other needs to.

    Args:
        routes: what `paths` gives.
        wanted: seats to free; columns target, account_id, product, site.

    Returns:
        The rows of `routes` to revoke, with `also_closes`: other products and sites the account loses
        with the entitlement, null when none. A seat with a row that is not `modifiable` cannot be freed here.
    """
    keys = wanted[SEAT].drop_duplicates()
    chosen = routes[routes["billable"]].merge(keys, on=SEAT, how="inner", validate="many_to_one")
    place = chosen["product"] + " on " + chosen["site"]
    others = routes.assign(other=routes["product"] + " on " + routes["site"])
    held = [*ASSIGNED, "account_id"]
    pairs = (
        chosen[held]
        .assign(place=place, row=range(len(chosen)))
        .merge(others[[*held, "other"]], on=held, how="inner", validate="many_to_many")
    )
    lost = pairs[pairs["other"] != pairs["place"]].groupby("row")["other"].agg(", ".join)
    return chosen.assign(also_closes=lost.reindex(range(len(chosen))).astype("str").to_numpy())


def counts(seats: pd.DataFrame, capacity: pd.DataFrame) -> pd.DataFrame:
    """Seats by target, product and site.

    Returns:
        Columns target, product, site, capacity (bought, null if unlimited or untold), assigned,
        billed (billable ones of these) and known (billed with known activity); sorted.
    """
    counted = seats.assign(known=seats["billable"] & (seats["activity"] != Activity.UNKNOWN))
    places = counted.groupby(PLACE, as_index=False).agg(
        assigned=("account_id", "size"), billed=("billable", "sum"), known=("known", "sum")
    )
    bought = capacity.drop_duplicates(PLACE)[[*PLACE, "seats"]].rename(columns={"seats": "capacity"})
    table = places.merge(bought, on=PLACE, how="outer", validate="one_to_one")
    for name in ["assigned", "billed", "known"]:
        table[name] = table[name].fillna(0).astype("int64")
    order = [*PLACE, "capacity", "assigned", "billed", "known"]
    return table[order].sort_values(PLACE, ignore_index=True)


def _derived(routes: pd.DataFrame) -> pd.DataFrame:
    if routes.empty:
        return empty(Seats)
    seats = granted_by(routes).assign(activity=Activity.UNKNOWN.value)
    return complete(Seats, seats.reindex(columns=columns(Seats)))


def _looked_up(seats: pd.DataFrame, named: pd.DataFrame) -> pd.Series[str]:
    found = seats[SEAT].merge(named, on=SEAT, how="left", validate="one_to_one")
    return found["granted_by"].set_axis(seats.index)
