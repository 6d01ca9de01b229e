"""People who leave or enter a scope because an IdP group of it changed: judged group by group."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.context import Context, count, list_names
from provisioning.model.keys import Mask, pick, positions
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.terms import State
from provisioning.policy.rules import SourceRules
from provisioning.policy.scope import Scoped, list_grouped
from provisioning.policy.values import share_text

LEFT = "{group} of the scope: {who} with an account {are} in scope no longer"
ENTERED = "{group}, which the scope leaves out: {who} {are} not in it any more and so in scope"
EXCLUDED = "{group} leaves people out of the scope whom it did not before: {who} with an account {are} in it"


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
        snapshot: what was read of it.
        scoped: who is in the scope by this read.
        told: who was in its groups, as `Memory.grouped`; of those whom it still has and does not say to have
            departed, with the row of each in the read.
        now: who is in them by this read, in the same columns.
        linked: identifiers of its people whose account can be used.
    """

    snapshot: SourceSnapshot
    scoped: Scoped
    told: pd.DataFrame
    now: pd.DataFrame
    linked: pd.Series


def find_scope_losses(context: Context) -> list[ScopeLoss]:
    """Groups of the scopes by which more people left or entered than may, since reads that were accepted.

    Whoever departed, moved to another group of the scope, or is not in scope for another reason, is not
    counted, nor is whoever has nothing to lose.
    """
    losses: list[ScopeLoss] = []
    for rules in context.policy.sources:
        source, named = rules.origin, rules.scope.groups or rules.scope.exclude_groups
        if not named or source not in context.sources:
            continue
        if source in context.memory.grouped:
            compared = _compare(context, rules)
            crossed = [
                *_list_beyond(context, compared, _find_left(compared), LEFT),
                *_list_beyond(context, compared, _find_entered(compared), ENTERED),
                *_list_beyond(context, compared, _find_excluded(compared), EXCLUDED),
            ]
            losses += [ScopeLoss(source, words) for words in crossed]
        elif source in context.memory.previous:
            words = (
                f"what {source} told before of the groups of its scope is lost, so that nobody knows who "
                "left or entered it by them; approve the plan to go by this read"
            )
            losses.append(ScopeLoss(source, words))
    return losses


def _compare(context: Context, rules: SourceRules) -> _Compared:
    source, memory = rules.origin, context.memory
    snapshot, scoped = context.sources[source], context.people.scoped[source]
    usable = memory.links["account_id"].isin(context.target.accounts["account_id"][context.usable])
    linked = memory.links.loc[usable & (memory.links["source"] == source), "source_id"]
    now = list_grouped(rules.scope, snapshot.memberships, scoped.groups, linked)
    told, now = (_place(snapshot, rows) for rows in (memory.grouped[source], now))
    return _Compared(snapshot, scoped, told, now, linked)


def _place(snapshot: SourceSnapshot, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of people whom a read has and does not say to have departed, with where it has them."""
    people = snapshot.identities
    row = positions(rows["source_id"], people["source_id"])
    departed = (people["state"] == State.DEPARTED.value).to_numpy(np.bool_)
    return rows.assign(row=row)[(row >= 0) & ~pick(departed, row)]


def _find_left(compared: _Compared) -> pd.DataFrame:
    """People with an account in groups that the scope asked for, as far as only these had them in it.

    Where such a group could not be read, nobody leaves.
    """
    told, scoped = compared.told, compared.scoped
    asked = told[~told["excluded"] & _are_in(told, compared.linked)]
    asked = asked[~_are_in(asked, told.loc[told["excluded"], "source_id"])]
    row = asked["row"].to_numpy(np.int64)
    asked = asked.assign(gone=pick(scoped.eligible & ~scoped.asked & (not scoped.unsure), row))
    alone = ~asked.drop_duplicates(["source_id", "group_id"]).duplicated("source_id", keep=False)
    return asked[alone.reindex(asked.index, fill_value=False) | asked["gone"]]


def _find_entered(compared: _Compared) -> pd.DataFrame:
    """People in groups that were left out, as far as they could be in scope otherwise."""
    told, scoped = compared.told, compared.scoped
    row = told["row"].to_numpy(np.int64)
    rows = told.assign(gone=~pick(scoped.excluded, row))
    return rows[rows["excluded"] & pick(scoped.eligible & scoped.asked, row)]


def _find_excluded(compared: _Compared) -> pd.DataFrame:
    """People with an account in groups that leave them out; those are gone who were not left out before."""
    told, now = compared.told, compared.now
    now = now[now["excluded"] & _are_in(now, compared.linked)]
    eligible = pick(compared.scoped.eligible & compared.scoped.asked, now["row"].to_numpy(np.int64))
    # Who was left out by the last read alone may be so by the same mistake.
    first = told[told["excluded"] & (told["read"] == told["read"].min())]
    return now.assign(gone=eligible & ~_are_in(now, first["source_id"]))


def _are_in(rows: pd.DataFrame, people: pd.Series) -> Mask:
    return positions(rows["source_id"], people) >= 0


def _list_beyond(context: Context, compared: _Compared, crossed: pd.DataFrame, words: str) -> Iterator[str]:
    """The groups of which more of the people are gone than may be unseen."""
    limit = context.policy.limits.group_drop
    source, people = compared.snapshot.source, compared.snapshot.identities
    rows = crossed.drop_duplicates(["source_id", "group_id"], keep="last")
    sums = rows.groupby("group_id", sort=True)["gone"].agg(["sum", "size"])
    beyond = sums[(sums["sum"] > limit.count) & (sums["sum"] / sums["size"] > limit.share)]
    for key, gone, size in beyond.itertuples():
        of_group = rows[rows["group_id"] == key]
        lost = people.iloc[of_group.loc[of_group["gone"], "row"]]
        group = f"{source}, group {of_group['group_name'].iloc[-1]}"
        said = words.format(group=group, who=_name(lost), are="is" if gone == 1 else "are")
        yield (
            f"{said}, {gone / size:.1%} of {size}; {share_text(limit.share)} is allowed; approve the plan if "
            "that is meant"
        )


def _name(people: pd.DataFrame) -> str:
    """How many people, and who."""
    who = people["email"].fillna(people["source_id"])
    return f"{count(len(who), 'person', 'people')} ({list_names(set(who))})"
