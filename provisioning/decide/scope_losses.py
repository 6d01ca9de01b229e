"""What a plan takes because IdP groups of a scope changed: judged by the people who leave it, and told so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.context import Context, count, list_names
from provisioning.model.group_sizes import GroupSize, measure_groups
from provisioning.model.keys import take
from provisioning.policy.rules import SourceRules
from provisioning.policy.scope import counting
from provisioning.policy.scope_groups import find_asked, find_excluded
from provisioning.policy.values import share_text

WINDOW = timedelta(days=30)
"""As far back as sizes are compared."""

Groups = Mapping[str, GroupSize]


class ScopeLoss(NamedTuple):
    """A group by which more people left a scope than may unseen.

    Attributes:
        source: the source that tells it.
        words: what became of it, with numbers.
    """

    source: str
    words: str


class _Reads(NamedTuple):
    """The groups of a source in this read, and in every complete read within 30 days."""

    now: Groups
    past: list[Groups]


def judge_scopes(context: Context, changes: pd.DataFrame) -> list[str]:
    """Why a plan needs approval for what it takes from people who left a scope, a sentence for each group."""
    lost = changes[changes["destructive"]].drop_duplicates("account_id")
    losing = list_outside(context).merge(lost[["account_id", "subject"]], on="account_id", how="inner")
    reasons = []
    for source, words in find_scope_losses(context):
        who = set(losing.loc[losing["source"] == source, "subject"])
        if who:
            verb = "loses" if len(who) == 1 else "lose"
            people = f"{count(len(who), 'person', 'people')} {verb} something: {list_names(who)}"
            reasons.append(f"{words}; {people}; approve the plan if they should not be in scope")
    return reasons


def find_scope_losses(context: Context) -> list[ScopeLoss]:
    """Groups of the scopes by which more people left within 30 days than may unseen."""
    outside = list_outside(context)
    lately = outside[outside["since"] > pd.Timestamp(context.now - WINDOW)]
    losses: list[ScopeLoss] = []
    for rules in context.policy.sources:
        left = set(lately.loc[lately["source"] == rules.origin, "source_id"])
        if left:
            found = [*_find_shrunken(context, rules, len(left)), *_find_excluding(context, rules, left)]
            losses += [ScopeLoss(rules.origin, words) for words in found]
    return losses


def list_outside(context: Context) -> pd.DataFrame:
    """Everyone with an account who is no longer in scope: account_id, source, source_id and since."""
    lifecycle = context.lifecycle
    rows = np.flatnonzero(lifecycle.moved_as("leaver") & (lifecycle.reason == "outside").to_numpy(np.bool_))
    return pd.DataFrame(
        {
            "account_id": take(context.target.accounts["account_id"], lifecycle.account[rows]),
            "source": take(lifecycle.source, rows),
            "source_id": take(lifecycle.source_id, rows),
            "since": take(lifecycle.since, rows),
        }
    )


def note_scopes(context: Context) -> None:
    """Tell of IdP groups by which a scope goes although their names do not say so, and of those in doubt."""
    for rules in context.policy.sources:
        scope = rules.scope
        if rules.origin in context.sources and (scope.groups or scope.exclude_groups):
            groups = {key: size for key, size in _compare(context, rules).now.items() if size.people}
            _note_asked(context, rules, groups)
            _note_excluded(context, rules, groups)


def _note_asked(context: Context, rules: SourceRules, groups: Groups) -> None:
    globs, source = rules.scope.groups, rules.origin
    asked = find_asked(globs, groups)
    plain = {key: size._replace(earlier=(), second=False) for key, size in groups.items()}
    for key in sorted(asked.meant - find_asked(globs, plain).meant):
        was = _first_fitting(globs, key, groups[key])
        context.note(
            f"IdP group {was} is now called {groups[key].name} in {source}; its members stay in scope",
            f"write {groups[key].name} or its identifier, {key}, instead of {was} in sources.scope.groups",
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


def _find_shrunken(context: Context, rules: SourceRules, left: int) -> Iterator[str]:
    """Groups of the scope that lost more people than they may; of those only as many left as did."""
    limit, globs, (now, past) = context.policy.limits.group_drop, rules.scope.groups, _compare(context, rules)
    largest = _find_largest(past)
    held = find_asked(globs, now)
    for key in sorted((find_asked(globs, largest).meant | held.meant) & largest.keys()):
        people = now[key].people if key in held.meant | held.doubtful else 0
        most = largest[key].people
        fell = min(most - people, left)
        if fell > limit.count and fell / most > limit.share:
            yield (
                f"{rules.origin}, group {largest[key].name} of the scope fell from {most} to {people} within "
                f"30 days, by {(most - people) / most:.1%}; {share_text(limit.share)} is allowed"
            )


def _find_excluding(context: Context, rules: SourceRules, left: set[str]) -> Iterator[str]:
    """Groups that leave more people out than they may, and did not a while ago."""
    limit, globs = context.policy.limits.group_drop, rules.scope.exclude_groups
    now, past = _compare(context, rules)
    excluded = find_excluded(globs, now).meant
    known = ({key: groups[key] for key in excluded if key in groups} for groups in past)
    before = [find_excluded(globs, groups).meant for groups in known]
    new = excluded - frozenset.intersection(*before) if before else frozenset()
    members = counting(rules.scope, context.sources[rules.origin].memberships)
    for key in sorted(new):
        inside = set(members.loc[members["group_id"] == key, "source_id"])
        lost = inside & left
        if len(lost) > limit.count and len(lost) / len(inside) > limit.share:
            yield (
                f"{rules.origin}, group {now[key].name} leaves {len(lost)} of its {len(inside)} members out "
                f"of the scope and did not a while ago; {share_text(limit.share)} is allowed"
            )


def _find_largest(past: Iterable[Groups]) -> dict[str, GroupSize]:
    """Every group as it was when it was largest."""
    largest: dict[str, GroupSize] = {}
    for groups in past:
        for key, size in groups.items():
            if key not in largest or size.people > largest[key].people:
                largest[key] = size
    return largest


def _compare(context: Context, rules: SourceRules) -> _Reads:
    before = context.memory.previous.get(rules.origin)
    now = measure_groups(context.sources[rules.origin].groups, before.groups if before else {})
    past = [*context.memory.sizes_30d.get(rules.origin, ()), *([before] if before else [])]
    return _Reads(now, [sizes.groups for sizes in past if sizes.groups])
