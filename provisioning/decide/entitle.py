"""What each person should hold in a target, and which rule says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import ROLE, groups_among, joiner_groups, placed
from provisioning.decide.context import Context, picked, shown
from provisioning.decide.new_groups import Names, NewGroup
from provisioning.decide.people import ACTIVE, DEPARTED, SUSPENDED
from provisioning.model.keys import Mask, Rows, coded, first_of_each, positions, within
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.text import fold, matching
from provisioning.policy.rules import SourceRules, TargetRules
from provisioning.policy.scope import counting

Part = tuple[Rows, Rows, int]
"""People, groups and the number of the rule that joins them."""


class Mapped(NamedTuple):
    """What one IdP group stands for: a group, by its number, and the rule that says so."""

    idp_group: str
    group: int
    rule: str


class Gaps(NamedTuple):
    """IdP groups that stand for nothing, and groups they stand for that the target lacks."""

    unmapped: set[str]
    missing: set[str]


@dataclass(frozen=True)
class Entitled:
    """Pairs of person (row of the statement) and thing (row of the table).

    Attributes:
        things: what can be held, as `things.thing_table` gives it.
        rules: rule and reason, by number.
        person: who should hold something; a pair stands once, with its first rule.
        thing: what they should hold.
        rule: number of the rule that says so.
        held_person: who of the active people holds something now.
        held_thing: what they hold.
        governed: which groups the policy fills, so that it may also empty them.
        new: groups that somebody should hold and the target lacks, where they may be made.
    """

    things: pd.DataFrame
    rules: list[tuple[str, str]]
    person: Rows
    thing: Rows
    rule: Rows
    held_person: Rows
    held_thing: Rows
    governed: Mask
    new: tuple[NewGroup, ...] = ()

    def missing(self) -> Mask:
        """Which wanted pairs are not held."""
        return ~within(self.keys(self.person, self.thing), self.keys(self.held_person, self.held_thing))

    def surplus(self, candidates: Mask) -> Rows:
        """Places of the held pairs that nobody wants, among groups that are candidates."""
        some = np.flatnonzero(candidates[self.held_thing])
        keys = self.keys(self.held_person[some], self.held_thing[some])
        unwanted: Rows = some[~within(keys, self.keys(self.person, self.thing))]
        return unwanted

    def keys(self, person: Rows, thing: Rows) -> Rows:
        """One number per pair."""
        return person * (len(self.things) + 1) + thing


def entitle(context: Context) -> Entitled:
    """Say what everyone active should hold: mapped IdP groups, defaults, and what is given back."""
    lives, things = context.lives, context.things
    active = np.zeros(len(context.people.person), dtype=np.bool_)
    staying = lives.are("joiner", "rehire", "stayer") & (lives.why == ACTIVE).to_numpy()
    active[lives.person[staying]] = True
    made: list[Part] = []
    texts: list[tuple[str, str]] = []
    governed = matching(things["name"], context.rules.groups.manage) & groups_among(things)
    names = Names(context)
    gaps = Gaps(set(), set())
    for scope in context.policy.sources:
        if scope.origin in context.sources:
            table = list(_mapping(context, scope, names, gaps))
            made += _from_memberships(context, scope, table, texts, governed)
    _tell(context, gaps)
    made += _defaults(context, staying, texts, names)
    wanted = _pairs(made)
    wanted = wanted[active[wanted[:, 0]]]
    new = names.asked(wanted, texts)
    wanted = wanted[wanted[:, 1] < len(things)]
    back = _given_back(context, active, texts)
    back = back[~_taken_again(context, back, wanted, governed)]
    wanted = np.concatenate([wanted, back])
    person, thing, rule = wanted[first_of_each(wanted[:, 0] * (len(things) + 1) + wanted[:, 1])].T
    holder = np.append(context.found.holder, -1)[context.assigned.account]
    mine = picked(active, holder)
    return Entitled(
        things, texts, person, thing, rule, holder[mine], context.assigned.thing[mine], governed, new
    )


def suppressed(context: Context, wanted: Entitled) -> Mask:
    """Which wanted pairs were taken for want of use, and are not given back by themselves."""
    person, thing = _remembered(context, "inactive")
    return within(wanted.keys(wanted.person, wanted.thing), wanted.keys(person, thing))


def removable(context: Context, governed: Mask) -> tuple[Mask, Mask]:
    """Groups a sync may take from someone who stays: from anyone, and from those who have it from us.

    may_remove names them, they are neither given by default nor protected, the target lets us. A group to
    which an IdP group is mapped counts as one Seatwise was told to manage: it may be taken from anyone.
    Any other only from those to whom Seatwise gave it.
    """
    things = context.things
    fine = things["removable"] & things["modifiable"] & ~things["kept"] & ~things["protected"]
    may: Mask = fine.to_numpy(np.bool_)
    return may & governed, may & ~governed


def _mapping(context: Context, scope: SourceRules, groups: Names, gaps: Gaps) -> Iterator[Mapped]:
    """What each IdP group of a source stands for, and what of it is missing."""
    rules, snapshot = context.rules, context.sources[scope.origin]
    names = coded(counting(scope.scope, snapshot.memberships)["group_name"]).distinct
    stated = {fold(name): name for name in rules.groups.map}
    for idp_group in sorted({*names.tolist(), *rules.groups.map}):
        if fold(idp_group) in stated:
            name = stated[fold(idp_group)]
            wanted, rule = rules.groups.map[name], f"groups.map: {name}"
        else:
            wanted, rule = _renamed(idp_group, rules, groups)
        if not wanted:
            gaps.unmapped.add(idp_group)
        for name in wanted:
            row = groups.row(name)
            if row is None:
                gaps.missing.add(name)
            else:
                yield Mapped(idp_group, row, rule)


def _tell(context: Context, gaps: Gaps) -> None:
    if gaps.missing:
        remedy = "create them in the target, or correct groups.map"
        context.note(f"no such group in the target: {shown(gaps.missing)}", remedy)
    if gaps.unmapped:
        context.note(f"IdP groups that stand for nothing: {shown(gaps.unmapped)}")


def _renamed(idp_group: str, rules: TargetRules, groups: Names) -> tuple[list[str], str]:
    for rename in rules.groups.rename:
        name = rename.name(idp_group)
        if name is not None:
            return [name], f"groups.rename: {rename.regex}"
    if rules.groups.same_name and groups.row(idp_group) is not None:
        return [idp_group], "groups.same_name"
    return [], ""


def _from_memberships(
    context: Context, scope: SourceRules, table: list[Mapped], texts: list[tuple[str, str]], governed: Mask
) -> list[Part]:
    """Pairs that follow from membership in mapped IdP groups; marks the groups they govern.

    An IdP group without a single member may be misspelt or gone: it empties no group of the target.
    """
    snapshot = context.sources[scope.origin]
    memberships = counting(scope.scope, snapshot.memberships)
    names = coded(memberships["group_name"])
    numbers = {name: n for n, name in enumerate(names.distinct)}
    useful = np.zeros(len(numbers) + 1, dtype=np.bool_)
    useful[[numbers[row.idp_group] for row in table if row.idp_group in numbers]] = True
    chosen = np.flatnonzero(useful[names.codes])
    person = _members(context, snapshot, memberships["source_id"].array.take(chosen))
    order, starts = _by_code(names.codes[chosen], len(numbers))
    made = []
    for row in table:
        code = numbers.get(row.idp_group)
        if code is not None:
            members = person[order[starts[code] : starts[code + 1]]]
            members = members[members >= 0]
            made.append((members, np.full(len(members), row.group, dtype=np.int64), len(texts)))
            texts.append((row.rule, f"member of {row.idp_group} in {snapshot.source}"))
            if row.group < len(governed):
                governed[row.group] = True
    unheld = {row.idp_group for row in table if row.idp_group not in numbers}
    if unheld:
        remedy = "correct groups.map if the name is wrong; until then nobody loses anything by it"
        context.note(f"mapped IdP groups without a member in {snapshot.source}: {shown(unheld)}", remedy)
    return made


def _members(
    context: Context, snapshot: SourceSnapshot, source_ids: pd.api.extensions.ExtensionArray
) -> Rows:
    """The person each membership is about; -1 unless the identity is in scope and living."""
    people = context.people
    first, end = people.spans[snapshot.source]
    rows = positions(pd.Series(source_ids), people.statements["source_id"].iloc[first:end])
    gone = people.standing.iloc[first:end].isin([DEPARTED, SUSPENDED]).to_numpy()
    person = np.where(people.in_scope[first:end] & ~gone, people.person[first:end], -1)
    members: Rows = np.append(person, -1)[rows]
    return members


def _by_code(codes: Rows, size: int) -> tuple[Rows, Rows]:
    """Places sorted by code, and where each code begins."""
    order = np.argsort(codes, kind="stable").astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=size))]).astype(np.int64)
    return order, starts


def _defaults(context: Context, staying: Mask, texts: list[tuple[str, str]], names: Names) -> list[Part]:
    """Pairs for everyone, and for the accounts that Seatwise creates or has created."""
    lives, rules, things = context.lives, context.rules.groups.default, context.things
    made_by_us = pd.Series(sorted(context.memory.made), dtype="str")
    ours = positions(context.target.accounts["account_id"], made_by_us) >= 0
    new = staying & (lives.are("joiner") | picked(ours, lives.account))
    wants = [
        (staying, name, "groups.default.all", "every account in scope holds it") for name in rules.all
    ] + [(new, name, "groups.default.new", "every new account gets it") for name in rules.new]
    made: list[Part] = []
    for who, name, rule, reason in wants:
        group = names.row(name)
        if group is None:
            context.note(
                f"no such group in the target: {name}", f"create it in the target, or correct {rule}"
            )
            continue
        made.append((lives.person[who], np.full(int(who.sum()), group, dtype=np.int64), len(texts)))
        texts.append((rule, reason))
    for row in joiner_groups(things, context.target, context.rules):
        made.append((lives.person[new], np.full(int(new.sum()), row, dtype=np.int64), len(texts)))
        texts.append(("joiner.products", f"new accounts get {things['opens'].iloc[row]}"))
    return made


def _pairs(made: list[Part]) -> Rows:
    """Columns person, group, rule of all the parts."""
    parts = [np.column_stack([p, g, np.full(len(p), rule, dtype=np.int64)]) for p, g, rule in made]
    return np.concatenate([np.zeros((0, 3), dtype=np.int64), *parts])


def _given_back(context: Context, active: Mask, texts: list[tuple[str, str]]) -> Rows:
    """Pairs that were taken from a leaver who is active again; who administers is said by hand."""
    person, thing = _remembered(context, "leaver")
    by_hand = np.append((context.things["kind"] == ROLE).to_numpy(np.bool_), [True])
    mine = picked(active, person) & context.flag("modifiable")[thing] & ~by_hand[thing]
    pairs = np.column_stack([person[mine], thing[mine], np.full(int(mine.sum()), len(texts), dtype=np.int64)])
    texts.append(("leaver", "given back: it was taken when this person was a leaver"))
    return pairs


def _remembered(context: Context, rule: str) -> tuple[Rows, Rows]:
    """Pairs of person and thing that changes of such a rule took."""
    taken = context.memory.taken
    mine = taken[(taken["target"] == context.rules.to) & taken["rule"].str.startswith(rule)]
    account = positions(mine["account_id"], context.target.accounts["account_id"])
    person = np.append(context.found.holder, -1)[account]
    thing = placed(context.things, mine)
    fine = (person >= 0) & (thing >= 0)
    return person[fine], thing[fine]


def _taken_again(context: Context, back: Rows, wanted: Rows, governed: Mask) -> Mask:
    """Which returned pairs the very next sync would take, because the policy fills the group otherwise."""
    if context.rules.mover.mode == "additive":
        return np.zeros(len(back), dtype=np.bool_)
    size = len(context.things) + 1
    told = within(back[:, 0] * size + back[:, 1], wanted[:, 0] * size + wanted[:, 1])
    loses: Mask = removable(context, governed)[0][back[:, 1]] & ~told
    return loses
