"""Seats of people who stay and do not use them; what is not known to be idle is not idle."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.changes import ASSIGNED, UNASSIGNED, part
from provisioning.decide.context import Context, count
from provisioning.model.contested import add_later_use, name_as_in
from provisioning.model.keys import Mask, pick, positions, take
from provisioning.model.seat_table import INSTALLATION, build_seats
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.terms import Action, Activity
from provisioning.policy.rules import Inactive
from provisioning.policy.values import duration_text


def revoke_idle(context: Context, idle: pd.DataFrame) -> pd.DataFrame:
    """Revoke what gives seats that are all idle by a rule, where that frees the seats.

    Args:
        context: what is known.
        idle: idle seats, as `find_idle` gives them.
    """
    if idle.empty:
        return part(Action.REVOKE, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    paths = _trace_paths(context, idle)
    free = _frees_idle_only(context, paths)
    # A seat that one path keeps is not freed by taking the others.
    stuck = paths["seat"].isin(paths.loc[~free, "seat"]).to_numpy(np.bool_)
    _note_stuck(context, paths.loc[stuck, "account"].nunique())
    chosen = paths[~stuck].drop_duplicates(["account", "entitlement"])
    account, why = chosen["account"].to_numpy(np.int64), idle.iloc[chosen["seat"]]
    return part(
        Action.REVOKE,
        context.person_of(account),
        account,
        entitlement=chosen["entitlement"].to_numpy(np.int64),
        before=ASSIGNED,
        after=UNASSIGNED,
        reason=why["reason"].to_numpy(),
        rule=why["rule"].to_numpy(),
        movement="stayer",
    )


def _frees_idle_only(context: Context, paths: pd.DataFrame) -> Mask:
    """Which paths open nothing but idle seats, and may be revoked."""
    entitlement = paths["entitlement"].to_numpy(np.int64)
    opened = take(context.catalogue["installations"], entitlement).map(len).to_numpy()
    idle = paths.groupby(["account", "entitlement"])["seat"].transform("nunique").to_numpy()
    fixed = context.flag("protected", entitlement) | context.flag("admin", entitlement)
    frees: Mask = (opened == idle) & context.flag("modifiable", entitlement) & ~fixed
    return frees


def _note_stuck(context: Context, accounts: int) -> None:
    if accounts:
        verb = "keeps" if accounts == 1 else "keep"
        context.note(
            f"{count(accounts, 'account')} {verb} an idle seat: the group, role or product that grants it "
            "also opens something in use, gives administration rights, is protected or cannot be changed here"
        )


def find_idle(context: Context) -> pd.DataFrame:
    """Idle seats: account (row), target, product, site, rule and reason."""
    rules = [rule for rule in context.rules.inactive if _is_fresh(context, rule)]
    if not rules:
        return pd.DataFrame(columns=["account", *INSTALLATION, "reason", "rule"])
    products = {rule.product for rule in rules}
    used = [name_as_in(context.shown, one.accounts, _seats(one, products)) for one in context.others]
    seats = _without_doubtful(context, add_later_use(_seats(context.target, products), used))
    lifecycle = context.lifecycle
    staying = np.zeros(len(context.target.accounts), dtype=np.bool_)
    staying[lifecycle.account[lifecycle.stays_active("stayer") & (lifecycle.account >= 0)]] = True
    account = positions(seats["account_id"], context.target.accounts["account_id"])
    chosen = pick(staying & context.usable, account) & seats["billable"].to_numpy(np.bool_)
    seats = seats[chosen].reset_index(drop=True).assign(account=account[chosen])
    seats["granted"] = _last_granted(context, seats)
    by_rule = [_apply_rule(context, seats, rule) for rule in rules]
    return pd.concat(by_rule, ignore_index=True).drop_duplicates(["account", *INSTALLATION])


def _without_doubtful(context: Context, seats: pd.DataFrame) -> pd.DataFrame:
    """Seats without those of accounts of which another target tells something that could not be read."""
    for one in context.others:
        told = pd.DataFrame({"account_id": one.rejects["key"].dropna()})
        unread = name_as_in(context.shown, one.accounts, told)["account_id"]
        seats = seats[positions(seats["account_id"], unread) < 0]
    return seats.reset_index(drop=True)


def _known_at(context: Context) -> pd.Timestamp:
    """The moment to judge at: nobody knows what was used after the evidence ends."""
    return pd.Timestamp(min(context.now, context.target.known_at))


def _is_fresh(context: Context, rule: Inactive) -> bool:
    """Whether the evidence is as young as a rule asks; if not, a note says that it takes nothing."""
    age = pd.Timestamp(context.now) - _known_at(context)
    if age <= rule.evidence_within:
        return True
    context.note(
        f"what is known of last use in {context.rules.to} is of {_known_at(context):%Y-%m-%d}, "
        f"{count(age.days, 'day')} old; the inactive rule for {rule.product} takes nothing by it, "
        f"for {duration_text(rule.evidence_within)} are allowed",
        "read the target afresh, such as by a new export, or raise inactive.evidence_within",
    )
    return False


def _apply_rule(context: Context, seats: pd.DataFrame, rule: Inactive) -> pd.DataFrame:
    """Seats that are idle by one rule, at the moment up to which their use is known."""
    seats = seats[seats["product"] == rule.product]
    now = _known_at(context)
    added = take(context.target.accounts["added_on"], seats["account"].to_numpy(np.int64))
    added = added.set_axis(seats.index)
    unused_for = now - _later(seats["last_active"], seats["granted"])
    held_for = now - _later(added, seats["granted"])
    used = _is_past(seats["activity"] == Activity.USED, unused_for, rule.idle)
    never = _is_past(seats["activity"] == Activity.NEVER, held_for, rule.never_used_after)
    days_used = (now - seats["last_active"]).dt.days.astype("Int64").astype("str")
    days_held = (now - added).dt.days.astype("Int64").astype("str")
    where = seats["product"] + " on " + seats["site"]
    as_of = f" (known as of {now:%Y-%m-%d})"
    reason = where + " last used " + days_used + " days ago" + as_of
    unused = where + " never used in the " + days_held + " days since the account was added" + as_of
    label = f"inactive: {rule.product} idle {duration_text(rule.idle)}"
    never_label = f"inactive: {rule.product} never used after {duration_text(rule.never_used_after)}"
    labels = pd.Series(label, index=seats.index, dtype="str").mask(never, never_label)
    return seats[["account", *INSTALLATION]].assign(reason=reason.mask(never, unused), rule=labels)[
        used | never
    ]


def _last_granted(context: Context, seats: pd.DataFrame) -> pd.Series:
    """When Seatwise last granted something that gives the seat: from then on somebody may begin to use it."""
    entitlements = context.target.entitlements
    opening = entitlements.loc[
        entitlements["product"].notna(), ["entitlement_id", *INSTALLATION]
    ].drop_duplicates()
    given = context.memory.granted.merge(opening, on="entitlement_id", validate="many_to_many")
    latest = given.groupby(["account_id", *INSTALLATION], as_index=False)["at"].max()
    joined = seats.merge(latest, on=["account_id", *INSTALLATION], how="left", validate="many_to_one")
    return joined["at"].set_axis(seats.index)


def _later(one: pd.Series, other: pd.Series) -> pd.Series:
    """The later of two times, and the known one where the other is not known."""
    return one.where(other.isna() | (one >= other), other)


def _is_past(applies: pd.Series, waited: pd.Series, limit: object) -> pd.Series:
    """Whether as much time passed as the limit says, or more."""
    if limit is None:
        return pd.Series(False, index=applies.index)
    return applies & waited.notna() & (waited >= pd.Timedelta(limit))  # type: ignore[arg-type]


def _seats(target: TargetSnapshot, products: set[str]) -> pd.DataFrame:
    """The seats of some products, as the report counts them."""
    entitlements = target.entitlements[target.entitlements["product"].isin(products)]
    opening = target.assignments["entitlement_id"].isin(entitlements["entitlement_id"])
    own = target.seats[target.seats["product"].isin(products)]
    return build_seats(own, target.accounts, target.assignments[opening], entitlements)


def _trace_paths(context: Context, idle: pd.DataFrame) -> pd.DataFrame:
    """What gives each idle seat: account, entitlement and seat, a row of `idle`; one row a path."""
    seats = idle[["account", *INSTALLATION[1:]]].assign(seat=np.arange(len(idle)))
    installations = context.catalogue["installations"].dropna().explode()
    opening = pd.DataFrame(installations.tolist(), columns=INSTALLATION[1:], dtype="str")
    opening["entitlement"] = installations.index.to_numpy(np.int64)
    assigned = pd.DataFrame(context.assigned._asdict())
    held = assigned[assigned["account"].isin(idle["account"])].drop_duplicates()
    paths = held.merge(opening, on="entitlement", validate="many_to_many")
    return paths.merge(seats, on=["account", *INSTALLATION[1:]], validate="many_to_one")
