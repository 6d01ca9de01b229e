"""Joining identities with accounts: rules in order, one to one, and never by guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.people import DEPARTED, People
from provisioning.model import frames
from provisioning.model.frames import AccountState, Ambiguities, Links
from provisioning.model.keys import Mask, Rows, coded, positions, take
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.text import folded
from provisioning.policy.transform import Attribute, derive

_IDENTITY_KEYS = {"external_id": "source_id", "email": "email", "user_name": "user_name"}
"""Which column of an identity each rule compares with the account's column of the rule's own name."""


@dataclass
class Correlation:
    """Who holds which account.

    Attributes:
        account: row of the account of each statement; -1 where there is none.
        rule: rule that joined each statement with its account, null where none did.
        aside: whether each statement is set aside, because it is ambiguous.
        aside_accounts: the same of accounts; nothing is done with them.
        remembered: links of the last run with `row` (statement, -1 when not stated) and `account` (row,
            -1 when gone).
        outside: rows (statement, account) of identities out of scope that seem to hold an account.
        found: statement, account, rule and reason of each ambiguity; -1 where one of them is not concerned.
    """

    account: Rows
    rule: pd.Series
    aside: Mask
    aside_accounts: Mask
    remembered: pd.DataFrame
    outside: dict[int, int] = field(default_factory=dict)
    found: list[tuple[int, int, str, str]] = field(default_factory=list)

    @property
    def holder(self) -> Rows:
        """Row of the statement that holds each account; -1 where none does."""
        held: Rows = np.full(len(self.aside_accounts), -1, dtype=np.int64)
        joined = np.flatnonzero(self.account >= 0)
        held[self.account[joined]] = joined
        return held

    def join(self, statements: Rows, accounts: Rows, rule: str | pd.Series) -> None:
        """Note that statements hold accounts."""
        self.account[statements] = accounts
        self.rule.iloc[statements] = rule

    def doubt(self, statements: Rows, accounts: Rows, rule: str, reason: str) -> None:
        """Set statements and accounts aside and say why."""
        self.aside[statements] = True
        self.aside_accounts[accounts] = True
        self.found += [(int(row), -1, rule, reason) for row in statements]
        self.found += [(-1, int(row), rule, reason) for row in accounts]


def correlate(
    people: People,
    target: TargetSnapshot,
    links: pd.DataFrame,
    rules: Sequence[str],
    attributes: Mapping[str, Attribute] | None = None,
) -> Correlation:
    """Find the account of each person.

    Keys compare without regard to case, a null key joins nothing, apps and customers are nobody's, and
    a deleted account is found by a remembered link alone. An identity out of scope keeps the account a
    remembered link gives it and finds no new one.

    Args:
        people: everyone the sources state.
        target: the target's snapshot.
        links: Links of the last run.
        rules: link, external_id, email, user_name, in the order they are tried.
        attributes: how the policy makes an e-mail address or user name of an identity's attributes; keys
            are compared as they would be written.
    """
    asked = {name: attribute for name, attribute in (attributes or {}).items() if name in _IDENTITY_KEYS}
    accounts = target.accounts
    person = (accounts["kind"] == "person").to_numpy()
    gone = (accounts["state"] == AccountState.DELETED.value).to_numpy()
    mine = links[links["target"] == target.target].reset_index(drop=True)
    remembered = mine.assign(
        row=people.rows_of(mine["source"], mine["source_id"]),
        account=positions(mine["account_id"], accounts["account_id"]),
    )
    found = Correlation(
        account=np.full(len(people.person), -1, dtype=np.int64),
        rule=pd.Series(pd.NA, index=range(len(people.person)), dtype="str"),
        aside=people.person == -1,
        aside_accounts=np.zeros(len(accounts), dtype=np.bool_),
        remembered=remembered,
    )
    found.found += [(row, -1, rule, reason) for row, rule, reason in people.contested.itertuples(index=False)]
    _keep_doubtful(people, accounts, found)
    living = people.counts & people.in_scope & (people.standing != DEPARTED).to_numpy()
    for asking in (living, people.counts & ~living):
        for rule in rules:
            if rule == "link":
                _by_memory(people, person & ~gone, asking, found)
            else:
                free = np.flatnonzero(asking & people.in_scope & (found.account < 0) & ~found.aside)
                key = _Key(rule, free, _keys(people, free, rule, asked))
                _by_key(people, accounts, person & ~gone, key, found)
        if "link" in rules:
            _by_memory(people, person, asking, found)
    _outside(people, accounts, person & ~gone, found)
    return found


def ambiguities(people: People, target: TargetSnapshot, found: Correlation) -> pd.DataFrame:
    """The Ambiguities frame, sorted."""
    table = pd.DataFrame(found.found, columns=["statement", "account", "rule", "reason"])
    rows, held = table["statement"].to_numpy(np.int64), table["account"].to_numpy(np.int64)
    table = table.assign(
        target=target.target,
        account_id=take(target.accounts["account_id"], held),
        source=take(people.statements["source"], rows),
        source_id=take(people.statements["source_id"], rows),
    )
    keys = ["rule", "source", "source_id", "account_id", "reason"]
    return frames.complete(Ambiguities, table.drop_duplicates(keys).sort_values(keys, ignore_index=True))


def links_frame(people: People, target: TargetSnapshot, found: Correlation, keep: Mask) -> pd.DataFrame:
    """The Links frame: what was joined, and the remembered links that still stand.

    Args:
        people: everyone the sources state.
        target: the target's snapshot.
        found: the correlation.
        keep: which rows of `found.remembered` stand although nothing was joined by them.
    """
    joined = np.flatnonzero(found.account >= 0)
    new = pd.DataFrame(
        {
            "target": target.target,
            "account_id": take(target.accounts["account_id"], found.account[joined]),
            "source": take(people.statements["source"], joined),
            "source_id": take(people.statements["source_id"], joined),
            "rule": take(found.rule, joined),
        }
    )
    old = found.remembered[keep][frames.columns(Links)]
    old = old[(positions(old["account_id"], new["account_id"]) < 0)].drop_duplicates("account_id")
    table = frames.concat(Links, [new, old])
    return frames.complete(Links, table.sort_values("account_id", ignore_index=True))


def _keep_doubtful(people: People, accounts: pd.DataFrame, found: Correlation) -> None:
    """Leave alone the accounts that an ambiguous identity holds or seems to hold."""
    doubtful = np.flatnonzero(found.aside)
    if not len(doubtful):
        return
    held = found.remembered
    aside = held[(held["row"] >= 0) & held["row"].isin(doubtful) & (held["account"] >= 0)]
    found.aside_accounts[aside["account"].to_numpy(np.int64)] = True
    for name in ("email", "user_name"):
        theirs = folded(take(people.statements[name], doubtful))
        found.aside_accounts |= positions(folded(accounts[name]), theirs) >= 0


def _by_memory(people: People, eligible: Mask, asking: Mask, found: Correlation) -> None:
    """Join by the links of the last run; an identity's own link comes before those of its origins."""
    held = found.remembered
    known = held[(held["row"] >= 0) & (held["account"] >= 0)]
    known = known.assign(person=people.person[known["row"].to_numpy(np.int64)])
    known = known[known["person"] >= 0]
    persons, accounts = known["person"].to_numpy(np.int64), known["account"].to_numpy(np.int64)
    usable = asking[persons] & (found.account[persons] < 0) & ~found.aside[persons]
    usable &= eligible[accounts] & ~found.aside_accounts[accounts] & (found.holder[accounts] < 0)
    known = known[usable].drop_duplicates("account", keep="first")
    own = known["person"] == known["row"]
    direct = known[own].drop_duplicates("person")
    rest = known[~own.to_numpy() & ~known["person"].isin(direct["person"]).to_numpy()]
    several = rest["person"].duplicated(keep=False)
    for row, group in rest[several].groupby("person"):
        found.doubt(
            np.array([row]), group["account"].to_numpy(np.int64), "link",
            f"one person, linked with {len(group)} accounts through different sources",
        )  # fmt: skip
    for part in (direct, rest[~several]):
        statements = part["person"].to_numpy(np.int64)
        found.join(statements, part["account"].to_numpy(np.int64), part["rule"].to_numpy())


