"""Billed seats that should go and that no rule can take: nobody must read of them that all is well."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from provisioning.decide.context import Context, count, list_names
from provisioning.decide.lifecycle import CAUSES, LEAVER_REASONS, list_stages
from provisioning.model import frames
from provisioning.model.frames import StuckSeats
from provisioning.model.keys import Mask, Rows, locate, pick, positions, take
from provisioning.model.seat_table import INSTALLATION, build_seats, trace_paths
from provisioning.model.terms import Action
from provisioning.model.text import matching
from provisioning.policy.rules import Stage

_ENDS = [Action.SUSPEND.value, Action.DEACTIVATE.value, Action.REMOVE.value, Action.DELETE.value]
IDLE = "idle"
"""The cause of a seat that should go though its holder stays."""
NO_PATH = "the target does not tell what gives this seat"
FIXED = "what gives it is protected, a role, or managed elsewhere"


def find_stuck(context: Context, changes: pd.DataFrame, protected: Mask, idle: pd.DataFrame) -> pd.DataFrame:
    """The StuckSeats of leavers whose stage is due, and of idle seats of which nobody knows what gives them.

    Args:
        context: what is known.
        changes: all changes that may be made, also those that wait or were not asked for.
        protected: accounts that are not to lose anything; their seats are meant to stay.
        idle: idle seats, as `inactive.find_idle` gives them.
    """
    due = _find_due(context) & ~protected
    unused = np.zeros(len(due), dtype=np.bool_)
    unused[idle["account"].to_numpy(np.int64)] = True
    doubtful = due | (unused & ~protected)
    if not doubtful.any():
        return frames.empty(StuckSeats)
    assigned = context.target.assignments[pick(doubtful, context.holders)]
    seats = _list_seats(context, doubtful, assigned)
    account = positions(seats["account_id"], context.target.accounts["account_id"])
    paths = trace_paths(assigned, context.target.entitlements)
    revoked = changes[changes["action"] == Action.REVOKE.value]
    told, left = _is_given(seats, paths), _is_given(seats, _without(paths, revoked))
    ended = seats["account_id"].isin(changes.loc[changes["action"].isin(_ENDS), "account_id"]).to_numpy()
    going = pick(due, account) & ~ended & (left | ~told)
    places = pd.MultiIndex.from_frame(seats.assign(account=account)[["account", *INSTALLATION]])
    is_idle = places.isin(pd.MultiIndex.from_frame(idle[["account", *INSTALLATION]]))
    return _tabulate(context, seats, account, going, is_idle & ~told & ~going & ~ended, told)


def note_stuck(context: Context, stuck: pd.DataFrame) -> None:
    """Tell of them, so that nobody takes an empty plan for a job done."""
    for why, seats in stuck.groupby("reason", sort=True):
        places = list_names(set(seats["product"] + " on " + seats["site"]))
        verb = "stays" if len(seats) == 1 else "stay"
        context.note(
            f"{count(len(seats), 'billed seat')} that no rule can take {verb} ({why}): {places}, "
            f"of {list_names(set(seats['subject']))}",
            "take the access away by hand in the target; todo.csv names the accounts",
        )


def _find_due(context: Context) -> Mask:
    """Accounts of leavers of whom a stage is due, and whom none is yet to end anyway."""
    lifecycle = context.lifecycle
    due = np.zeros(len(context.target.accounts), dtype=np.bool_)
    waited = pd.Timestamp(context.now) - lifecycle.since
    for cause in CAUSES:
        stages = list_stages(context.rules, cause)
        if not stages:
            continue
        late = waited >= pd.Timedelta(min(stage.after for stage in stages))
        ends = [stage.after for stage in stages if _ends(context, stage)]
        late &= waited >= pd.Timedelta(min(ends, default=timedelta(0)))
        rows = lifecycle.moved_as("leaver") & (late & (lifecycle.reason == cause)).to_numpy(np.bool_)
        due[lifecycle.account[rows & (lifecycle.account >= 0)]] = True
    return due


def _ends(context: Context, stage: Stage) -> bool:
    """Whether a stage ends an account here, as it says or by the milder suspension."""
    return stage.do in _ENDS and (context.can(stage.do) or context.can(Action.SUSPEND))


def _list_seats(context: Context, chosen: Mask, assigned: pd.DataFrame) -> pd.DataFrame:
    """Billed seats of some accounts, whose assignments are given."""
    target = context.target
    accounts = target.accounts[chosen]
    own = target.seats[target.seats["account_id"].isin(accounts["account_id"])]
    seats = build_seats(own, accounts, assigned, target.entitlements)
    return seats[seats["billable"]].reset_index(drop=True)


def _without(paths: pd.DataFrame, revoked: pd.DataFrame) -> pd.DataFrame:
    """Paths that are left once some are revoked."""
    key = ["account_id", "kind", "entitlement_id"]
    return paths[~pd.MultiIndex.from_frame(paths[key]).isin(pd.MultiIndex.from_frame(revoked[key]))]


def _is_given(seats: pd.DataFrame, paths: pd.DataFrame) -> Mask:
    """Which seats something that makes them billed gives."""
    key = ["account_id", *INSTALLATION]
    paid = pd.MultiIndex.from_frame(paths.loc[paths["billable"].astype(bool), key])
    given: Mask = pd.MultiIndex.from_frame(seats[key]).isin(paid)
    return given


def _tabulate(
    context: Context, seats: pd.DataFrame, account: Rows, going: Mask, idle: Mask, told: Mask
) -> pd.DataFrame:
    """The StuckSeats frame, without those of people whom the policy protects by address."""
    rows = np.flatnonzero(going | idle)
    person = context.person_of(account[rows])
    accounts, records = context.target.accounts, context.people.records
    place = locate(account[rows], context.lifecycle.account)
    words = take(context.lifecycle.reason, place).map(LEAVER_REASONS)
    subject = take(records["email"], person).fillna(take(accounts["email"], account[rows]))
    subject = subject.fillna(take(accounts["account_id"], account[rows]))
    why = pd.Series(np.where(told[rows], FIXED, NO_PATH), dtype="str")
    table = seats.take(rows).reset_index(drop=True)
    table = table.assign(
        subject=subject, cause=words.mask(pd.Series(~going[rows]), IDLE).astype("str"), reason=why
    )
    kept = matching(subject, context.policy.protect.emails)
    return frames.complete(StuckSeats, table[~kept][frames.columns(StuckSeats)].reset_index(drop=True))
