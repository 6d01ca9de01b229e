"""The entitlement catalogue: what can be assigned in a target and what policy says of it, as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.model.keys import Mask, Rows, coded, first_of_each, follow, positions
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.terms import EntitlementKind
from provisioning.model.text import matching, name_key
from provisioning.policy.rules import Protect, TargetRules

GROUP, ROLE = EntitlementKind.GROUP.value, EntitlementKind.ROLE.value
Installations = frozenset[tuple[str, str | None]]
"""Products, each with its site."""
_KEY = ["kind", "entitlement_id"]
_FLAGS = ["billable", "admin", "default", "modifiable"]


def build_catalogue(target: TargetSnapshot, rules: TargetRules, protect: Protect) -> pd.DataFrame:
    """One row per group, product and role, index 0…n-1, the groups first.

    Returns:
        Columns kind, entitlement_id, name, billable, admin, default,
        modifiable, installations (the billed products it opens, each with its site; null when none), opens
        (the same in words), protected, addable, removable (what may_add and may_remove say of a group) and
        kept (given by default or to joiners, so a sync never takes it from someone who stays). What an
        account has and the target does not list is taken for something that cannot be modified. The policy
        fills groups alone; nothing else is granted but to give it back, or taken but to free a seat.
    """
    listed = target.entitlements
    flags = listed.groupby(_KEY)[["billable", "admin", "default"]].any()
    known = listed.drop_duplicates(_KEY).set_index(_KEY)[["name", "modifiable"]].join(flags)
    table = pd.concat([known, _unlisted(target, known.index)]).join(_opened(listed))
    table = table.reset_index().sort_values(["kind", "name", "entitlement_id"], ignore_index=True)
    table[_FLAGS] = table[_FLAGS].astype("bool")
    names, group = table["name"], is_group(table)
    table["protected"] = matching(names, protect.groups)
    table["addable"] = matching(names, rules.groups.may_add) | ~group
    table["removable"] = matching(names, rules.groups.may_remove) & group
    default = {name_key(name) for name in (*rules.groups.default.new, *rules.groups.default.all)}
    table["kept"] = names.map(name_key, na_action="ignore").isin(default) & group
    table.loc[choose_joiner_groups(table, target, rules), "kept"] = True
    return table


def is_group(catalogue: pd.DataFrame) -> Mask:
    """Which rows are groups."""
    groups: Mask = (catalogue["kind"] == GROUP).to_numpy(np.bool_)
    return groups


def find_entitlements(catalogue: pd.DataFrame, named: pd.DataFrame) -> Rows:
    """The row of each entitlement that is named by kind and identifier; -1 where the catalogue lacks it."""
    kinds, ids = coded(named["kind"]), coded(named["entitlement_id"])
    rows = np.full((len(kinds.distinct) + 1, len(ids.distinct) + 1), -1, dtype=np.int64)
    for number, kind in enumerate(kinds.distinct):
        of_kind = np.flatnonzero((catalogue["kind"] == kind).to_numpy())
        rows[number, :-1] = follow(
            of_kind, positions(ids.distinct, catalogue["entitlement_id"].iloc[of_kind])
        )
    return rows[kinds.codes, ids.codes]


def choose_joiner_groups(catalogue: pd.DataFrame, target: TargetSnapshot, rules: TargetRules) -> list[int]:
    """Rows of the groups that give a joiner the products: each site's default group, else its only one."""
    listed = target.entitlements[(target.entitlements["kind"] == GROUP) & target.entitlements["modifiable"]]
    plain = listed[listed["billable"] & ~listed["admin"] & listed["product"].isin(rules.joiner.products)]
    chosen: list[str] = []
    for _, group in plain.groupby(["product", "site"], dropna=False, sort=True):
        usual = group[group["default"]].sort_values("name")
        if len(usual) or len(group) == 1:
            chosen.append(str((usual if len(usual) else group)["entitlement_id"].iloc[0]))
    rows = catalogue["entitlement_id"].isin(chosen).to_numpy(np.bool_)
    return np.flatnonzero(rows & is_group(catalogue)).tolist()


def _opened(listed: pd.DataFrame) -> pd.DataFrame:
    """The billed products each entitlement opens: `installations` as pairs, `opens` in words."""
    paid = listed[listed["billable"] & listed["product"].notna()]
    sites = paid["site"].astype(object).where(paid["site"].notna(), None)
    pairs = pd.Series(list(zip(paid["product"], sites, strict=True)), index=paid.index, dtype=object)
    by_entitlement = pairs.groupby([paid[name] for name in _KEY])
    installations = by_entitlement.agg(frozenset)
    return pd.DataFrame({"installations": installations, "opens": installations.map(_in_words).astype("str")})


def _in_words(installations: Installations) -> str:
    return ", ".join(sorted(f"{product} on {site or 'its site'}" for product, site in installations))


def _unlisted(target: TargetSnapshot, known: pd.Index) -> pd.DataFrame:
    """What accounts have and the target does not list."""
    assigned = target.assignments
    kinds, ids = coded(assigned["kind"]), coded(assigned["entitlement_id"])
    once = first_of_each(kinds.codes * len(ids.distinct) + ids.codes)
    named = assigned[once].set_index(_KEY)[["name"]]
    return named[~named.index.isin(known)].assign(**dict.fromkeys(_FLAGS, False))
