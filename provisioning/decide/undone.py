"""What a person took back is not made again by the same rule until it is lifted or the rule changes."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import numpy as np
import pandas as pd
from pydantic_core import to_json

from provisioning.decide.changes import DESTRUCTIVE, renumbered
from provisioning.decide.context import Context, count, list_names
from provisioning.model.keys import Mask
from provisioning.policy.rules import TargetRules

_WHOLE = ("leaver", "inactive")
"""Sections whose stages are one rule: whoever was brought back is not deleted a stage later."""


def name_rules(rules: pd.Series) -> pd.Series:
    """What is suspended with each rule of a change: all stages of a section, or the rule alone."""
    section = rules.str.split(":", n=1).str[0]
    return rules.mask(section.isin(_WHOLE), section)


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
        verb, those = ("is", "it was") if number == 1 else ("are", "they were")
        context.note(
            f"{count(number, 'change')} {verb} not made again, because {those} undone: {names}",
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
    return undone[undone["rule"].map(now) == undone["rule_digest"]]


def _is_listed(changes: pd.DataFrame, undone: pd.DataFrame) -> Mask:
    """Which changes a suspended rule would make for its person, in the same direction."""
    if undone.empty or changes.empty:
        return np.zeros(len(changes), dtype=np.bool_)
    told = pd.MultiIndex.from_arrays(
        [undone["account_id"], undone["rule"], undone["action"].isin(DESTRUCTIVE)],
        names=["account", "rule", "takes"],
    )
    asked = pd.MultiIndex.from_arrays(
        [changes["account_id"], name_rules(changes["rule"]), changes["action"].isin(DESTRUCTIVE)],
        names=told.names,
    )
    listed: Mask = asked.isin(told)
    return listed
