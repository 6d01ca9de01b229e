"""What each person should hold in a target, and which rule says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.correlate import Correlation
from provisioning.findings import Finding
from provisioning.frames import EntitlementKind
from provisioning.keys import Mask, Rows, coded, first_of_each, folded, positions, within
from provisioning.lifecycle import LIVE, Lives
from provisioning.people import ACTIVE, DEPARTED, SUSPENDED, People
from provisioning.rules import SourceRules, TargetRules
from provisioning.scope import counting
from provisioning.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.things import GROUP, joiner_groups

SHOWN = 20
"""Names a note lists before it counts the rest."""


class Mapped(NamedTuple):
    """What one IdP group stands for: a group of the target, by row, and the rule that says so."""

    idp_group: str
    group: int
    rule: str


@dataclass(frozen=True)
class Entitled:
    """Pairs of person (row of the statement) and group (row of the table).

    Attributes:
        groups: the target's groups, as `things.group_table` gives them.
        rules: rule and reason, by number.
        person, group, rule: what people should hold; each pair stands once, with its first rule.
        held_person, held_group: what the people in `lives` hold now.
        governed: which groups the policy fills, so that it may also empty them.
        notes: what a person should know.
    """

    groups: pd.DataFrame
    rules: list[tuple[str, str]]
    person: Rows
    group: Rows
    rule: Rows
    held_person: Rows
    held_group: Rows
    governed: Mask
    notes: list[Finding]

    def missing(self) -> Mask:
        """Which wanted pairs are not held."""
        return ~within(self._keys(self.person, self.group), self._keys(self.held_person, self.held_group))

    def surplus(self, candidates: Mask) -> Rows:
        """Places of the held pairs nobody wants, among groups that are candidates."""
        some = np.flatnonzero(candidates[self.held_group])
        keys = self._keys(self.held_person[some], self.held_group[some])
        unwanted: Rows = some[~within(keys, self._keys(self.person, self.group))]
        return unwanted

    def _keys(self, person: Rows, group: Rows) -> Rows:
        return person * (len(self.groups) + 1) + group


def entitle(
    people: People,
    found: Correlation,
    lives: Lives,
    sources: Mapping[str, SourceSnapshot],
    scopes: Sequence[SourceRules],
    target: TargetSnapshot,
    rules: TargetRules,
    memory: Memory,
    groups: pd.DataFrame,
) -> Entitled:
    """Say what everyone active should hold: mapped IdP groups, defaults, and what is given back."""
    active = np.zeros(len(people.person), dtype=np.bool_)
    active[lives.person[lives.are("joiner", "rehire", "stayer") & (lives.why == ACTIVE).to_numpy()]] = True
    made: list[tuple[Rows, Rows, int]] = []
    texts: list[tuple[str, str]] = []
    notes: list[Finding] = []
    governed = np.zeros(len(groups), dtype=np.bool_)
    for scope in scopes:
        if scope.origin in sources:
            table = list(_mapping(sources[scope.origin], scope, rules, groups, notes))
            governed[[row.group for row in table]] = True
            made += _from_memberships(people, sources[scope.origin], scope, table, texts)
    made += _defaults(lives, target, rules, memory, groups, texts, notes)
    wanted = _pairs(made)
    wanted = wanted[active[wanted[:, 0]]]
    held_person, held_group = _held(found, target, groups, active)
    back = _given_back(found, target, memory, groups, active, texts)
    back = back[~_taken_again(back, wanted, rules, groups, governed)]
    wanted = np.concatenate([wanted, back])
    once = first_of_each(wanted[:, 0] * (len(groups) + 1) + wanted[:, 1])
    person, group, rule = wanted[once].T
    return Entitled(groups, texts, person, group, rule, held_person, held_group, governed, notes)


def suppressed(found: Correlation, target: TargetSnapshot, memory: Memory, wanted: Entitled) -> Mask:
    """Which wanted pairs were taken for want of use and are not given back by themselves."""
    idle = memory.taken[memory.taken["rule"].str.startswith("inactive")]
    person, group = _remembered(idle, found, target, wanted.groups)
    size = len(wanted.groups) + 1
    return within(wanted.person * size + wanted.group, person * size + group)


def _mapping(
    snapshot: SourceSnapshot, scope: SourceRules, rules: TargetRules, groups: pd.DataFrame, notes: list[Finding]
) -> Iterator[Mapped]:
    """What each IdP group stands for; notes those without meaning or without a group here."""
    names = coded(counting(scope.scope, snapshot.memberships)["group_name"]).distinct
    by_key = {key: row for row, key in reversed(list(enumerate(groups["key"])))}
    unmapped: list[str] = []
    missing: set[str] = set()
    stated = {name.casefold(): name for name in rules.groups.map}
    for idp_group in sorted({*names.tolist(), *rules.groups.map}):
        if idp_group.casefold() in stated:
            name = stated[idp_group.casefold()]
            wanted, rule = rules.groups.map[name], f"groups.map: {name}"
        else:
            wanted, rule = _renamed(idp_group, rules, by_key)
        if not wanted:
            unmapped.append(idp_group)
        for name in wanted:
            row = by_key.get(name.strip().lower())
            if row is None:
                missing.add(name)
            else:
                yield Mapped(idp_group, row, rule)
    if missing:
        notes.append(Finding("warning", rules.to, f"no such group in the target: {shown(missing)}",
                             "create them in the target or correct groups.map"))  # fmt: skip
    if unmapped:
        notes.append(Finding("ok", scope.origin, f"IdP groups that stand for nothing here: {shown(unmapped)}"))


def _renamed(idp_group: str, rules: TargetRules, known: Mapping[str, int]) -> tuple[list[str], str]:
    for rename in rules.groups.rename:
        name = rename.name(idp_group)
        if name is not None:
            return [name], f"groups.rename: {rename.regex}"
    if rules.groups.same_name and idp_group.strip().lower() in known:
        return [idp_group], "groups.same_name"
    return [], ""


def _from_memberships(
    people: People,
    snapshot: SourceSnapshot,
    scope: SourceRules,
    table: list[Mapped],
    texts: list[tuple[str, str]],
) -> list[tuple[Rows, Rows, int]]:
    """Pairs that follow from membership in mapped IdP groups."""
    memberships = counting(scope.scope, snapshot.memberships)
    names = coded(memberships["group_name"])
    numbers = {name: n for n, name in enumerate(names.distinct)}
    useful = np.unique([numbers[row.idp_group] for row in table if row.idp_group in numbers]).astype(np.int64)
    mask = np.zeros(len(numbers) + 1, dtype=np.bool_)
    mask[useful] = True
    chosen = np.flatnonzero(mask[names.codes])
    first, end = people.spans[snapshot.source]
    stated = people.statements["source_id"].iloc[first:end]
    ids = pd.Series(memberships["source_id"].array.take(chosen))
    rows = positions(ids, stated)
    living = people.in_scope & ~people.standing.isin([DEPARTED, SUSPENDED]).to_numpy()
    person = np.where(np.append(living[first:end], False)[rows], people.person[first:end].take(rows), -1)  # noqa: FBT003
    order, starts = _by_code(names.codes[chosen], len(numbers))
    made = []
    for row in table:
        if row.idp_group in numbers:
            code = numbers[row.idp_group]
            members = person[order[starts[code] : starts[code + 1]]]
            members = members[members >= 0]
            made.append((members, np.full(len(members), row.group, dtype=np.int64), len(texts)))
            texts.append((row.rule, f"member of {row.idp_group} in {snapshot.source}"))
    return made


def _by_code(codes: Rows, size: int) -> tuple[Rows, Rows]:
    """Places sorted by code, and where each code begins."""
    order = np.argsort(codes, kind="stable").astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=size))]).astype(np.int64)
    return order, starts


def _defaults(
    lives: Lives,
    target: TargetSnapshot,
    rules: TargetRules,
    memory: Memory,
    groups: pd.DataFrame,
    texts: list[tuple[str, str]],
    notes: list[Finding],
) -> list[tuple[Rows, Rows, int]]:
    """Pairs for everyone, and for the accounts that Seatwise creates or has created."""
    staying = lives.are("joiner", "rehire", "stayer")
    ours = positions(target.accounts["account_id"], pd.Series(sorted(memory.made), dtype="str")) >= 0
    new = lives.are("joiner") | (staying & np.append(ours, False)[lives.account])  # noqa: FBT003
    wants = [
        (lives.person[staying], rules.groups.default.all, "groups.default.all", "every account holds it"),
        (lives.person[new], rules.groups.default.new, "groups.default.new", "every new account gets it"),
    ]
    made = []
    for members, names, rule, reason in wants:
        rows = positions(folded(pd.Series(names, dtype="str")), groups["key"])
        missing = [name for name, row in zip(names, rows, strict=True) if row < 0]
        if missing:
            notes.append(Finding("warning", rules.to, f"no such group in the target: {shown(missing)}",
                                 f"create them in the target or correct {rule}"))  # fmt: skip
        for row in rows[rows >= 0]:
            made.append((members, np.full(len(members), row, dtype=np.int64), len(texts)))
            texts.append((rule, reason))
    for row in joiner_groups(groups, target, rules):
        members = lives.person[new]
        made.append((members, np.full(len(members), row, dtype=np.int64), len(texts)))
        texts.append(("joiner.products", f"joiners get {groups['opens'].iloc[row]}"))
    return made


def _pairs(made: list[tuple[Rows, Rows, int]]) -> Rows:
    """Columns person, group, rule of all the parts."""
    parts = [np.column_stack([p, g, np.full(len(p), rule, dtype=np.int64)]) for p, g, rule in made]
    return np.concatenate([np.zeros((0, 3), dtype=np.int64), *parts])


def _held(found: Correlation, target: TargetSnapshot, groups: pd.DataFrame, active: Mask) -> tuple[Rows, Rows]:
    """Pairs of active person and group that the target shows."""
    held = target.entitlements
    ids = coded(held["entitlement_id"])
    kinds = coded(held["kind"])
    is_group = np.append((kinds.distinct == GROUP).to_numpy(np.bool_), False)  # noqa: FBT003
    group = np.append(positions(ids.distinct, groups["entitlement_id"]), -1)[ids.codes]
    account = positions(held["account_id"], target.accounts["account_id"])
    person = np.append(found.holder, -1)[account]
    fine = is_group[kinds.codes] & (group >= 0) & (person >= 0)
    fine &= np.append(active, False)[person]  # noqa: FBT003
    return person[fine], group[fine]


def _given_back(
    found: Correlation,
    target: TargetSnapshot,
    memory: Memory,
    groups: pd.DataFrame,
    active: Mask,
    texts: list[tuple[str, str]],
) -> Rows:
    """Pairs that were taken from a leaver who is active again."""
    left = memory.taken[memory.taken["rule"].str.startswith("leaver")]
    person, group = _remembered(left, found, target, groups)
    mine = active[person] & groups["modifiable"].to_numpy(np.bool_)[group]
    pairs = np.column_stack([person[mine], group[mine], np.full(int(mine.sum()), len(texts), dtype=np.int64)])
    texts.append(("leaver", "given back: it was taken when this person was a leaver"))
    return pairs


def _remembered(
    taken: pd.DataFrame, found: Correlation, target: TargetSnapshot, groups: pd.DataFrame
) -> tuple[Rows, Rows]:
    mine = taken[(taken["target"] == target.target) & (taken["kind"] == EntitlementKind.GROUP.value)]
    person = np.append(found.holder, -1)[positions(mine["account_id"], target.accounts["account_id"])]
    group = positions(mine["entitlement_id"], groups["entitlement_id"])
    fine = (person >= 0) & (group >= 0)
    return person[fine], group[fine]


def _taken_again(
    back: Rows, wanted: Rows, rules: TargetRules, groups: pd.DataFrame, governed: Mask
) -> Mask:
    """Which returned pairs the very next sync would take, because the policy fills the group otherwise."""
    if rules.mover.mode == "additive":
        return np.zeros(len(back), dtype=np.bool_)
    size = len(groups) + 1
    told = within(back[:, 0] * size + back[:, 1], wanted[:, 0] * size + wanted[:, 1])
    loses: Mask = removable(groups, governed)[back[:, 1]] & ~told
    return loses


def removable(groups: pd.DataFrame, governed: Mask) -> Mask:
    """Groups a sync may take from someone who stays.

    may_remove names them, they are neither given by default nor protected, the target lets us, and the
    policy fills them: a group to which an IdP group is mapped counts as one Seatwise was told to manage.
    """
    return governed & _may_go(groups)


def removable_if_owned(groups: pd.DataFrame, governed: Mask) -> Mask:
    """Groups a sync may take only from those to whom Seatwise gave them."""
    return ~governed & _may_go(groups)


def _may_go(groups: pd.DataFrame) -> Mask:
    fine = groups["removable"] & groups["modifiable"] & ~groups["kept"] & ~groups["protected"]
    return fine.to_numpy(np.bool_)


def shown(names: set[str] | Sequence[str]) -> str:
    """Names for a sentence: the first few, and how many more there are."""
    few = sorted(names)
    more = f" and {len(few) - SHOWN} more" if len(few) > SHOWN else ""
    return ", ".join(few[:SHOWN]) + more


def live_accounts(target: TargetSnapshot) -> Mask:
    """Which accounts can be used now."""
    usable: Mask = target.accounts["state"].isin(LIVE).to_numpy(np.bool_)
    return usable
