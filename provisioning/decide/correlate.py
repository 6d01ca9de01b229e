"""Joining identities with accounts: rules in order, one to one, and never by guess."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.handover import find_handovers
from provisioning.decide.people import DEPARTED, People
from provisioning.model import frames
from provisioning.model.frames import Ambiguities, Links
from provisioning.model.keys import Mask, Rows, coded, follow, locate, positions, take
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.terms import AccountState
from provisioning.model.text import folded
from provisioning.policy.transform import Attribute, derive

_IDENTITY_KEYS = {"external_id": "source_id", "email": "email", "user_name": "user_name"}
"""Which column of an identity each rule compares with the account's column of the rule's own name."""


class Ambiguity(NamedTuple):
    """A record or account (row, -1 where none is concerned) that nothing is done with, and why."""

    record: int
    account: int
    rule: str
    reason: str


@dataclass(frozen=True)
class Correlation:
    """Which person has which account.

    Attributes:
        account: row of the account of each record; -1 where there is none.
        rule: rule that joined each record with its account, null where none did.
        ambiguous: whether each record is ambiguous; nothing is done with it.
        ambiguous_accounts: the same of accounts.
        remembered: links of the last run with `row` (record, -1 when not stated) and `account` (row,
            -1 when gone).
        outside: accounts that seem to belong to an identity out of scope.
        ambiguities: why each ambiguous record and account is so.
    """

    account: Rows
    rule: pd.Series
    ambiguous: Mask
    ambiguous_accounts: Mask
    remembered: pd.DataFrame
    outside: Rows
    ambiguities: tuple[Ambiguity, ...]

    @cached_property
    def person(self) -> Rows:
        """Row of the record each account belongs to; -1 where it belongs to none."""
        return _invert(self.account, len(self.ambiguous_accounts))


def correlate(
    people: People,
    target: TargetSnapshot,
    links: pd.DataFrame,
    rules: Sequence[str],
    attributes: Mapping[str, Attribute] | None = None,
    doubted: pd.DataFrame | None = None,
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
        doubted: as `Memory.doubted`; nothing is done with these accounts and identities.
    """
    mapped = {name: attribute for name, attribute in (attributes or {}).items() if name in _IDENTITY_KEYS}
    draft = _Draft(people, target, links)
    draft.spare_ambiguous()
    if doubted is not None:
        draft.doubt_numbers(doubted)
    living = people.primary & people.in_scope & (people.presence != DEPARTED).to_numpy()
    for seeking in (living, people.primary & ~living):
        for rule in rules:
            if rule == "link":
                draft.join_by_memory(draft.present, seeking)
            else:
                free = draft.without_account(seeking & people.in_scope)
                draft.join_by_key(_Key(rule, free, _keys(people, free, rule, mapped)))
        if "link" in rules:
            draft.join_by_memory(draft.of_persons, seeking)
    draft.contest_addresses(mapped)
    return draft.finish()


def tabulate_ambiguities(
    people: People, target: TargetSnapshot, ambiguities: Sequence[Ambiguity]
) -> pd.DataFrame:
    """The Ambiguities frame, sorted."""
    table = pd.DataFrame(ambiguities, columns=list(Ambiguity._fields))
    records, accounts = table["record"].to_numpy(np.int64), table["account"].to_numpy(np.int64)
    table = table.assign(
        target=target.target,
        account_id=take(target.accounts["account_id"], accounts),
        source=take(people.records["source"], records),
        source_id=take(people.records["source_id"], records),
    )
    keys = ["rule", "source", "source_id", "account_id", "reason"]
    return frames.complete(Ambiguities, table.drop_duplicates(keys).sort_values(keys, ignore_index=True))


def tabulate_links(
    people: People, target: TargetSnapshot, correlation: Correlation, lasting: Mask
) -> pd.DataFrame:
    """The Links frame: what was joined, and the remembered links that last.

    Args:
        people: everyone the sources state.
        target: the target's snapshot.
        correlation: which person has which account.
        lasting: which rows of `correlation.remembered` last although nothing was joined by them.
    """
    joined = np.flatnonzero(correlation.account >= 0)
    new = pd.DataFrame(
        {
            "target": target.target,
            "account_id": take(target.accounts["account_id"], correlation.account[joined]),
            "source": take(people.records["source"], joined),
            "source_id": take(people.records["source_id"], joined),
            "rule": take(correlation.rule, joined),
        }
    )
    old = correlation.remembered[lasting][frames.columns(Links)]
    old = old[(positions(old["account_id"], new["account_id"]) < 0)].drop_duplicates("account_id")
    table = frames.concat(Links, [new, old])
    return frames.complete(Links, table.sort_values("account_id", ignore_index=True))


class _Key(NamedTuple):
    """People without an account and the key each of them is found by."""

    rule: str
    people: Rows
    values: pd.Series


