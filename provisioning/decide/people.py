"""Identities of all sources as people: one record is primary, the others are its origins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.model import frames
from provisioning.model.keys import Mask, Rows, coded, follow, pick, positions, within
from provisioning.model.last_days import are_over, last_days
from provisioning.model.snapshots import Sizes, SourceSnapshot
from provisioning.model.terms import State
from provisioning.model.text import folded
from provisioning.policy.filters import asks_sign_in
from provisioning.policy.rules import SourceRules
from provisioning.policy.scope import Scoped, find_scoped

ACTIVE, WAITING, SUSPENDED, DEPARTED = "active", "waiting", "suspended", "departed"
_INSIDE, _UNDECIDED, _LEFT, _OUTSIDE = range(4)
"""Which record counts for a person whom several sources state: first those in scope, unless they departed.

Whoever left one list and works by another has moved; that the other is out of date is for a person to say.
"""


@dataclass(frozen=True)
class People:
    """Everyone the sources state.

    Attributes:
        records: Identities of all sources in the order of the policy, index 0…n-1.
        in_scope: whether each record is in the scope of its source.
        undecided: whether a record may be, too little being known of its last sign-in: it gets nothing and
            loses nothing.
        presence: active, waiting (staged and not due yet), suspended or departed, by record.
        person: row of the record that counts for each record; -1 where it is ambiguous.
        spans: first row of each source and the row after its last.
        contested: row, rule and reason of the ambiguous records.
        scoped: source → who is in its scope, and the groups by which it goes.
        by_sign_in: sources whose scope asks for the last sign-in.
    """

    records: pd.DataFrame
    in_scope: Mask
    undecided: Mask
    presence: pd.Series
    person: Rows
    spans: Mapping[str, tuple[int, int]]
    contested: pd.DataFrame
    scoped: Mapping[str, Scoped] = field(default_factory=dict)
    by_sign_in: frozenset[str] = frozenset()

    @property
    def unsure(self) -> frozenset[str]:
        """Sources whose scope asks for a group that could not be read, so that nobody leaves it."""
        return frozenset(name for name, one in self.scoped.items() if one.unsure)

    @property
    def primary(self) -> Mask:
        """Whether each record is the one that counts for its person."""
        own: Mask = self.person == np.arange(len(self.person))
        return own

    def rows_of(self, sources: pd.Series, source_ids: pd.Series) -> Rows:
        """Rows of records named by source and identifier; -1 where there is none."""
        named = np.full(len(sources), -1, dtype=np.int64)
        for name, (first, end) in self.spans.items():
            here = (sources == name).to_numpy()
            rows = positions(source_ids[here], self.records["source_id"].iloc[first:end])
            named[here] = np.where(rows >= 0, rows + first, -1)
        return named


class _Contested(NamedTuple):
    """A record that is ambiguous, the rule that found it so, and why."""

    row: int
    rule: str
    reason: str


def gather(
    rules: Sequence[SourceRules],
    snapshots: Mapping[str, SourceSnapshot],
    now: datetime,
    before: Mapping[str, Sizes] = MappingProxyType({}),
) -> People:
    """Put the sources together and find out which records are about one person.

    Two records of several sources with one e-mail address or one user name are one person; those in
    scope who have not departed come first, then those that may be in scope, those who departed, and the
    others; of two alike the order of the policy decides, and so it does between a record of someone who
    departed and one of someone who is suspended or waits, where none is of someone at work. Two living
    identities of one source that share a user name are ambiguous; a departed namesake is an older record of
    the living one.

    Args:
        rules: sources and their scopes, in the order of the policy.
        snapshots: what was read of each.
        now: the present time, UTC.
        before: source → sizes of its last complete read.
    """
    used = {rule.origin: rule.scope for rule in rules if rule.origin in snapshots}
    parts = {name: snapshots[name].identities for name in used}
    records = frames.concat(frames.Identities, list(parts.values())).reset_index(drop=True)
    spans = _list_spans(parts)
    scoped = {name: find_scoped(scope, snapshots[name], before.get(name)) for name, scope in used.items()}
    within_scope = _join([one.inside for one in scoped.values()])
    undecided = _join([one.undecided for one in scoped.values()])
    presence = derive_presence(records, now)
    living = (within_scope | undecided) & (presence != DEPARTED).to_numpy()
    person, contested = _tell_apart(records, living)
    if len(used) > 1:
        rank = _rank(within_scope, undecided, (presence == DEPARTED).to_numpy())
        person, several = _join_sources(records, rank, person, list(spans))
        contested += several
        person = _prefer_departed(person, presence, within_scope | undecided)
    table = pd.DataFrame(contested, columns=list(_Contested._fields))
    asking = frozenset(name for name, scope in used.items() if asks_sign_in(scope.filter or ""))
    return People(records, within_scope, undecided, presence, person, spans, table, scoped, asking)


def _list_spans(parts: Mapping[str, pd.DataFrame]) -> dict[str, tuple[int, int]]:
    """First row of each part, one put after the other, and the row after its last."""
    ends = np.cumsum([len(part) for part in parts.values()]).tolist()
    return {name: (end - len(part), end) for (name, part), end in zip(parts.items(), ends, strict=True)}


def _join(masks: list[Mask]) -> Mask:
    return np.concatenate([*masks, np.zeros(0, dtype=np.bool_)])


def _rank(inside: Mask, undecided: Mask, departed: Mask) -> Rows:
    """Which records come first where several are of one person."""
    living = np.where(inside, _INSIDE, np.where(undecided, _UNDECIDED, _OUTSIDE))
    ranks: Rows = np.where(departed & (inside | undecided), _LEFT, living).astype(np.int64)
    return ranks


def derive_presence(records: pd.DataFrame, now: datetime) -> pd.Series:
    """What each record means today: a first day to come waits, and a last day that is over departs."""
    present = pd.Timestamp(now)
    hired = records["hired_on"]
    due = hired.notna() & (hired <= present)
    staged = records["state"] == State.STAGED.value
    presence = records["state"].mask(staged & ~due, WAITING).mask(staged & due, ACTIVE)
    presence = presence.mask((presence == ACTIVE) & (hired > present), WAITING)
    return presence.mask(are_over(last_days(records), now), DEPARTED)


def _tell_apart(records: pd.DataFrame, living: Mask) -> tuple[Rows, list[_Contested]]:
    """Within each source, the record that counts for each, and those of which nobody can say."""
    person, contested = _resolve_namesakes(records, living)
    person, shared = _contest_addresses(records, living, person)
    return person, contested + shared


def _resolve_namesakes(records: pd.DataFrame, living: Mask) -> tuple[Rows, list[_Contested]]:
    """Resolve user names that stand more than once within a source."""
    person = np.arange(len(records), dtype=np.int64)
    contested: list[_Contested] = []
    names = folded(records["user_name"])
    repeated = names.notna() & names.duplicated(keep=False)
    if not repeated.any():
        return person, contested
    chosen = records.loc[repeated, ["source", "created_on", "source_id"]].assign(
        name=names[repeated], living=living[repeated.to_numpy()]
    )
    for (source, name), group in chosen.groupby(["source", "name"], sort=True):
        strong = group.index[group["living"]]
        if len(group) < 2:
            continue
        if len(strong) > 1:
            reason = f"{len(strong)} identities of {source} share the user name {name}"
            contested += [_Contested(int(row), "user_name", reason) for row in group.index]
            person[group.index] = -1
            continue
        # Where no date tells which is newer the identifier decides, never the order of the rows.
        newest = group.sort_values(["created_on", "source_id"], na_position="first").index[-1]
        person[group.index] = strong[0] if len(strong) else newest
    return person, contested


def _contest_addresses(records: pd.DataFrame, living: Mask, person: Rows) -> tuple[Rows, list[_Contested]]:
    """Set aside living identities of one source that share an address: whose account it is, nobody knows."""
    apart = living & (person == np.arange(len(person)))
    known = records[["source", "source_id"]].assign(email=folded(records["email"]))[apart]
    known = known[known["email"].notna()]
    shared = known[known.duplicated(["source", "email"], keep=False)]
    person, contested = person.copy(), []
    for (source, email), group in shared.groupby(["source", "email"], sort=True):
        who = ", ".join(sorted(group["source_id"]))
        reason = f"{len(group)} identities of {source} share the address {email}: {who}"
        contested += [_Contested(int(row), "email", reason) for row in group.index]
        person[group.index] = -1
    return person, contested


def _join_sources(
    records: pd.DataFrame, rank: Rows, person: Rows, sources: list[str]
) -> tuple[Rows, list[_Contested]]:
    """Join records of several sources about one person: the person of each record, and who is ambiguous."""
    person, contested = person.copy(), []
    number = positions(records["source"], pd.Series(sources, dtype="str"))
    keys = [coded(folded(records[name])).codes for name in ("email", "user_name")]
    known: Rows = np.zeros(0, dtype=np.int64)
    own = np.arange(len(person))
    reason = "another source states several people with its keys"
    for wanted in (_INSIDE, _UNDECIDED, _LEFT, _OUTSIDE):
        for source in range(len(sources)):
            new = np.flatnonzero((rank == wanted) & (number == source) & (person == own))
            others = known[number[known] != source]
            by_email, by_name = (_unique_match(key[new], key[others], others) for key in keys)
            differ = (by_email >= 0) & (by_name >= 0) & (by_email != by_name)
            clash = (by_email == -2) | (by_name == -2) | differ
            joined = np.where(by_email >= 0, by_email, by_name)
            person[new] = np.where(clash, -1, np.where(joined >= 0, joined, new))
            contested += [_Contested(int(row), "email, user_name", reason) for row in new[clash]]
            known = np.concatenate([known, new[~clash & (joined < 0)]])
    older = (person >= 0) & (person != own)
    person[older] = person[person[older]]
    return person, contested


def _prefer_departed(person: Rows, presence: pd.Series, scoped: Mask) -> Rows:
    """Let an earlier source's word that someone departed count over a later one's that they do not work now.

    Only work keeps an account: whoever waits elsewhere is to come back, and has left until then.
    """
    departed = scoped & (presence == DEPARTED).to_numpy()
    counts = pick(scoped & presence.isin([WAITING, SUSPENDED]).to_numpy(np.bool_), person)
    at_work = person[scoped & (presence == ACTIVE).to_numpy()]
    earlier = np.flatnonzero(counts & departed & ~within(person, at_work) & (np.arange(len(person)) < person))
    # Where several departed the first of them counts: sources stand in the order of the policy.
    primaries, first = np.unique(person[earlier], return_index=True)
    instead = np.arange(len(person), dtype=np.int64)
    instead[primaries] = earlier[first]
    return follow(instead, person)


def _unique_match(keys: Rows, among: Rows, rows: Rows) -> Rows:
    """Row with the same key; -1 where there is none and -2 where there are several."""
    table = pd.Series(rows, index=among)
    table = table[table.index >= 0]
    several = table.index[table.index.duplicated()]
    once = table[~table.index.duplicated(keep=False)]
    row = once.reindex(keys).fillna(-1).to_numpy().astype(np.int64)
    return np.where(np.isin(keys, several) & (keys >= 0), -2, row)
