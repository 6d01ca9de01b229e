"""The whole chain for one person: who they are, what they should hold and why, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import GROUP, placed
from provisioning.decide.context import Context
from provisioning.decide.decide import Decision
from provisioning.model import frames
from provisioning.model.frames import Change
from provisioning.model.keys import Mask, Rows, take
from provisioning.model.seat_table import seat_table
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.text import fold, folded

Row = dict[str, Any]
"""One row of a frame; a null is None."""


class Reasoned(NamedTuple):
    """Something a person holds or should hold, and the rule that says so (None where none does)."""

    kind: str
    name: str
    held: bool
    wanted: bool
    rule: str | None
    reason: str


@dataclass(frozen=True)
class Explanation:
    """What a target knows and wants of one person.

    Attributes:
        email: as it was asked.
        identities: Identities rows that are about the person, with `in_scope` and `counts`.
        memberships: IdP groups of these identities: source, group_name, direct, path.
        links: Links rows of the person.
        accounts: Accounts rows of the person.
        movements: Movements rows.
        assignments: what is held or wanted, by name.
        seats: Seats rows; `granted_by` says what makes each billable.
        changes: what the plan would do, in its order.
        withheld: what it would do if every read were complete.
        ambiguities: why nothing is done, one sentence each.
    """

    email: str
    identities: list[Row]
    memberships: list[Row]
    links: list[Row]
    accounts: list[Row]
    movements: list[Row]
    assignments: list[Reasoned]
    seats: list[Row]
    changes: list[Change]
    withheld: list[Change]
    ambiguities: list[str]

    @property
    def known(self) -> bool:
        """Whether anything at all is known of the address."""
        return bool(self.identities or self.accounts)


def explain(decision: Decision, email: str) -> Explanation:
    """Tell the chain for one e-mail address or user name, whatever its case."""
    context = decision.context
    stated = _statements(decision, email)
    accounts = _accounts(decision, email, stated)
    ids = take(context.target.accounts["account_id"], accounts)
    people = context.people.statements.take(stated)
    keys = set(zip(people["source"], people["source_id"], strict=True))
    changes = [row for row in frames.rows(decision.plan.changes) if _concerns(row, ids, keys, email)]
    withheld = [row for row in frames.rows(decision.withheld) if _concerns(row, ids, keys, email)]
    doubts = _about(decision.ambiguities, ids, keys)
    return Explanation(
        email=email,
        identities=_rows(
            people.assign(in_scope=context.people.in_scope[stated], counts=context.people.counts[stated])
        ),
        memberships=_memberships(decision, keys),
        links=_rows(decision.links[decision.links["account_id"].isin(ids)]),
        accounts=_rows(context.target.accounts.take(accounts)),
        movements=_rows(_about(decision.movements, ids, keys)),
        assignments=_entitlements(decision, stated, accounts),
        seats=_rows(_seats(context.target, ids)),
        changes=changes,
        withheld=withheld,
        ambiguities=sorted(set(doubts["reason"])),
    )


def _statements(decision: Decision, email: str) -> Rows:
    """Rows of the identities so named, and of the others about the same people."""
    people = decision.context.people
    named = _named(people.statements, email) & (people.person >= 0)
    same = np.isin(people.person, people.person[named])
    return np.flatnonzero(same | _named(people.statements, email))


def _accounts(decision: Decision, email: str, stated: Rows) -> Rows:
    """Rows of the accounts so named, and of those the people hold."""
    found = decision.context.found.account[stated]
    mine = np.flatnonzero(_named(decision.context.target.accounts, email))
    return np.union1d(mine, found[found >= 0]).astype(np.int64)


def _named(table: pd.DataFrame, email: str) -> Mask:
    wanted = fold(email)
    named = folded(table["email"]).eq(wanted) | folded(table["user_name"]).eq(wanted)
    found: Mask = named.fillna(value=False).to_numpy(np.bool_)
    return found


def _concerns(change: Change, ids: pd.Series, keys: set[tuple[Any, Any]], email: str) -> bool:
    if change.account_id is not None:
        return change.account_id in set(ids)
    return (change.source, change.source_id) in keys or fold(change.subject) == fold(email)


def _about(table: pd.DataFrame, ids: pd.Series, keys: set[tuple[Any, Any]]) -> pd.DataFrame:
    """Rows about some accounts or identities."""
    pairs = pd.MultiIndex.from_frame(table[["source", "source_id"]])
    stated = pairs.isin(list(keys)) if keys else np.zeros(len(table), dtype=np.bool_)
    return table[table["account_id"].isin(ids).to_numpy() | stated]


def _memberships(decision: Decision, keys: set[tuple[Any, Any]]) -> list[Row]:
    found: list[Row] = []
    names = ["source", "group_name", "direct", "path"]
    for name, snapshot in decision.context.sources.items():
        ids = [source_id for source, source_id in keys if source == name]
        mine = snapshot.memberships[snapshot.memberships["source_id"].isin(ids)]
        found += _rows(mine[names].sort_values("group_name"))
    return found


def _entitlements(decision: Decision, stated: Rows, accounts: Rows) -> list[Reasoned]:
    """What the people hold or should hold, with the rule of each."""
    wanted, context = decision.wanted, decision.context
    mine = np.flatnonzero(np.isin(wanted.person, stated))
    reasons = {int(wanted.thing[n]): wanted.rules[int(wanted.rule[n])] for n in mine}
    held = set(context.assigned.thing[np.isin(context.assigned.account, accounts)].tolist())
    ids = take(context.target.accounts["account_id"], accounts)
    lost = decision.taken[decision.taken["account_id"].isin(ids)]
    taken = dict(zip(placed(context.things, lost).tolist(), lost["rule"], strict=True))
    kinds, names = context.things["kind"], context.things["name"]
    return sorted(
        Reasoned(
            str(kinds.iloc[thing]),
            str(names.iloc[thing]),
            thing in held,
            thing in reasons,
            *_why(context, thing, reasons.get(thing), None if thing in held else taken.get(thing)),
        )
        for thing in held | set(reasons)
    )


def _why(
    context: Context, thing: int, granted: tuple[str, str] | None, taken: str | None
) -> tuple[str | None, str]:
    """The rule and reason of a thing, and the rule that took it where one did."""
    rule, reason = granted or (None, _ungoverned(context.things.iloc[thing]))
    if taken is not None:
        reason += f"; taken by the rule {taken!r}, and not given back by itself"
    return rule, reason


def _ungoverned(thing: pd.Series) -> str:
    """Why something is held that no rule grants."""
    if thing["kind"] == GROUP:
        return "no rule grants it"
    if thing["billable"] and thing["modifiable"]:
        return "held directly: no rule grants it, and only leaving or not using it takes it"
    return "held directly: it is given and taken by hand"


def _seats(target: TargetSnapshot, ids: pd.Series) -> pd.DataFrame:
    """Seats of some accounts, as the report counts them."""
    return seat_table(
        target.seats[target.seats["account_id"].isin(ids)],
        target.accounts[target.accounts["account_id"].isin(ids)],
        target.assignments[target.assignments["account_id"].isin(ids)],
        target.entitlements,
    )


def _rows(table: pd.DataFrame) -> list[Row]:
    plain = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