class _Key(NamedTuple):
    """People without an account and the key each of them is found by."""

    rule: str
    people: Rows
    values: pd.Series


def _keys(people: People, rows: Rows, rule: str, attributes: Mapping[str, Attribute]) -> pd.Series:
    """The key of some people, as their account would show it."""
    if rule in attributes:
        return folded(derive(attributes[rule], people.statements.iloc[rows].reset_index(drop=True)))
    return folded(take(people.statements[_IDENTITY_KEYS[rule]], rows))


def _by_key(people: People, accounts: pd.DataFrame, eligible: Mask, key: _Key, found: Correlation) -> None:
    """Join the people and accounts that share a key with nobody else."""
    rule, free = key.rule, key.people
    if not len(free):
        return
    taken = found.holder >= 0
    keys = coded(folded(accounts[rule].where(pd.Series(eligible & ~found.aside_accounts))))
    theirs = positions(key.values, keys.distinct)
    size = len(keys.distinct)
    n_people, n_free = _count(theirs, size), _count(keys.codes[~taken], size)
    has_key = theirs >= 0
    sure = has_key & (n_people[theirs] == 1) & (n_free[theirs] == 1)
    account_of_key = np.full(size, -1, dtype=np.int64)
    unclaimed = np.flatnonzero((keys.codes >= 0) & ~taken)
    account_of_key[keys.codes[unclaimed]] = unclaimed
    found.join(free[sure], account_of_key[theirs[sure]], rule)
    tied = has_key & ~sure & (n_free[theirs] > 0)
    for code in np.unique(theirs[tied]):
        rows = free[tied & (theirs == code)]
        held = np.flatnonzero((keys.codes == code) & ~taken)
        found.doubt(rows, held, rule, _tie(len(rows), len(held), rule, str(keys.distinct[code])))
    claimed = free[has_key & (n_free[theirs] == 0) & (n_people[theirs] > 0)]
    claimed = claimed[(people.standing.take(claimed) != DEPARTED).to_numpy()]
    found.doubt(claimed, np.zeros(0, dtype=np.int64), rule,
                f"the account with this {rule} is linked with someone else")  # fmt: skip


def _tie(people: int, accounts: int, rule: str, key: str) -> str:
    return f"{people} identities and {accounts} accounts share the {rule} {key}"


def _count(keys: Rows, size: int) -> Rows:
    return np.bincount(keys[keys >= 0], minlength=size + 1).astype(np.int64)


def _outside(people: People, accounts: pd.DataFrame, eligible: Mask, found: Correlation) -> None:
    """Tell apart accounts of people out of scope from accounts of nobody."""
    strangers = np.flatnonzero(people.counts & ~people.in_scope & (found.account < 0))
    free = np.flatnonzero(eligible & (found.holder < 0) & ~found.aside_accounts)
    for rule, name in _IDENTITY_KEYS.items():
        keys = folded(take(people.statements[name], strangers))
        rows = positions(folded(take(accounts[rule], free)), keys)
        for account, row in zip(free[rows >= 0], strangers[rows[rows >= 0]], strict=True):
            found.outside.setdefault(int(account), int(row))
