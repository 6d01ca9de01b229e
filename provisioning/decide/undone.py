"""What a person took back is not made again by the same rule.

It is made again once it is lifted, the rule changes, or what gave rise to it is over: whoever was brought
back as a leaver is active again, or a group that was given back is theirs by the policy again.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import numpy as np
import pandas as pd
from pydantic_core import to_json

from provisioning.decide.assignments import MOVED, find_surplus
from provisioning.decide.changes import DESTRUCTIVE, renumbered
from provisioning.decide.context import Context, count, list_names
from provisioning.decide.entitle import Desired
from provisioning.decide.guard import list_incomplete
from provisioning.model.keys import Mask, pick, positions, take, within
from provisioning.model.text import name_key
from provisioning.policy.rules import TargetRules

_LEAVER = "leaver"
_WHOLE = (_LEAVER, "inactive")
"""Sections whose stages are one rule: whoever was brought back is not deleted a stage later."""


def name_rules(rules: pd.Series) -> pd.Series:
    """What is suspended with each rule of a change: all stages of a section, or the rule alone."""
    section = rules.str.split(":", n=1).str[0]
    return rules.mask(section.isin(_WHOLE), section)


def name_entitlements(changes: pd.DataFrame) -> pd.Series:
    """What is suspended of each change: its entitlement; empty for all that the stages of a section do."""
    whole = name_rules(changes["rule"]).isin(_WHOLE)
    return changes["entitlement_id"].fillna("").mask(whole, "").astype("str")


def digest_rule(rules: TargetRules, rule: str) -> str:
    """A digest of what the policy says under a rule, as `name_rules` names it."""
    path, _, key = rule.partition(": ")
    said: object = rules
    for name in path.split("."):
        said = getattr(said, name, said)
    if isinstance(said, Mapping) and key:
        said = said.get(key)
    return sha256(to_json(said)).hexdigest()


def drop_undone(context: Context, changes: pd.DataFrame) -> pd.DataFrame:
    """Leave out what would make again what a person took back, with a note."""
    again = _is_listed(changes, _find_in_force(context))
    if again.any():
        number, names = int(again.sum()), list_names(set(changes.loc[again, "subject"]))
        verb, their = ("is", "its") if number == 1 else ("are", "their")
        context.note(
            f"{count(number, 'change')} {verb} not made, because what {their} rule did was undone: {names}",
            "change the rule, or let it act again with `seatwise lift`",
        )
    return renumbered(changes, ~again)


def find_kept(context: Context) -> Mask:
    """Accounts that keep what a leaver or an idle seat loses, because a person gave it back."""
    taken = _find_in_force(context)
    taken = taken[taken["rule"].isin(_WHOLE) & taken["action"].isin(DESTRUCTIVE)]
    kept: Mask = context.target.accounts["account_id"].isin(taken["account_id"]).to_numpy(np.bool_)
    return kept


def _find_in_force(context: Context) -> pd.DataFrame:
    """Suspended rules of which the policy still says the same."""
    undone = context.memory.undone
    if undone.empty:
        return undone
    now = {rule: digest_rule(context.rules, rule) for rule in undone["rule"].unique()}
    followed = undone.assign(entitlement_id=_follow_recreated(context))
    return followed[undone["rule"].map(now) == undone["rule_digest"]]


def _follow_recreated(context: Context) -> pd.Series:
    """The identifier each suspended entitlement has now: one that is made anew under its name is the same."""
    undone, listed = context.memory.undone, context.catalogue
    ids = undone["entitlement_id"]
    named, listed_as = (
        names.map(name_key, na_action="ignore").astype("str")
        for names in (undone["entitlement"], listed["name"])
    )
    again = positions(named, listed_as)
    gone = (positions(ids, listed["entitlement_id"]) < 0) & (again >= 0) & ids.ne("").to_numpy(np.bool_)
    return ids.mask(gone, take(listed["entitlement_id"], again).set_axis(ids.index))


def find_over(context: Context, desired: Desired) -> pd.DataFrame:
    """What is suspended of people to whom it can be of no more use, as `Memory.undone` has it.

    A leaver who was brought back is active again; what was given back is wanted by the policy again. Of rows
    that do not tell what it was, as those of an early version, that is so once nothing would be taken.
    """
    undone = context.memory.undone
    if undone.empty:
        return undone
    account = positions(undone["account_id"], context.target.accounts["account_id"])
    active = np.zeros(len(context.target.accounts), dtype=np.bool_)
    staying = context.lifecycle.account[context.lifecycle.stays_active("stayer")]
    active[staying[staying >= 0]] = True
    back = (undone["rule"] == _LEAVER).to_numpy() & pick(active, account)
    person = context.person_of(account)
    entitlement = positions(_follow_recreated(context), context.catalogue["entitlement_id"])
    pairs = desired.keys(desired.person, desired.entitlement)
    wanted = within(desired.keys(person, entitlement), pairs) & (person >= 0) & (entitlement >= 0)
    takes = undone["action"].isin(DESTRUCTIVE).to_numpy(np.bool_)
    vague = (undone["rule"] == MOVED).to_numpy() & undone["entitlement_id"].eq("").to_numpy()
    loses = np.isin(person, desired.assigned.person[find_surplus(context, desired)])
    settled = vague & pick(active, account) & (person >= 0) & ~loses & (not list_incomplete(context))
    return undone[back | (takes & wanted) | settled]


def _is_listed(changes: pd.DataFrame, undone: pd.DataFrame) -> Mask:
    """Which changes a suspended rule would make for its person, in the same direction, of the same thing."""
    if undone.empty or changes.empty:
        return np.zeros(len(changes), dtype=np.bool_)
    told = _keys(undone, undone["rule"], undone["entitlement_id"])
    rules, exact = name_rules(changes["rule"]), name_entitlements(changes)
    any_of_it = pd.Series("", index=changes.index, dtype="str")
    listed: Mask = _keys(changes, rules, exact).isin(told) | _keys(changes, rules, any_of_it).isin(told)
    return listed


def _keys(rows: pd.DataFrame, rules: pd.Series, entitlements: pd.Series) -> pd.MultiIndex:
    parts = [rows["account_id"], rules, entitlements, rows["action"].isin(DESTRUCTIVE)]
    return pd.MultiIndex.from_arrays(parts, names=["account", "rule", "entitlement", "takes"])
