"""The seats that are billed, each counted once however many connections show it, and who has them.

A seat is a person's account, a product and a site (or server). An organisation, a site and an export may all
show it: each fact is taken from the connection that tells it best, and that connection is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import pandas as pd

from provisioning.model.frames import Seats, columns
from provisioning.model.keys import attach, translated
from provisioning.model.terms import Activity, Basis, Deployment
from provisioning.model.text import folded

ACCOUNT = ["target", "account_id"]
IDENTITY = ["source", "source_id"]
PLACE = ["deployment", "product", "site"]
"""A product on one site or server, whatever connections show it: where seats are counted and billed."""
SEAT = [*PLACE, "person"]
STATED = ["state", "leaves_on", "hired_on"]
PERSON = ["display_name", "email", "department", "organization", "title"]
IDP_ONLY = ["cost_center", "manager", "user_type"]
RANKS = {Basis.ACCESS.value: 0, Basis.USE.value: 1, Basis.GROUPS.value: 2}
"""How well each basis tells who has access, the best first."""


class View(NamedTuple):
    """How one connection shows seats: where its products run, and of which moment its facts are."""

    deployment: Deployment
    known_at: datetime


def count_once(seats: pd.DataFrame, people: pd.DataFrame, views: Mapping[str, View]) -> pd.DataFrame:
    """Count every seat once.

    Args:
        seats: Seats of all targets.
        people: whose account is whose, as `name_people` tells.
        views: how each target shows them, in order of precedence.

    Returns:
        The columns of Seats and deployment, person (one value for all accounts of one person in the same
        place), held_at and known_at (of which moment it is known that it is held, and how it is used),
        told_by (the connection that tells its use) and
        seen_by (all connections that show it); one row a seat, sorted by place and account. `target` and
        `account_id` are those of the connection that tells best who has access.
    """
    order = {target: number for number, target in enumerate(views)}
    shown = seats.assign(
        deployment=translated(seats["target"], {name: view.deployment.value for name, view in views.items()}),
        known_at=pd.to_datetime(
            translated(seats["target"], {name: view.known_at for name, view in views.items()}), utc=True
        ),
        rank=translated(seats["basis"], RANKS).fillna(0) * len(order) + translated(seats["target"], order),
    )
    shown = _without_directories(shown)
    shown = attach(shown, people, ACCOUNT)
    shown["person"] = shown["person"].fillna(shown["account_id"])
    shown = shown.assign(told_by=shown["target"], seen_by=shown["target"], held_at=shown["known_at"])
    again = shown.duplicated(SEAT, keep=False)
    counted = pd.concat([shown[~again], _merge(shown[again])]) if again.any() else shown
    kept = [*columns(Seats), "deployment", "person", "held_at", "known_at", "told_by", "seen_by"]
    return counted[kept].sort_values([*PLACE, "account_id"], ignore_index=True)


def name_people(accounts: pd.DataFrame, seats: pd.DataFrame, views: Mapping[str, View]) -> pd.DataFrame:
    """Give the accounts of one person in one place one name.

    In the cloud an account has the same identifier everywhere; where a file has none its address stands in,
    which belongs to one account. On servers an account is one server's.

    Returns:
        Columns target, account_id and person.
    """
    people = accounts[[*ACCOUNT, "email"]].drop_duplicates(ACCOUNT)
    cloud = translated(
        people["target"], {n: view.deployment is Deployment.CLOUD for n, view in views.items()}
    )
    server = seats.drop_duplicates("target").set_index("target")["site"]
    scope = translated(people["target"], server).fillna(people["target"])
    names = people["account_id"].where(
        cloud.astype(bool), scope + "\N{RIGHTWARDS ARROW}" + people["account_id"]
    )
    email = folded(people["email"]).where(cloud.astype(bool))
    known = people.assign(person=names, email=email)
    telling = known.dropna(subset="email").drop_duplicates(["target", "email"], keep=False)
    one = telling.groupby("email")["person"].agg(["min", "nunique"])
    joined = one.loc[one["nunique"] > 1, "min"]
    aliases = telling.loc[telling["email"].isin(joined.index)]
    same = dict(zip(aliases["person"], aliases["email"].map(joined), strict=True))
    return known.assign(person=known["person"].replace(same) if same else known["person"])[
        [*ACCOUNT, "person"]
    ]


def list_billed(
    counted: pd.DataFrame,
    accounts: pd.DataFrame,
    links: pd.DataFrame,
    identities: pd.DataFrame,
    people: pd.DataFrame,
) -> pd.DataFrame:
    """The billed seats with who has them; attributes as the IdP states them, else as the account does.

    Args:
        counted: what `count_once` gives.
        accounts: Accounts of all targets.
        links: Links, at most one an account.
        identities: Identities of all sources, in scope or not.
        people: what `name_people` gives.

    Returns:
        The columns of `count_once`, `added_on`, `active_anywhere` (last activity in anything),
        `source`, `source_id`, `identity_state`, `leaves_on` (all null without a stated identity, but for
        the source of a link) and the attributes of the person; one row a seat, in the order of `counted`.
    """
    paid = counted[counted["billable"]]
    known = accounts[[*ACCOUNT, "added_on", "last_active", *PERSON]].drop_duplicates(ACCOUNT)
    known = attach(known, people, ACCOUNT)
    known = attach(known, links[[*ACCOUNT, *IDENTITY]], ACCOUNT)
    known = _as_stated(_one_a_person(known), identities)
    latest = counted.groupby("person", sort=False, as_index=False).agg(seen=("last_active", "max"))
    # Whoever holds a seat counts, also where no list of accounts names them.
    known = known.merge(latest, on="person", how="outer", validate="one_to_one")
    anywhere, seen = known.pop("last_active"), known.pop("seen")
    known["active_anywhere"] = anywhere.where(anywhere.ge(seen) | seen.isna(), seen)
    return paid.merge(known, on="person", how="left", validate="many_to_one")


def _as_stated(known: pd.DataFrame, identities: pd.DataFrame) -> pd.DataFrame:
    """What is known of each person, by their identity before their account."""
    there = known.rename(columns={name: f"{name}_there" for name in PERSON})
    stated = identities[[*IDENTITY, *STATED, *PERSON, *IDP_ONLY]].rename(columns={"state": "identity_state"})
    told = attach(there, stated, IDENTITY)
    for name in PERSON:
        told[name] = told[name].fillna(told.pop(f"{name}_there"))
    return told


def count_places(counted: pd.DataFrame, capacity: pd.DataFrame, views: Mapping[str, View]) -> pd.DataFrame:
    """Seats by place.

    Returns:
        Columns deployment, product, site, target (the connections that show it), capacity (seats there are as
        the target tells, null if unlimited or untold), assigned, billed (billable ones of these) and known
        (billed whose access and use are told); sorted.
    """
    told = (counted["activity"] != Activity.UNKNOWN) & (counted["basis"] != Basis.USE.value)
    rows = counted.assign(known=counted["billable"] & told)
    places = rows.groupby(PLACE, as_index=False).agg(
        assigned=("account_id", "size"),
        billed=("billable", "sum"),
        known=("known", "sum"),
        target=("seen_by", _join),
    )
    where = capacity["target"].map({name: view.deployment.value for name, view in views.items()})
    bought = capacity.assign(deployment=where)
    bought = bought[bought["deployment"] != Deployment.DIRECTORY.value].sort_values("seats")
    bought = bought.drop_duplicates(PLACE, keep="first")[[*PLACE, "seats", "target"]]
    bought = bought.rename(columns={"seats": "capacity", "target": "told_by"})
    table = places.merge(bought, on=PLACE, how="outer", validate="one_to_one")
    table["target"] = table["target"].fillna(table["told_by"])
    for name in ["assigned", "billed", "known"]:
        table[name] = table[name].fillna(0).astype("int64")
    order = [*PLACE, "target", "capacity", "assigned", "billed", "known"]
    return table[order].sort_values(PLACE, ignore_index=True)


def held_again(billed: pd.DataFrame) -> pd.DataFrame:
    """Products that one person pays for more than once, on several sites or in several organisations.

    Returns:
        Columns product, site (all of them), display_name, email and seats; one row a person and product.
    """
    who = (billed["source"] + "\N{RIGHTWARDS ARROW}" + billed["source_id"]).fillna(folded(billed["email"]))
    rows = billed.assign(who=who.fillna(billed["person"]))
    rows = rows[rows.duplicated(["who", "product"], keep=False)]
    return (
        rows.groupby(["who", "product"], as_index=False)
        .agg(
            display_name=("display_name", "first"),
            email=("email", "first"),
            site=("site", _join),
            seats=("site", "size"),
        )
        .drop(columns="who")
    )


def _without_directories(shown: pd.DataFrame) -> pd.DataFrame:
    """A directory bills nothing itself; what its groups open counts where no other connection reads it."""
    leads = shown["deployment"] == Deployment.DIRECTORY.value
    if not leads.any():
        return shown
    read = shown.loc[~leads & (shown["deployment"] == Deployment.DATA_CENTER.value), "product"].unique()
    counts = shown["granted_by"].notna() & ~shown["product"].isin(read)
    kept = shown[~leads | counts]
    runs = kept["deployment"].mask(
        kept["deployment"] == Deployment.DIRECTORY.value, Deployment.DATA_CENTER.value
    )
    return kept.assign(deployment=runs)


def _merge(shown: pd.DataFrame) -> pd.DataFrame:
    """Seats that several connections show, as one row each."""
    ordered = shown.sort_values([*SEAT, "rank"])
    first = ordered.drop_duplicates(SEAT).set_index(SEAT)
    groups = ordered.groupby(SEAT)
    targets = ordered.drop_duplicates([*SEAT, "target"]).sort_values([*SEAT, "target"])
    first["seen_by"] = targets.groupby(SEAT)["target"].agg(", ".join)
    first["held_at"] = groups["held_at"].max()
    for name in ("granted_by", "role"):
        first[name] = groups[name].first()
    telling = ordered.assign(
        told=ordered["activity"].map(
            {Activity.USED.value: 0, Activity.NEVER.value: 1, Activity.UNKNOWN.value: 2}
        )
    ).sort_values([*SEAT, "told", "last_active", "known_at"], ascending=[True] * 4 + [True, False, False])
    best = telling.drop_duplicates(SEAT).set_index(SEAT)
    for name in ("activity", "last_active", "known_at", "told_by"):
        first[name] = best[name]
    return first.reset_index()


def _one_a_person(known: pd.DataFrame) -> pd.DataFrame:
    """What the accounts of one person tell together: the first that tells, the earliest day added."""
    known = known.drop(columns=["target", "account_id"])
    again = known.duplicated("person", keep=False)
    if not again.any():
        return known
    several = known[again].groupby("person", as_index=False, sort=False)
    told = several.first()
    told["added_on"] = several["added_on"].min()["added_on"]
    told["last_active"] = several["last_active"].max()["last_active"]
    # The source and the identifier must be of one identity.
    linked = known[again].dropna(subset="source_id").drop_duplicates("person").set_index("person")
    for name in IDENTITY:
        told[name] = told["person"].map(linked[name])
    return pd.concat([known[~again], told], ignore_index=True)


def _join(names: pd.Series) -> str:
    return ", ".join(sorted({one for name in names.dropna().unique() for one in str(name).split(", ")}))
