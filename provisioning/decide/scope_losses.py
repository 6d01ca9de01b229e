"""People who leave or enter a scope because an IdP group of it changed: judged group by group, and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.context import Context, count, list_names
from provisioning.model.group_sizes import GroupSize, measure_groups
from provisioning.model.keys import Mask, pick, positions
from provisioning.model.snapshots import Sizes
from provisioning.model.terms import State
from provisioning.model.text import name_key
from provisioning.policy.limits import GroupDrop
from provisioning.policy.rules import SourceRules
from provisioning.policy.scope import Scoped, find_scoped, list_grouped
from provisioning.policy.scope_groups import find_asked, find_excluded
from provisioning.policy.values import share_text

Groups = Mapping[str, GroupSize]
LEFT = "{group} of the scope: {who} with an account {are} in scope no longer"
ENTERED = "{group}, which the scope leaves out: {who} {are} not in it any more and so in scope"
EXCLUDED = "{group} leaves people out of the scope and did not before: {who} with an account {are} in it"


class ScopeLoss(NamedTuple):
    """A group by which more people left or entered a scope than may unseen.

    Attributes:
        source: the source that tells it.
        words: who it is about, with numbers.
    """

    source: str
    words: str


class _Compared(NamedTuple):
    """A source whose scope names groups, and what it told before.

    Attributes:
        stated: the source and its scope.
        groups: every group it tells.
        scoped: who is in the scope by this read.
        before: sizes of its last complete read.
        told: who was in its groups, as `Memory.grouped`, of those whom it still has and does not say to have
            departed; with the row of each in the read.
        linked: identifiers of its people who have an account.
    """

    stated: SourceRules
    groups: Groups
    scoped: Scoped
    before: Sizes
    told: pd.DataFrame | None
    linked: pd.Series


def find_scope_losses(context: Context) -> list[ScopeLoss]:
    """Groups of the scopes by which more people left or entered since the last complete read than may.

    Also those who left one by one within 30 days. Whoever departed, moved to another group of the scope or
    fails its filter is not counted.
    """
    losses: list[ScopeLoss] = []
    for rules in context.policy.sources:
        if rules.scope.groups or rules.scope.exclude_groups:
            compared = _compare(context, rules)
            losses += [] if compared is None else _judge(context, compared)
    return losses


def _compare(context: Context, rules: SourceRules) -> _Compared | None:
    source, memory = rules.origin, context.memory
    if source not in context.sources or source not in memory.previous:
        return None
    snapshot, before = context.sources[source], memory.previous[source]
    told = memory.grouped.get(source)
    if told is not None:
        row = positions(told["source_id"], snapshot.identities["source_id"])
        departed = (snapshot.identities["state"] == State.DEPARTED.value).to_numpy(np.bool_)
        told = told.assign(row=row)[(row >= 0) & ~pick(departed, row)]
    groups = measure_groups(snapshot.groups, before.groups)
    scoped = find_scoped(rules.scope, snapshot, before)
    linked = memory.links.loc[memory.links["source"] == source, "source_id"]
    return _Compared(rules, groups, scoped, before, told, linked)


def _judge(context: Context, compared: _Compared) -> Iterator[ScopeLoss]:
    """Every group by which too many people crossed the border of a scope."""
    source, people = compared.stated.origin, context.sources[compared.stated.origin].identities
    told, scoped = compared.told, compared.scoped
    if told is None:
        lost = (positions(people["source_id"], compared.linked) >= 0) & ~scoped.asked
        if lost.any():
            yield ScopeLoss(
                source,
                f"{source}, nothing is kept of who was in the groups of its scope, and {_name(people, lost)} "
                "with an account are not in them now; approve the plan if that is right",
            )
        return
    row = told["row"].to_numpy(np.int64)
    out, back = ~pick(scoped.asked, row), ~pick(scoped.excluded, row) & pick(scoped.asked, row)
    excluded = told["excluded"].to_numpy(np.bool_)
    for crossed, words in (
        (told[~excluded].assign(gone=out[~excluded]), LEFT),
        (told[excluded].assign(gone=back[excluded]), ENTERED),
        (_find_newly_excluded(context, compared), EXCLUDED),
    ):
        yield from _list_beyond(context, source, crossed, words)


def _find_newly_excluded(context: Context, compared: _Compared) -> pd.DataFrame:
    """People with an account in groups that leave people out and did not before; `gone` who was in scope."""
    scope, snapshot = compared.stated.scope, context.sources[compared.stated.origin]
    assert compared.told is not None
    before = compared.told[compared.told["excluded"]]
    known = find_excluded(scope.exclude_groups, compared.before.groups).meant | {*before["group_id"]}
    now = list_grouped(scope, snapshot.memberships, compared.groups, compared.linked)
    linked = positions(now["source_id"], compared.linked) >= 0
    new = now[now["excluded"] & ~now["group_id"].isin(known) & linked]
    row = positions(new["source_id"], snapshot.identities["source_id"])
    in_scope = (positions(new["source_id"], before["source_id"]) < 0) & pick(compared.scoped.asked, row)
    return new.assign(row=row, gone=in_scope)[row >= 0]


def _list_beyond(context: Context, source: str, crossed: pd.DataFrame, words: str) -> Iterator[ScopeLoss]:
    """The groups of which more of the people are gone than may be unseen."""
    limit: GroupDrop = context.policy.limits.group_drop
    people = context.sources[source].identities
    sums = crossed.groupby("group_id", sort=True)["gone"].agg(["sum", "size"])
    beyond = sums[(sums["sum"] > limit.count) & (sums["sum"] / sums["size"] > limit.share)]
    for key, gone, size in beyond.itertuples():
        rows = crossed[crossed["group_id"] == key]
        lost = np.zeros(len(people), dtype=np.bool_)
        lost[rows.loc[rows["gone"], "row"].to_numpy(np.int64)] = True
        group = f"{source}, group {rows['group_name'].iloc[-1]}"
        said = words.format(group=group, who=_name(people, lost), are="is" if gone == 1 else "are")
        yield ScopeLoss(
            source,
            f"{said}, {gone / size:.1%} of {size}; {share_text(limit.share)} is allowed; approve the plan if "
            "that is meant",
        )


def _name(people: pd.DataFrame, chosen: Mask) -> str:
    """How many people, and who."""
    who = people.loc[chosen, "email"].fillna(people.loc[chosen, "source_id"])
    return f"{count(len(who), 'person', 'people')} ({list_names(set(who))})"


def note_scopes(context: Context) -> None:
    """Tell of IdP groups by which a scope goes although their names do not say so, and of those in doubt."""
    for rules in context.policy.sources:
        scope = rules.scope
        if rules.origin in context.sources and (scope.groups or scope.exclude_groups):
            before = context.memory.previous.get(rules.origin)
            told = context.sources[rules.origin].groups
            measured = measure_groups(told, before.groups if before else {})
            groups = {key: size for key, size in measured.items() if size.people}
            _note_asked(context, rules, groups)
            _note_excluded(context, rules, groups)


def _note_asked(context: Context, rules: SourceRules, groups: Groups) -> None:
    globs, source = rules.scope.groups, rules.origin
    asked = find_asked(globs, groups)
    plain = {key: size._replace(earlier=(), second=False) for key, size in groups.items()}
    for key in sorted(asked.meant - find_asked(globs, plain).meant):
        was = _first_fitting(globs, key, groups[key])
        instead = f" instead of {was}" if name_key(was) in map(name_key, globs) else ""
        context.note(
            f"IdP group {was} is now called {groups[key].name} in {source}; its members stay in scope",
            f"write its identifier, {key},{instead} into sources.scope.groups; "
            "whoever should not be in scope has to leave the group",
        )
    for key in sorted(asked.doubtful):
        number = count(groups[key].people, "member")
        context.note(
            f"IdP group {groups[key].name} ({key}) of {source} bears the name of another that the scope "
            f"names; its {number} neither get nor lose anything by it",
            f"write {key} into sources.scope.groups if that group is meant, or rename it",
        )


def _note_excluded(context: Context, rules: SourceRules, groups: Groups) -> None:
    for key in sorted(find_excluded(rules.scope.exclude_groups, groups).doubtful):
        name, names = groups[key].name, list_names(set(groups[key].names[1:]))
        number = count(groups[key].people, "member")
        context.note(
            f"IdP group {name} ({key}) of {rules.origin} was called {names}, and by one of its names "
            f"the scope leaves it out; its {number} neither get nor lose anything by it",
            f"write {key} into sources.scope.exclude_groups if that group is meant",
        )


def _first_fitting(globs: list[str], key: str, size: GroupSize) -> str:
    """The latest earlier name by which a group is in a scope."""
    fits = [name for name in size.earlier if find_asked(globs, {key: GroupSize(name, 1)}).meant]
    return fits[0]