class _Draft:
    """A correlation while it is being made; `finish` gives the value."""

    def __init__(self, people: People, target: TargetSnapshot, links: pd.DataFrame) -> None:
        accounts = target.accounts
        self.people, self.accounts = people, accounts
        self.account: Rows = np.full(len(people.person), -1, dtype=np.int64)
        self.rule = pd.Series(pd.NA, index=range(len(people.person)), dtype="str")
        self.ambiguous: Mask = people.person == -1
        self.ambiguous_accounts: Mask = np.zeros(len(accounts), dtype=np.bool_)
        self.ambiguities = [
            Ambiguity(row, -1, rule, reason) for row, rule, reason in people.contested.itertuples(index=False)
        ]
        known = links[links["target"] == target.target].reset_index(drop=True)
        self.remembered = known.assign(
            row=people.rows_of(known["source"], known["source_id"]),
            account=positions(known["account_id"], accounts["account_id"]),
        )
        self.of_persons: Mask = (accounts["kind"] == "person").to_numpy(np.bool_)
        self.present = self.of_persons & (accounts["state"] != AccountState.DELETED.value).to_numpy(np.bool_)

    @property
    def person(self) -> Rows:
        """Row of the record each account belongs to so far; -1 where it belongs to none."""
        return _invert(self.account, len(self.accounts))

    def finish(self) -> Correlation:
        """The correlation as a value."""
        return Correlation(
            account=self.account,
            rule=self.rule,
            ambiguous=self.ambiguous,
            ambiguous_accounts=self.ambiguous_accounts,
            remembered=self.remembered,
            outside=self._outside(),
            ambiguities=tuple(self.ambiguities),
        )

    def without_account(self, records: Mask) -> Rows:
        """Of these records those that have no account yet and are not ambiguous."""
        return np.flatnonzero(records & (self.account < 0) & ~self.ambiguous)

    def spare_ambiguous(self) -> None:
        """Leave alone the accounts that an ambiguous identity has or seems to have."""
        records = np.flatnonzero(self.ambiguous)
        if not len(records):
            return
        known = self.remembered
        spared = known[(known["row"] >= 0) & known["row"].isin(records) & (known["account"] >= 0)]
        self.ambiguous_accounts[spared["account"].to_numpy(np.int64)] = True
        for name in ("email", "user_name"):
            keys = folded(take(self.people.records[name], records))
            self.ambiguous_accounts |= positions(folded(self.accounts[name]), keys) >= 0

    def doubt_numbers(self, doubted: pd.DataFrame) -> None:
        """Leave alone accounts of people who left, and whoever bears their employee number now."""
        records = self.people.rows_of(doubted["source"], doubted["source_id"])
        accounts = positions(doubted["account_id"], self.accounts["account_id"])
        for record, account, reason in zip(records, accounts, doubted["reason"], strict=True):
            if record < 0 or account < 0:
                continue
            former = self.remembered.loc[self.remembered["account"] == account, "row"].to_numpy(np.int64)
            known = np.array([record, self.people.person[record], *former], dtype=np.int64)
            self._doubt(np.unique(known[known >= 0]), np.array([account]), "employee_number", reason)

    def join_by_memory(self, eligible: Mask, seeking: Mask) -> None:
        """Join by the links of the last run; an identity's own link comes before those of its origins."""
        known = self._usable_links(eligible, seeking)
        own = known["person"] == known["row"]
        direct = known[own].drop_duplicates("person")
        rest = known[~own.to_numpy() & ~known["person"].isin(direct["person"]).to_numpy()]
        several = rest["person"].duplicated(keep=False)
        for row, group in rest[several].groupby("person"):
            reason = f"one person, linked with {len(group)} accounts through different sources"
            self._doubt(np.array([row]), group["account"].to_numpy(np.int64), "link", reason)
        for part in (direct, rest[~several]):
            records, accounts = part["person"].to_numpy(np.int64), part["account"].to_numpy(np.int64)
            self._join(records, accounts, part["rule"].to_numpy())

    def _usable_links(self, eligible: Mask, seeking: Mask) -> pd.DataFrame:
        """Remembered links of people who seek an account with eligible accounts that nobody has yet."""
        known = self.remembered[(self.remembered["row"] >= 0) & (self.remembered["account"] >= 0)]
        known = known.assign(person=self.people.person[known["row"].to_numpy(np.int64)])
        known = known[known["person"] >= 0]
        persons, accounts = known["person"].to_numpy(np.int64), known["account"].to_numpy(np.int64)
        usable = seeking[persons] & (self.account[persons] < 0) & ~self.ambiguous[persons]
        usable &= eligible[accounts] & ~self.ambiguous_accounts[accounts] & (self.person[accounts] < 0)
        links: pd.DataFrame = known[usable].drop_duplicates("account", keep="first")
        return links

    def join_by_key(self, key: _Key) -> None:
        """Join the people and accounts that share a key with nobody else; the others are ambiguous."""
        rule, people = key.rule, key.people
        if not len(people):
            return
        taken = self.person >= 0
        shown = self.accounts[rule].where(pd.Series(self.present & ~self.ambiguous_accounts))
        keys = coded(folded(shown))
        code = positions(key.values, keys.distinct)
        free = np.flatnonzero((keys.codes >= 0) & ~taken)
        n_people, n_free = _count(code, len(keys.distinct)), _count(keys.codes[free], len(keys.distinct))
        has_key = code >= 0
        sure = has_key & (n_people[code] == 1) & (n_free[code] == 1)
        account_of_key = np.full(len(keys.distinct), -1, dtype=np.int64)
        account_of_key[keys.codes[free]] = free
        self._join_or_doubt(people[sure], account_of_key[code[sure]], rule)
        tied = has_key & ~sure & (n_free[code] > 0)
        for number in np.unique(code[tied]):
            rows = people[tied & (code == number)]
            accounts = free[keys.codes[free] == number]
            self._doubt(rows, accounts, rule, _tie(len(rows), len(accounts), rule, keys.distinct[number]))
        claimed = people[has_key & (n_free[code] == 0) & (n_people[code] > 0)]
        claimed = claimed[(self.people.presence.take(claimed) != DEPARTED).to_numpy()]
        reason = f"the account with this {rule} is linked with someone else"
        self._doubt(claimed, np.zeros(0, dtype=np.int64), rule, reason)

    def contest_addresses(self, attributes: Mapping[str, Attribute]) -> None:
        """Doubt people whose address is on the account of somebody whose own is another by now.

        Addresses were swapped or passed on, or the identities behind the links were: nobody can tell.
        """
        records = np.flatnonzero(self.account >= 0)
        stated = _keys(self.people, records, "email", attributes)
        shown = folded(self.accounts["email"].where(pd.Series(self.present)))
        own = self.account[records]
        differs = stated.notna() & stated.ne(take(shown, own)).fillna(value=True)
        moved = np.flatnonzero(differs.to_numpy(np.bool_))
        address = take(stated, moved)
        bearer = positions(address, shown)
        other = follow(self.person, bearer)
        theirs = take(stated, locate(other, records))
        passed = (other >= 0) & (theirs.notna() & theirs.ne(address)).fillna(value=False).to_numpy(np.bool_)
        for at in np.flatnonzero(passed):
            reason = f"its address {address.iloc[at]} is that of an account linked with another identity"
            both = np.array([records[moved[at]], other[at]], dtype=np.int64)
            self._doubt(both, np.array([own[moved[at]], bearer[at]], dtype=np.int64), "email", reason)
            self.account[both] = -1

    def _join_or_doubt(self, records: Rows, accounts: Rows, rule: str) -> None:
        """Join what a key found, but no account of somebody else: an address may have been given on."""
        passed, handovers = find_handovers(self.people, self.accounts, self.remembered, records, accounts)
        self._join(records[~passed], accounts[~passed], rule)
        for record, account, former, why in handovers:
            reason = f"the account with this {rule} was linked with another identity{why}"
            both = np.array([record, former] if former >= 0 else [record], dtype=np.int64)
            self._doubt(both, np.array([account], dtype=np.int64), rule, reason)

    def _join(self, records: Rows, accounts: Rows, rule: object) -> None:
        self.account[records] = accounts
        self.rule.iloc[records] = rule

    def _doubt(self, records: Rows, accounts: Rows, rule: str, reason: str) -> None:
        """Do nothing with these records and accounts, and say why."""
        self.ambiguous[records] = True
        self.ambiguous_accounts[accounts] = True
        self.ambiguities += [Ambiguity(int(row), -1, rule, reason) for row in records]
        self.ambiguities += [Ambiguity(-1, int(row), rule, reason) for row in accounts]

    def _outside(self) -> Rows:
        """Accounts of people out of scope, told apart from accounts of nobody."""
        strangers = np.flatnonzero(self.people.primary & ~self.people.in_scope & (self.account < 0))
        free = np.flatnonzero(self.present & (self.person < 0) & ~self.ambiguous_accounts)
        theirs = np.zeros(len(free), dtype=np.bool_)
        for rule, name in _IDENTITY_KEYS.items():
            keys = folded(take(self.people.records[name], strangers))
            theirs |= positions(folded(take(self.accounts[rule], free)), keys) >= 0
        return free[theirs]


def _keys(people: People, rows: Rows, rule: str, attributes: Mapping[str, Attribute]) -> pd.Series:
    """The key of some people, as their account would show it."""
    if rule in attributes:
        return folded(derive(attributes[rule], people.records.iloc[rows].reset_index(drop=True)))
    return folded(take(people.records[_IDENTITY_KEYS[rule]], rows))


def _tie(people: int, accounts: int, rule: str, key: object) -> str:
    return f"{people} identities and {accounts} accounts share the {rule} {key}"


def _count(keys: Rows, size: int) -> Rows:
    return np.bincount(keys[keys >= 0], minlength=size + 1).astype(np.int64)


def _invert(account: Rows, size: int) -> Rows:
    """Row of the record each of `size` accounts belongs to; -1 where it belongs to none."""
    person: Rows = np.full(size, -1, dtype=np.int64)
    joined = np.flatnonzero(account >= 0)
    person[account[joined]] = joined
    return person
