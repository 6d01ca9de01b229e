"""Accounts to create for people who join, and to bring back for those who return."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.attributes import derive_attributes, packed_rows
from provisioning.decide.changes import part, state
from provisioning.decide.context import Context, count, list_names
from provisioning.decide.correlate import Ambiguity
from provisioning.decide.unread_rows import find_unread_links
from provisioning.model.guessed_rows import cells_shown
from provisioning.model.keys import Mask, Rows, positions, take, within
from provisioning.model.terms import AccountState, Action
from provisioning.model.text import folded
from provisioning.policy.transform import DEFAULT_ATTRIBUTES

_BACK = {
    AccountState.SUSPENDED.value: Action.RESTORE,
    AccountState.DEACTIVATED.value: Action.REACTIVATE,
    AccountState.DELETED.value: Action.CANCEL_DELETE,
}


_LINKED = "the linked account may stand in a row of the target that could not be read"


class NewAccounts(NamedTuple):
    """Raw changes that create accounts, the e-mail address of each by person, and who is ambiguous."""

    raw: pd.DataFrame
    emails: pd.Series
    ambiguities: list[Ambiguity]


def create(context: Context) -> NewAccounts:
    """Create an account for each joiner whose attributes allow it; the others are noted or ambiguous."""
    person = context.lifecycle.person[context.lifecycle.moved_as("joiner")]
    if not context.rules.joiner.create and len(person):
        verb = "has" if len(person) == 1 else "have"
        context.note(f"{count(len(person), 'person', 'people')} {verb} no account, and joiner.create is off")
        person = person[:0]
    wanted = derive_attributes(context, person, list(DEFAULT_ATTRIBUTES))
    ambiguities, ambiguous = _find_collisions(context, person, wanted)
    linked = _find_linked(context, person) & ~ambiguous
    ambiguities += [Ambiguity(int(row), -1, "link", _LINKED) for row in person[linked]]
    ambiguous |= linked
    certain = _is_complete(context, wanted) & ~ambiguous
    person, wanted = person[certain], wanted[certain].reset_index(drop=True)
    source = take(context.people.records["source"], person)
    raw = part(
        Action.CREATE,
        person,
        np.full(len(person), -1, dtype=np.int64),
        before="{}",
        after=packed_rows(wanted),
        reason="active in " + source + ", in scope, and without an account",
        rule="joiner.create",
        movement="joiner",
    )
    emails = pd.Series(wanted["email"].to_numpy(), index=person, dtype="str")
    return NewAccounts(raw, emails, ambiguities)


def bring_back(context: Context) -> pd.DataFrame:
    """Restore the accounts of people who are active again."""
    lifecycle = context.lifecycle
    back = np.flatnonzero(lifecycle.moved_as("rehire"))
    allowed = _may_return(context, lifecycle.account[back])
    _note_not_returned(context, lifecycle.person[back[~allowed]])
    back = back[allowed]
    account = lifecycle.account[back]
    states = take(context.target.accounts["state"], account)
    source = take(context.people.records["source"], lifecycle.person[back])
    return part(
        "",
        lifecycle.person[back],
        account,
        before=states.map(state),
        after=state(AccountState.ACTIVE.value),
        reason="active in " + source + ", but the account is " + states,
        rule="joiner.reactivate",
        movement="rehire",
    ).assign(action=states.map(_BACK).astype("str"))


def _may_return(context: Context, account: Rows) -> Mask:
    """Which accounts may be brought back: what others suspended is theirs to restore."""
    mode = context.rules.joiner.reactivate
    if mode != "ours":
        return np.full(len(account), mode == "always", dtype=np.bool_)
    ended = pd.Series(sorted(context.memory.ended), dtype="str")
    ours: Mask = positions(take(context.target.accounts["account_id"], account), ended) >= 0
    return ours


def _note_not_returned(context: Context, person: Rows) -> None:
    """Name the active people whose account stays as it is."""
    if not len(person):
        return
    records = context.people.records
    who = list_names(set(take(records["email"], person).fillna(take(records["source_id"], person))))
    people = count(len(person), "active person has", "active people have")
    mode = context.rules.joiner.reactivate
    why = "was not suspended by Seatwise" if mode == "ours" else "stays so, for joiner.reactivate is never"
    context.note(
        f"drift: {people} a suspended or deactivated account that {why}: {who}",
        "restore it in the target, or let it be; joiner.reactivate: always brings back all of them",
    )


def _is_complete(context: Context, wanted: pd.DataFrame) -> Mask:
    """Which joiners have what an account needs."""
    needed = ["email", *(n for n, a in context.rules.attributes.items() if a.required and n != "email")]
    present = wanted[needed].notna()
    for name in needed:
        lacking = wanted.loc[~present[name], [n for n in ("user_name", "display_name") if n in wanted]]
        if len(lacking):
            who = list_names(lacking.bfill(axis=1).iloc[:, 0].fillna("someone without a name").tolist())
            people = count(len(lacking), "person gets", "people get")
            context.note(
                f"{people} no account, because they have no {name}: {who}",
                f"give them one in the source, or state targets.attributes.{name}",
            )
    complete: Mask = present.all(axis=1).to_numpy(np.bool_)
    return complete


def _find_linked(context: Context, person: Rows) -> Mask:
    """Joiners who are linked with an account that a row of the target may be which could not be read."""
    known = context.correlation.remembered
    unread = find_unread_links(known, context.target) & (known["account"] < 0).to_numpy()
    return within(person, known.loc[unread, "row"].to_numpy(np.int64))


def _find_collisions(context: Context, person: Rows, wanted: pd.DataFrame) -> tuple[list[Ambiguity], Mask]:
    """Joiners whose e-mail address or user name is another's, with the reasons; nothing is done with them."""
    accounts = context.target.accounts
    there = accounts[(accounts["kind"] == "person").to_numpy() & ~context.deleted]
    rejects = context.target.rejects
    told = folded(pd.concat([rejects["key"], rejects["value"]], ignore_index=True))
    unread = pd.concat([told, cells_shown(rejects)], ignore_index=True)
    ambiguous = np.zeros(len(person), dtype=np.bool_)
    ambiguities: list[Ambiguity] = []
    for name in ("email", "user_name"):
        key = folded(wanted[name])
        several = (key.notna() & key.duplicated(keep=False)).to_numpy(np.bool_)
        taken = positions(key, folded(there[name])) >= 0
        for clash, reason in (
            (several, f"several people without an account would get the same {name}"),
            (taken & ~several, f"an account already has the same {name}"),
            (positions(key, unread) >= 0, f"an account that could not be read has the same {name}"),
        ):
            ambiguities += [Ambiguity(int(row), -1, name, reason) for row in person[clash & ~ambiguous]]
            ambiguous |= clash
    return ambiguities, ambiguous
