"""The groups of a target and what policy says of each, as one small table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.frames import EntitlementKind
from provisioning.keys import fitting, folded
from provisioning.rules import Protect, TargetRules
from provisioning.snapshots import TargetSnapshot

GROUP = EntitlementKind.GROUP.value
_FLAGS = ["billable", "admin", "default", "modifiable"]


def group_table(target: TargetSnapshot, rules: TargetRules, protect: Protect) -> pd.DataFrame:
    """One row per group, index 0…n-1.

    Returns:
        Columns entitlement_id, name, key (the name as it is compared), billable, admin, default,
        modifiable, opens (the billed products it opens, null when none), products (set of billed product
        and site), protected, addable, removable (what may_add and may_remove say) and kept (given by
        default or to joiners, so a sync never takes it from someone who stays). A group that somebody
        holds and the target does not list is taken for one that cannot be modified.
    """
    listed = target.grants[target.grants["kind"] == GROUP]
    paid = listed[listed["billable"] & listed["product"].notna()]
    place = paid["product"] + " on " + paid["site"].fillna("its site")
    opens = place.groupby(paid["entitlement_id"]).agg(lambda names: ", ".join(sorted(set(names))))
    places = place.groupby(paid["entitlement_id"]).agg(frozenset)
    flags = listed.groupby("entitlement_id")[["billable", "admin", "default"]].any()
    groups = listed.drop_duplicates("entitlement_id").set_index("entitlement_id")[["name", "modifiable"]]
    groups = pd.concat([groups.join(flags), _unlisted(target, groups.index)]).rename_axis("entitlement_id")
    groups = groups.reset_index().sort_values(["name", "entitlement_id"], ignore_index=True)
    groups[_FLAGS] = groups[_FLAGS].astype("bool")
    names = groups["name"]
    groups["key"] = folded(names)
    groups["opens"] = groups["entitlement_id"].map(opens).astype("str")
    groups["products"] = groups["entitlement_id"].map(places)
    groups["protected"] = fitting(names, protect.groups)
    groups["addable"] = fitting(names, rules.groups.may_add)
    groups["removable"] = fitting(names, rules.groups.may_remove)
    default = folded(pd.Series([*rules.groups.default.new, *rules.groups.default.all], dtype="str"))
    groups["kept"] = groups["key"].isin(default)
    groups.loc[joiner_groups(groups, target, rules), "kept"] = True
    return groups


def joiner_groups(groups: pd.DataFrame, target: TargetSnapshot, rules: TargetRules) -> list[int]:
    """Rows of the groups that give a joiner the products: each site's default group, else its only one."""
    listed = target.grants[(target.grants["kind"] == GROUP) & target.grants["modifiable"]]
    plain = listed[listed["billable"] & ~listed["admin"] & listed["product"].isin(rules.joiner.products)]
    chosen: list[str] = []
    for _, group in plain.groupby(["product", "site"], dropna=False, sort=True):
        usual = group[group["default"]].sort_values("name")
        if len(usual) or len(group) == 1:
            chosen.append(str((usual if len(usual) else group)["entitlement_id"].iloc[0]))
    return np.flatnonzero(groups["entitlement_id"].isin(chosen).to_numpy()).tolist()


def _unlisted(target: TargetSnapshot, known: pd.Index) -> pd.DataFrame:
    held = target.entitlements
    held = held[held["kind"] == GROUP].drop_duplicates("entitlement_id")
    others = held[~held["entitlement_id"].isin(known)].set_index("entitlement_id")[["name"]]
    return others.assign(**dict.fromkeys(_FLAGS, False))
