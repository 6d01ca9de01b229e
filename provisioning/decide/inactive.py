"""Seats of people who stay and do not use them; what is not known to be idle is not idle."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.changes import ASSIGNED, UNASSIGNED, part
from provisioning.decide.context import Context
from provisioning.decide.people import ACTIVE
from provisioning.model.frames import Action, Activity
from provisioning.model.keys import Mask, Rows, positions, take
from provisioning.model.seat_table import seat_table
from provisioning.policy.rules import Inactive
from provisioning.policy.values import duration_text


def revoke_idle(context: Context) -> pd.DataFrame:
    """Take the groups and permissions whose every seat is idle by a rule, where that frees the seats."""
    nothing = part(Action.REVOKE, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    if not context.rules.inactive:
        return nothing
    idle = _idle(context)
    if idle.empty:
        return nothing
    account, thing = _paths(context, idle["account"].to_numpy(np.int64))
    places = idle.groupby("account")["place"].agg(frozenset)
    theirs = places.reindex(account)
    opened = take(context.things["products"], thing)
    only_idle = np.fromiter((o <= t for o, t in zip(opened, theirs, strict=True)), np.bool_, len(thing))
    fixed = ~context.flag("modifiable") | context.flag("protected") | context.flag("admin")
    free = only_idle & ~fixed[thing]
    stuck = np.unique(account[~free])
    if len(stuck):
        context.note(
            f"{len(stuck)} accounts keep an idle seat: what gives it also opens something in use, "
            "administers, is protected or cannot be changed here"
        )
    chosen = free & ~np.isin(account, stuck)
    first = idle.drop_duplicates("account").set_index("account").reindex(account[chosen])
    return part(
        Action.REVOKE,
        context.found.holder[account[chosen]],
        account[chosen],
        thing=thing[chosen],
        before=ASSIGNED,
        after=UNASSIGNED,
        reason=first["reason"].to_numpy(),
        rule=first["rule"].to_numpy(),
        movement="stayer",
    )


def _idle(context: Context) -> pd.DataFrame:
    """Idle seats: account (row), place (product and site), rule and reason."""
    products = {rule.product for rule in context.rules.inactive}
    seats = _seats(context, products)
    lives = context.lives
    staying = np.zeros(len(context.target.accounts) + 1, dtype=np.bool_)
    stays = lives.are("stayer") & (lives.why == ACTIVE).to_numpy() & (lives.account >= 0)
    staying[lives.account[stays]] = True
    account = positions(seats["account_id"], context.target.accounts["account_id"])
    fine = (
        staying[account] & np.append(context.usable, [False])[account] & seats["billable"].to_numpy(np.bool_)
    )
    seats = seats[fine].reset_index(drop=True).assign(account=account[fine])
    seats["place"] = seats["product"] + " on " + seats["site"]
    seats["granted"] = _granted(context, seats)
    found = [_by_rule(context, seats, rule) for rule in context.rules.inactive]
    return pd.concat(found, ignore_index=True).drop_duplicates(["account", "place"])


def _by_rule(context: Context, seats: pd.DataFrame, rule: Inactive) -> pd.DataFrame:
    mine = seats[seats["product"] == rule.product]
    now = pd.Timestamp(context.now)
    added = take(context.target.accounts["added_on"], mine["account"].to_numpy(np.int64)).set_axis(mine.index)
    used = _past(
        mine["activity"] == Activity.USED, now - _later(mine["last_active"], mine["granted"]), rule.idle
    )
    never = _past(
        mine["activity"] == Activity.NEVER, now - _later(added, mine["granted"]), rule.never_used_after
    )
    days_used = (now - mine["last_active"]).dt.days.astype("Int64").astype("str")
    days_held = (now - added).dt.days.astype("Int64").astype("str")
    reason = mine["place"] + " last used " + days_used + " days ago"
    unused = mine["place"] + " never used in the " + days_held + " days since the account was added"
    idle, wait = duration_text(rule.idle), duration_text(rule.never_used_after)
    label = pd.Series(f"inactive: {rule.product} idle {idle}", index=mine.index, dtype="str")
    never_label = f"inactive: {rule.product} never used after {wait}"
    table = mine[["account", "place"]].assign(
        reason=reason.mask(never, unused), rule=label.mask(never, never_label)
    )
    return table[used | never]


def _granted(context: Context, seats: pd.DataFrame) -> pd.Series:
    """When Seatwise last granted something that gives the seat: from then on somebody may begin to use it."""
    place = ["product", "site"]
    opens = context.target.entitlements.loc[
        context.target.entitlements["product"].notna(), ["entitlement_id", *place]
    ]
    given = context.memory.granted.merge(
        opens.drop_duplicates(), on="entitlement_id", validate="many_to_many"
    )
    latest = given.groupby(["account_id", *place], as_index=False)["at"].max()
    joined = seats.merge(latest, on=["account_id", *place], how="left", validate="many_to_one")
    return joined["at"].set_axis(seats.index)


def _later(one: pd.Series, other: pd.Series) -> pd.Series:
    """The later of two times, and the known one where the other is not known."""
    return one.where(other.isna() | (one >= other), other)


def _past(fits: pd.Series, waited: pd.Series, limit: object) -> pd.Series:
    """Whether as much time passed as the limit says, or more."""
    if limit is None:
        return pd.Series(False, index=fits.index)
    return fits & waited.notna() & (waited >= pd.Timedelta(limit))  # type: ignore[arg-type]


def _seats(context: Context, products: set[str]) -> pd.DataFrame:
    """The seats of some products, as the report counts them."""
    target = context.target
    entitlements = target.entitlements[target.entitlements["product"].isin(products)]
    held = target.assignments[target.assignments["entitlement_id"].isin(entitlements["entitlement_id"])]
    own = target.seats[target.seats["product"].isin(products)]
    return seat_table(own, target.accounts, held, entitlements)


def _paths(context: Context, account: Rows) -> tuple[Rows, Rows]:
    """Pairs of account and thing by which these accounts hold a billed seat of a product that is idle."""
    products = {rule.product for rule in context.rules.inactive}
    opens = context.things["products"].map(
        lambda places: (
            isinstance(places, frozenset) and any(place.partition(" on ")[0] in products for place in places)
        )
    )
    wanted: Mask = np.zeros(len(context.target.accounts) + 1, dtype=np.bool_)
    wanted[account] = True
    fine = wanted[context.assigned.account] & opens.to_numpy(np.bool_)[context.assigned.thing]
    return context.assigned.account[fine], context.assigned.thing[fine]
