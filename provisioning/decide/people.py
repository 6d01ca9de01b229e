"""Identities of all sources as people: one statement counts, the others are its origins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from provisioning.model import frames
from provisioning.model.frames import State
from provisioning.model.keys import Mask, Rows, coded, positions
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.text import folded
from provisioning.policy.rules import SourceRules
from provisioning.policy.scope import in_scope

ACTIVE, WAITING, SUSPENDED, DEPARTED = "active", "waiting", "suspended", "departed"


@dataclass(frozen=True)
class People:
    """Everyone the sources state.

    Attributes:
        statements: Identities of all sources in the order of the policy, index 0…n-1.
        in_scope: whether each statement is in the scope of its source.
        standing: active, waiting (staged and not due yet), suspended or departed, by statement.
        person: row of the statement that counts for each statement; -1 where it is ambiguous.
        spans: first row of each source and the row after its last.
        contested: row, rule and reason of the statements that were set aside.
    """

    statements: pd.DataFrame
    in_scope: Mask
    standing: pd.Series
    person: Rows
    spans: Mapping[str, tuple[int, int]]
    contested: pd.DataFrame

    @property
    def counts(self) -> Mask:
        """Whether each statement is the one that counts for its person."""
        own: Mask = self.person == np.arange(len(self.person))
        return own

    def rows_of(self, sources: pd.Series, source_ids: pd.Series) -> Rows:
        """Rows of statements named by source and identifier; -1 where there is none."""
        found = np.full(len(sources), -1, dtype=np.int64)
        for name, (first, end) in self.spans.items():
            mine = (sources == name).to_numpy()
            stated = self.statements["source_id"].iloc[first:end]
            rows = positions(source_ids[mine], stated)
            found[mine] = np.where(rows >= 0, rows + first, -1)
        return found


def gather(rules: Sequence[SourceRules], snapshots: Mapping[str, SourceSnapshot], now: datetime) -> People:
    """Put the sources together and find out which statements are about one person.

    Two statements of several sources with one e-mail address or one user name are one person; those in
    scope come first, then the order of the policy. Two living identities of one source that share a user
    name are ambiguous and both are set aside; a departed namesake is an older record of the living one.
    """
    used = [rule for rule in rules if rule.origin in snapshots]
    parts = [snapshots[rule.origin].identities for rule in used]
    ends = np.cumsum([len(part) for part in parts]).tolist()
    spans = {rule.origin: (end - len(part), end) for rule, part, end in zip(used, parts, ends, strict=True)}
    statements = frames.concat(frames.Identities, parts).reset_index(drop=True)
    scoped = [in_scope(rule.scope, snapshots[rule.origin]) for rule in used]
    within_scope = np.concatenate([*scoped, np.zeros(0, dtype=np.bool_)])
    living = within_scope & (statements["state"] != State.DEPARTED.value).to_numpy()
    person, contested = _namesakes(statements, living)
    if len(used) > 1:
        _across(statements, within_scope, person, list(spans), contested)
    return People(
        statements, within_scope, _standing(statements, now), person, spans,
        pd.DataFrame(contested, columns=["row", "rule", "reason"]),
    )  # fmt: skip


def _standing(statements: pd.DataFrame, now: datetime) -> pd.Series:
    due = statements["hired_on"].notna() & (statements["hired_on"] <= pd.Timestamp(now))
    staged = statements["state"] == State.STAGED.value
    waiting = statements["state"].mask(staged, WAITING)
    return waiting.mask(staged & due, ACTIVE)


def _namesakes(statements: pd.DataFrame, living: Mask) -> tuple[Rows, list[tuple[int, str, str]]]:
    """Resolve user names that stand more than once within a source."""
    person = np.arange(len(statements), dtype=np.int64)
    contested: list[tuple[int, str, str]] = []
    names = folded(statements["user_name"])
    repeated = names.notna() & names.duplicated(keep=False)
    if not repeated.any():
        return person, contested
    chosen = statements.loc[repeated, ["source", "created_on"]].assign(
        name=names[repeated], living=living[repeated.to_numpy()]
    )
    for (source, name), group in chosen.groupby(["source", "name"], sort=True):
        strong = group.index[group["living"]]
        if len(group) < 2:
            continue
        if len(strong) > 1:
            reason = f"{len(strong)} identities of {source} share the user name {name}"
            contested += [(int(row), "user_name", reason) for row in group.index]
            person[group.index] = -1
            continue
        newest = group["created_on"].sort_values(na_position="first", kind="stable").index[-1]
        person[group.index] = strong[0] if len(strong) else newest
    return person, contested


def _across(
    statements: pd.DataFrame,
    within_scope: Mask,
    person: Rows,
    sources: list[str],
    contested: list[tuple[int, str, str]],
) -> None:
    """Join statements of several sources about one person; changes `person` and `contested`."""
    number = positions(statements["source"], pd.Series(sources, dtype="str"))
    keys = [coded(folded(statements[name])).codes for name in ("email", "user_name")]
    known: Rows = np.zeros(0, dtype=np.int64)
    for scoped in (True, False):
        for source in range(len(sources)):
            mine = np.flatnonzero(
                (within_scope == scoped) & (number == source) & (person == np.arange(len(person)))
            )
            others = known[number[known] != source]
            found = [_unique_match(key[mine], key[others], others) for key in keys]
            clash = (found[0] == -2) | (found[1] == -2) | (
                (found[0] >= 0) & (found[1] >= 0) & (found[0] != found[1])
            )  # fmt: skip
            joined = np.where(found[0] >= 0, found[0], found[1])
            person[mine] = np.where(clash, -1, np.where(joined >= 0, joined, mine))
            contested += [
                (int(row), "email, user_name", "another source states several people with its keys")
                for row in mine[clash]
            ]
            known = np.concatenate([known, mine[~clash & (joined < 0)]])
    older = (person >= 0) & (person != np.arange(len(person)))
    person[older] = person[person[older]]


def _unique_match(keys: Rows, among: Rows, rows: Rows) -> Rows:
    """Row with the same key; -1 where there is none and -2 where there are several."""
    table = pd.Series(rows, index=among)
    table = table[table.index >= 0]
    several = table.index[table.index.duplicated()]
    once = table[~table.index.duplicated(keep=False)]
    found = once.reindex(keys).fillna(-1).to_numpy().astype(np.int64)
    return np.where(np.isin(keys, several) & (keys >= 0), -2, found)
