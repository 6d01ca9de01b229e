"""What can be held in a target and what policy says of it, as one small table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.model.frames import EntitlementKind
from provisioning.model.keys import Mask, Rows, coded, first_of_each, positions
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.text import folded, matching
from provisioning.policy.rules import Protect, TargetRules

GROUP, ROLE = EntitlementKind.GROUP.value, EntitlementKind.ROLE.value
_KEY = ["kind", "entitlement_id"]
_FLAGS = ["billable", "admin", "default", "modifiable"]


def thing_table(target: TargetSnapshot, rules: TargetRules, protect: Protect) -> pd.DataFrame:
    """One row per group, product and role, index 0…n-1, the groups first.

    Returns:
        Columns kind, entitlement_id, name, key (the name as it is compared), billable, admin, default,
        modifiable, opens (the billed products it opens, null when none), products (set of billed product
        and site), protected, addable, removable (what may_add and may_remove say of a group) and kept
        (given by default or to joiners, so a sync never takes it from someone who stays). What somebody
        holds and the target does not list is taken for something that cannot be modified. The policy
        fills groups alone; nothing else is granted but to give it back, or taken but to free a seat.
    """
    listed = target.entitlements
    paid = listed[listed["billable"] & listed["product"].notna()]
    place = (paid["product"] + " on " + paid["site"].fillna("its site")).groupby([paid[k] for k in _KEY])
    opens = place.agg(lambda names: ", ".join(sorted(set(names)))).rename("opens")
    flags = listed.groupby(_KEY)[["billable", "admin", "default"]].any()
    known = listed.drop_duplicates(_KEY).set_index(_KEY)[["name", "modifiable"]].join(flags)
    things = pd.concat([known, _unlisted(target, known.index)])
    things = things.join(opens.astype("str")).join(place.agg(frozenset).rename("products"))
    things = things.reset_index().sort_values(["kind", "name", "entitlement_id"], ignore_index=True)
    things[_FLAGS] = things[_FLAGS].astype("bool")
    names, is_group = things["name"], groups_among(things)
    things["key"] = folded(names)
    things["protected"] = matching(names, protect.groups)
    things["addable"] = matching(names, rules.groups.may_add) | ~is_group
    things["removable"] = matching(names, rules.groups.may_remove) & is_group
    default = folded(pd.Series([*rules.groups.default.new, *rules.groups.default.all], dtype="str"))
    things["kept"] = things["key"].isin(default) & is_group
    things.loc[joiner_groups(things, target, rules), "kept"] = True
    return things


def groups_among(things: pd.DataFrame) -> Mask:
    """Which rows are groups."""
    found: Mask = (things["kind"] == GROUP).to_numpy(np.bool_)
    return found


def placed(things: pd.DataFrame, named: pd.DataFrame) -> Rows:
    """The row of each thing that is named by kind and identifier; -1 where it is none of these."""
    kinds, ids = coded(named["kind"]), coded(named["entitlement_id"])
    rows = np.full((len(kinds.distinct) + 1, len(ids.distinct) + 1), -1, dtype=np.int64)
    for number, kind in enumerate(kinds.distinct):
        mine = np.flatnonzero((things["kind"] == kind).to_numpy())
        place = positions(ids.distinct, things["entitlement_id"].iloc[mine])
        rows[number, :-1] = np.append(mine, -1)[place]
    return rows[kinds.codes, ids.codes]


def joiner_groups(things: pd.DataFrame, target: TargetSnapshot, rules: TargetRules) -> list[int]:
    """Rows of the groups that give a joiner the products: each site's default group, else its only one."""
    listed = target.entitlements[(target.entitlements["kind"] == GROUP) & target.entitlements["modifiable"]]
    plain = listed[listed["billable"] & ~listed["admin"] & listed["product"].isin(rules.joiner.products)]
    chosen: list[str] = []
    for _, group in plain.groupby(["product", "site"], dropna=False, sort=True):
        usual = group[group["default"]].sort_values("name")
        if len(usual) or len(group) == 1:
            chosen.append(str((usual if len(usual) else group)["entitlement_id"].iloc[0]))
    theirs = things["entitlement_id"].isin(chosen).to_numpy(np.bool_)
    return np.flatnonzero(theirs & groups_among(things)).tolist()


def _unlisted(target: TargetSnapshot, known: pd.Index) -> pd.DataFrame:
    held = target.assignments
    kinds, ids = coded(held["kind"]), coded(held["entitlement_id"])
    once = first_of_each(kinds.codes * len(ids.distinct) + ids.codes)
    held = held[once].set_index(_KEY)[["name"]]
    others = held[~held.index.isin(known)]
    return others.assign(**dict.fromkeys(_FLAGS, False))
