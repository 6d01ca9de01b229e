"""The seats that are billed: who has them, and how many there are beside what was bought."""

from __future__ import annotations

import pandas as pd

from provisioning.model.seat_table import INSTALLATION, SEAT
from provisioning.model.terms import Activity

ACCOUNT = ["target", "account_id"]
IDENTITY = ["source", "source_id"]
STATED = ["state", "leaves_on"]
PERSON = ["display_name", "email", "department", "organization", "title"]
IDP_ONLY = ["cost_center", "manager", "user_type"]


def list_billed(
    seats: pd.DataFrame, accounts: pd.DataFrame, links: pd.DataFrame, identities: pd.DataFrame
) -> pd.DataFrame:
    """The billed seats with who has them; attributes as the IdP states them, else as the account does.

    Returns:
        The columns of Seats, `added_on`, `source`, `source_id`, `identity_state`, `leaves_on` (all null
        without a stated identity, but for the source of a link) and the attributes of the person; one
        row a seat, sorted by target, product, site and account.
    """
    paid = seats[seats["billable"]].drop_duplicates(SEAT)
    known = accounts[[*ACCOUNT, "added_on", *PERSON]].rename(
        columns={name: f"{name}_there" for name in PERSON}
    )
    people = identities[[*IDENTITY, *STATED, *PERSON, *IDP_ONLY]].rename(columns={"state": "identity_state"})
    billed = (
        paid.merge(known, on=ACCOUNT, how="left", validate="many_to_one")
        .merge(links[[*ACCOUNT, *IDENTITY]], on=ACCOUNT, how="left", validate="many_to_one")
        .merge(people, on=IDENTITY, how="left", validate="many_to_one")
    )
    for name in PERSON:
        billed[name] = billed[name].fillna(billed[f"{name}_there"])
    billed = billed.drop(columns=[f"{name}_there" for name in PERSON])
    return billed.sort_values([*INSTALLATION, "account_id"], ignore_index=True)


def count_seats(seats: pd.DataFrame, capacity: pd.DataFrame) -> pd.DataFrame:
    """Seats by target, product and site.

    Returns:
        Columns target, product, site, capacity (bought, null if unlimited or untold), assigned,
        billed (billable ones of these) and known (billed with known activity); sorted.
    """
    counted = seats.assign(known=seats["billable"] & (seats["activity"] != Activity.UNKNOWN))
    installations = counted.groupby(INSTALLATION, as_index=False).agg(
        assigned=("account_id", "size"), billed=("billable", "sum"), known=("known", "sum")
    )
    bought = capacity.drop_duplicates(INSTALLATION)[[*INSTALLATION, "seats"]]
    bought = bought.rename(columns={"seats": "capacity"})
    table = installations.merge(bought, on=INSTALLATION, how="outer", validate="one_to_one")
    for name in ["assigned", "billed", "known"]:
        table[name] = table[name].fillna(0).astype("int64")
    order = [*INSTALLATION, "capacity", "assigned", "billed", "known"]
    return table[order].sort_values(INSTALLATION, ignore_index=True)
