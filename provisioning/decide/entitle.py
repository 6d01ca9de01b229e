"""What each person should have in a target, and which rule says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import ROLE, choose_joiner_groups, find_entitlements, is_group
from provisioning.decide.context import Context, count, list_names
from provisioning.decide.idp_groups import IdpGroup, list_idp_groups, silent_group
from provisioning.decide.new_groups import GroupNumbers, NewGroup
from provisioning.decide.people import DEPARTED, SUSPENDED
from provisioning.model import frames
from provisioning.model.guessed_rows import MEMBERS
from provisioning.model.keys import Mask, Rows, coded, first_of_each, follow, pick, positions, within
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.text import matching, name_key
from provisioning.policy.rules import SourceRules, TargetRules
from provisioning.policy.scope import counting

Part = tuple[Rows, Rows, int]
"""People, groups and the number of the rule that joins them."""


class GroupMapping(NamedTuple):
    """What one IdP group is mapped to: a group, by its number, and the rule that says so."""

    idp_group: IdpGroup
    group: int
    rule: str


class GroupMappings(NamedTuple):
    """What the IdP groups of a source are mapped to, which are not mapped, and which groups are missing."""

    mapped: list[GroupMapping]
    unmapped: set[str]
    missing: set[str]


class EntitlementPairs(NamedTuple):
    """Pairs of person (row of the record) and entitlement (row of the catalogue)."""

    person: Rows
    entitlement: Rows


@dataclass(frozen=True)
class Desired:
    """Who should have what, beside what the active people have.

    Attributes:
        catalogue: the entitlement catalogue, as `catalogue.build_catalogue` gives it.
        rules: rule and reason, by number.
        person: who should have something; a pair stands once, with its first rule.
        entitlement: what they should have.
        rule: number of the rule that says so.
        assigned: what the active people have now.
        filled: which groups the policy fills.
        managed: which groups it takes over, so that anyone may be taken out of them.
        unread: which groups nobody leaves, because what fills them could not be told.
        mappings: what the IdP groups are mapped to, those without a single member, too.
        new: groups that somebody should have and the target lacks, where they may be made.
    """

    catalogue: pd.DataFrame
    rules: list[tuple[str, str]]
    person: Rows
    entitlement: Rows
    rule: Rows
    assigned: EntitlementPairs
    filled: Mask
    managed: Mask
    unread: Mask
    mappings: tuple[GroupMapping, ...] = ()
    new: tuple[NewGroup, ...] = ()

    def missing(self) -> Mask:
        """Which desired pairs are not assigned."""
        return ~within(self.keys(self.person, self.entitlement), self.keys(*self.assigned))

    def surplus(self, candidates: Mask) -> Rows:
        """Rows of the assigned pairs that are not desired, among groups that are candidates."""
        some = np.flatnonzero(candidates[self.assigned.entitlement])
        keys = self.keys(self.assigned.person[some], self.assigned.entitlement[some])
        undesired: Rows = some[~within(keys, self.keys(self.person, self.entitlement))]
        return undesired

    def keys(self, person: Rows, entitlement: Rows) -> Rows:
        """One number per pair."""
        return person * (len(self.catalogue) + 1) + entitlement


def entitle(context: Context) -> Desired:
    """Say what everyone active should have: mapped IdP groups, defaults, and what is given back."""
    lifecycle, catalogue = context.lifecycle, context.catalogue
    staying = lifecycle.stays_active("joiner", "rehire", "stayer")
    active = np.zeros(len(context.people.person), dtype=np.bool_)
    active[lifecycle.person[staying]] = True
    texts: list[tuple[str, str]] = []
    managed = matching(catalogue["name"], context.rules.groups.manage) & is_group(catalogue)
    numbers = GroupNumbers(context)
    mappings = _map_sources(context, numbers)
    parts = _from_sources(context, mappings, texts) + _defaults(context, staying, texts, numbers)
    pairs = _stack(parts)
    pairs = pairs[active[pairs[:, 0]]]
    new = numbers.tabulate_new(pairs, texts)
    pairs = pairs[pairs[:, 1] < len(catalogue)]
    back = _given_back(context, active, texts)
    unread = _find_unread(context, mappings, len(catalogue))
    back = back[~_is_taken_again(context, back, pairs, managed & ~unread)]
    pairs = np.concatenate([pairs, back])
    person, entitlement, rule = pairs[first_of_each(pairs[:, 0] * (len(catalogue) + 1) + pairs[:, 1])].T
    owner = context.person_of(context.assigned.account)
    living = pick(active, owner)
    assigned = EntitlementPairs(owner[living], context.assigned.entitlement[living])
    return Desired(
        catalogue,
        texts,
        person,
        entitlement,
        rule,
        assigned,
        filled=_find_filled(mappings, len(catalogue)),
        managed=managed,
        unread=unread,
        mappings=tuple(mappings),
        new=new,
    )


def is_suppressed(context: Context, desired: Desired) -> Mask:
    """Which desired pairs were taken because they were not used, and are not given back automatically."""
    taken = _remembered(context, "inactive")
    return within(desired.keys(desired.person, desired.entitlement), desired.keys(*taken))


def find_removable(context: Context, managed: Mask) -> tuple[Mask, Mask]:
    """Groups a sync may take from someone who stays: from anyone, and from those who have it from us.

    may_remove names them, they are neither given by default nor protected, the target lets us. From anyone
    only those the policy manages; any other, also one that IdP groups fill, only from those to whom Seatwise
    gave it.
    """
    catalogue = context.catalogue
    removable = (
        catalogue["removable"] & catalogue["modifiable"] & ~catalogue["kept"] & ~catalogue["protected"]
    )
    may: Mask = removable.to_numpy(np.bool_)
    return may & managed, may & ~managed


def _map_sources(context: Context, numbers: GroupNumbers) -> list[GroupMapping]:
    """What the IdP groups of all sources are mapped to; gaps of the mapping are noted."""
    mappings: list[GroupMapping] = []
    unmapped: set[str] = set()
    missing: set[str] = set()
    for scope in context.policy.sources:
        if scope.origin in context.sources:
            of_source = _map_groups(context, scope, numbers)
            mappings += of_source.mapped
            unmapped |= of_source.unmapped
            missing |= of_source.missing
    if missing:
        remedy = "create them in the target, or correct groups.map"
        context.note(f"no such group in the target: {list_names(missing)}", remedy)
    if unmapped:
        verb = "is" if len(unmapped) == 1 else "are"
        context.note(f"{count(len(unmapped), 'IdP group')} {verb} not mapped: {list_names(unmapped)}")
    return mappings


def _map_groups(context: Context, scope: SourceRules, numbers: GroupNumbers) -> GroupMappings:
    """What each IdP group of a source is mapped to, and what of it is missing."""
    rules = context.rules
    stated = {name_key(name): name for name in rules.groups.map}
    mapping = GroupMappings([], set(), set())
    groups = list_idp_groups(context, scope, lambda name: bool(_rename(name, rules, numbers)[0]))
    heard = {name_key(group.meant) for group in groups}
    silent = [silent_group(scope.origin, name) for key, name in stated.items() if key not in heard]
    for group in [*groups, *silent]:
        if name_key(group.meant) in stated:
            name = stated[name_key(group.meant)]
            wanted, rule = rules.groups.map[name], f"groups.map: {name}"
        else:
            wanted, rule = _rename(group.meant, rules, numbers)
        if not wanted and group.people:
            mapping.unmapped.add(group.name)
        for name in wanted:
            number = numbers.find(name)
            if number is None:
                mapping.missing.add(name)
            else:
                mapping.mapped.append(GroupMapping(group, number, rule))
    return mapping


def _rename(idp_group: str, rules: TargetRules, numbers: GroupNumbers) -> tuple[list[str], str]:
    for rename in rules.groups.rename:
        name = rename.name(idp_group)
        if name is not None:
            return [name], f"groups.rename: {rename.regex}"
    if rules.groups.same_name and numbers.find(idp_group) is not None:
        return [idp_group], "groups.same_name"
    return [], ""


def _from_sources(context: Context, mappings: list[GroupMapping], texts: list[tuple[str, str]]) -> list[Part]:
    """Pairs that follow from membership in the mapped IdP groups of all sources."""
    parts: list[Part] = []
    for scope in context.policy.sources:
        mapped = [row for row in mappings if row.idp_group.source == scope.origin]
        if mapped:
            parts += _from_memberships(context, scope, mapped, texts)
    return parts


def _from_memberships(
    context: Context, scope: SourceRules, mapped: list[GroupMapping], texts: list[tuple[str, str]]
) -> list[Part]:
    """Pairs that follow from membership in mapped IdP groups."""
    snapshot = context.sources[scope.origin]
    memberships = counting(scope.scope, snapshot.memberships)
    ids = coded(memberships["group_id"])
    codes = {key: n for n, key in enumerate(ids.distinct)}
    told = [row for row in mapped if row.idp_group.counts and row.idp_group.group_id in codes]
    useful = np.zeros(len(codes) + 1, dtype=np.bool_)
    useful[[codes[row.idp_group.group_id] for row in told]] = True
    chosen = np.flatnonzero(useful[ids.codes])
    person = _members(context, snapshot, memberships["source_id"].array.take(chosen))
    order, starts = _sort_by_code(ids.codes[chosen], len(codes))
    parts = []
    for row in told:
        code = codes[row.idp_group.group_id]
        members = person[order[starts[code] : starts[code + 1]]]
        members = members[members >= 0]
        parts.append((members, np.full(len(members), row.group, dtype=np.int64), len(texts)))
        texts.append((row.rule, f"member of {row.idp_group.in_words} in {snapshot.source}"))
    return parts


def _find_filled(mappings: list[GroupMapping], size: int) -> Mask:
    """Which groups of the catalogue some IdP group is mapped to."""
    filled = np.zeros(size, dtype=np.bool_)
    filled[[row.group for row in mappings if row.group < size]] = True
    return filled


def _find_unread(context: Context, mappings: list[GroupMapping], size: int) -> Mask:
    """Which groups nobody leaves, because they are filled from IdP groups that could not be read.

    Of an unread group that nobody knows the name of it may be any. A group that is filled by nothing but
    names no source ever told is one, too: they are more likely misspelt than empty. So is one whose name
    several IdP groups bear: perhaps it was filled from the one that does not count.
    """
    snapshots = context.sources.values()
    rejects = frames.concat(frames.Rejects, [snapshot.rejects for snapshot in snapshots])
    nameless = (rejects["field"] == MEMBERS) & (rejects["value"].fillna(rejects["key"]) == rejects["key"])
    known = {row.idp_group.group_id for row in mappings if row.idp_group.name != row.idp_group.group_id}
    if (nameless & ~rejects["key"].isin(known)).any():
        return np.ones(size, dtype=np.bool_)
    unread = _find_filled([row for row in mappings if row.idp_group.unread or row.idp_group.rivals], size)
    told = _find_filled([row for row in mappings if row.idp_group.group_id], size)
    return unread | (_find_filled(mappings, size) & ~told)


def _members(
    context: Context, snapshot: SourceSnapshot, source_ids: pd.api.extensions.ExtensionArray
) -> Rows:
    """The person each membership is about; -1 unless the identity is in scope and living."""
    people = context.people
    first, end = people.spans[snapshot.source]
    rows = positions(pd.Series(source_ids), people.records["source_id"].iloc[first:end])
    gone = people.presence.iloc[first:end].isin([DEPARTED, SUSPENDED]).to_numpy()
    return follow(np.where(people.in_scope[first:end] & ~gone, people.person[first:end], -1), rows)


def _sort_by_code(codes: Rows, size: int) -> tuple[Rows, Rows]:
    """Rows sorted by code, and where each code begins."""
    order = np.argsort(codes, kind="stable").astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=size))]).astype(np.int64)
    return order, starts


def _defaults(
    context: Context, staying: Mask, texts: list[tuple[str, str]], numbers: GroupNumbers
) -> list[Part]:
    """Pairs for everyone, and for the accounts that Seatwise creates or has created."""
    lifecycle, rules, catalogue = context.lifecycle, context.rules.groups.default, context.catalogue
    made_by_us = pd.Series(sorted(context.memory.made), dtype="str")
    ours = positions(context.target.accounts["account_id"], made_by_us) >= 0
    new = staying & (lifecycle.moved_as("joiner") | pick(ours, lifecycle.account))
    everyone, newcomers = lifecycle.person[staying], lifecycle.person[new]
    grants = [(everyone, name, "groups.default.all", "every account in scope gets it") for name in rules.all]
    grants += [(newcomers, name, "groups.default.new", "every new account gets it") for name in rules.new]
    parts: list[Part] = []
    for person, name, rule, reason in grants:
        group = numbers.find(name)
        if group is None:
            remedy = f"create it in the target, or correct {rule}"
            context.note(f"no such group in the target: {name}", remedy)
            continue
        parts.append((person, np.full(len(person), group, dtype=np.int64), len(texts)))
        texts.append((rule, reason))
    for row in choose_joiner_groups(catalogue, context.target, context.rules):
        parts.append((newcomers, np.full(len(newcomers), row, dtype=np.int64), len(texts)))
        texts.append(("joiner.products", f"new accounts get {catalogue['opens'].iloc[row]}"))
    return parts


def _stack(parts: list[Part]) -> Rows:
    """Columns person, group, rule of all the parts."""
    columns = [np.column_stack([p, g, np.full(len(p), rule, dtype=np.int64)]) for p, g, rule in parts]
    return np.concatenate([np.zeros((0, 3), dtype=np.int64), *columns])


def _given_back(context: Context, active: Mask, texts: list[tuple[str, str]]) -> Rows:
    """Pairs that were taken from a leaver who is active again; roles are given by hand."""
    person, entitlement = _remembered(context, "leaver")
    no_role = (context.catalogue["kind"] != ROLE).to_numpy(np.bool_)
    back = pick(active, person) & context.flag("modifiable", entitlement) & pick(no_role, entitlement)
    rule = np.full(int(back.sum()), len(texts), dtype=np.int64)
    texts.append(("leaver", "given back: it was taken when this person was a leaver"))
    return np.column_stack([person[back], entitlement[back], rule])


def _remembered(context: Context, rule: str) -> EntitlementPairs:
    """Pairs that changes of such a rule took."""
    taken = context.memory.taken
    by_rule = taken[(taken["target"] == context.rules.to) & taken["rule"].str.startswith(rule)]
    person = context.person_of(positions(by_rule["account_id"], context.target.accounts["account_id"]))
    entitlement = find_entitlements(context.catalogue, by_rule)
    known = (person >= 0) & (entitlement >= 0)
    return EntitlementPairs(person[known], entitlement[known])


def _is_taken_again(context: Context, back: Rows, pairs: Rows, managed: Mask) -> Mask:
    """Which returned pairs the very next sync would take, because the policy fills the group otherwise."""
    if context.rules.mover.mode == "additive":
        return np.zeros(len(back), dtype=np.bool_)
    size = len(context.catalogue) + 1
    granted = within(back[:, 0] * size + back[:, 1], pairs[:, 0] * size + pairs[:, 1])
    loses: Mask = find_removable(context, managed)[0][back[:, 1]] & ~granted
    return loses
