"""Seats of people who stay and do not use them; what is not known to be idle is not idle."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.changes import HELD, NOT_HELD, part
from provisioning.decide.context import Case
from provisioning.decide.people import ACTIVE
from provisioning.model.frames import Action, Activity
from provisioning.model.keys import Mask, Rows, positions, take
from provisioning.model.seat_table import seat_table
from provisioning.policy.rules import Inactive
from provisioning.policy.values import duration_text


def revoke_idle(case: Case) -> pd.DataFrame:
    """Take the groups and permissions whose every seat is idle by a rule, where that frees the seats."""
    nothing = part(Action.REVOKE, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    if not case.rules.inactive:
        return nothing
    idle = _idle(case)
    if idle.empty:
        return nothing
    account, thing = _paths(case, idle["account"].to_numpy(np.int64))
    places = idle.groupby("account")["place"].agg(frozenset)
    theirs = places.reindex(account)
    opened = take(case.things["products"], thing)
    only_idle = np.fromiter((o <= t for o, t in zip(opened, theirs, strict=True)), np.bool_, len(thing))
    fixed = ~case.flag("modifiable") | case.flag("protected") | case.flag("admin")
    free = only_idle & ~fixed[thing]
    stuck = np.unique(account[~free])
    if len(stuck):
        case.note(
            f"{len(stuck)} accounts keep an idle seat: what gives it also opens something in use, "
            "administers, is protected or cannot be changed here"
        )
    chosen = free & ~np.isin(account, stuck)
    first = idle.drop_duplicates("account").set_index("account").reindex(account[chosen])
    return part(
        Action.REVOKE,
        case.found.holder[account[chosen]],
        account[chosen],
        thing=thing[chosen],
        before=HELD,
        after=NOT_HELD,
        reason=first["reason"].to_numpy(),
        rule=first["rule"].to_numpy(),
        movement="stayer",
    )


def _idle(case: Case) -> pd.DataFrame:
    """Idle seats: account (row), place (product and site), rule and reason."""
    products = {rule.product for rule in case.rules.inactive}
    seats = _seats(case, products)
    lives = case.lives
    staying = np.zeros(len(case.target.accounts) + 1, dtype=np.bool_)
    stays = lives.are("stayer") & (lives.why == ACTIVE).to_numpy() & (lives.account >= 0)
    staying[lives.account[stays]] = True
    account = positions(seats["account_id"], case.target.accounts["account_id"])
    fine = staying[account] & np.append(case.usable, [False])[account] & seats["billable"].to_numpy(np.bool_)
    seats = seats[fine].reset_index(drop=True).assign(account=account[fine])
    seats["place"] = seats["product"] + " on " + seats["site"]
    seats["granted"] = _granted(case, seats)
    found = [_by_rule(case, seats, rule) for rule in case.rules.inactive]
    return pd.concat(found, ignore_index=True).drop_duplicates(["account", "place"])


def _by_rule(case: Case, seats: pd.DataFrame, rule: Inactive) -> pd.DataFrame:
    mine = seats[seats["product"] == rule.product]
    now = pd.Timestamp(case.now)
    added = take(case.target.accounts["added_on"], mine["account"].to_numpy(np.int64)).set_axis(mine.index)
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


def _granted(case: Case, seats: pd.DataFrame) -> pd.Series:
    """When Seatwise last granted something that gives the seat: from then on somebody may begin to use it."""
    place = ["product", "site"]
    opens = case.target.grants.loc[case.target.grants["product"].notna(), ["entitlement_id", *place]]
    given = case.memory.granted.merge(opens.drop_duplicates(), on="entitlement_id", validate="many_to_many")
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


def _seats(case: Case, products: set[str]) -> pd.DataFrame:
    """The seats of some products, as the report counts them."""
    target = case.target
    grants = target.grants[target.grants["product"].isin(products)]
    held = target.entitlements[target.entitlements["entitlement_id"].isin(grants["entitlement_id"])]
    own = target.seats[target.seats["product"].isin(products)]
    return seat_table(own, target.accounts, held, grants)


def _paths(case: Case, account: Rows) -> tuple[Rows, Rows]:
    """Pairs of account and thing by which these accounts hold a billed seat of a product that is idle."""
    products = {rule.product for rule in case.rules.inactive}
    opens = case.things["products"].map(
        lambda places: (
            isinstance(places, frozenset) and any(place.partition(" on ")[0] in products for place in places)
        )
    )
    wanted: Mask = np.zeros(len(case.target.accounts) + 1, dtype=np.bool_)
    wanted[account] = True
    fine = wanted[case.held.account] & opens.to_numpy(np.bool_)[case.held.thing]
    return case.held.account[fine], case.held.thing[fine]
