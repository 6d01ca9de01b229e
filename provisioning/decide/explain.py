"""The whole chain for one person: who they are, what they should have and why, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.catalogue import GROUP, find_entitlements
from provisioning.decide.decide import Decision
from provisioning.model import frames
from provisioning.model.contested import describe_contested
from provisioning.model.frames import Change
from provisioning.model.keys import Mask, Rows, take
from provisioning.model.seat_table import build_seats
from provisioning.model.sign_ins import describe
from provisioning.model.snapshots import TargetSnapshot
from provisioning.model.text import fold, folded

Row = dict[str, Any]
"""One row of a frame; a null is None."""


class AssignmentReason(NamedTuple):
    """What a person has or should have, and the rule that says so (None where none does)."""

    kind: str
    name: str
    assigned: bool
    desired: bool
    rule: str | None
    reason: str


@dataclass(frozen=True)
class Explanation:
    """What a target knows and wants of one person.

    Attributes:
        email: as it was asked.
        identities: Identities rows that are about the person, with `in_scope`, `undecided` and `primary`, and
            with what is known of their `sign_in` in words.
        memberships: IdP groups of these identities: source, group_name, direct, path.
        links: Links rows of the person.
        accounts: Accounts rows of the person.
        movements: Movements rows.
        assignments: what is assigned or desired, by name.
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
    assignments: list[AssignmentReason]
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
    records = _find_records(decision, email)
    accounts = _find_accounts(decision, email, records)
    ids = take(context.target.accounts["account_id"], accounts)
    everyone = context.people
    people = everyone.records.take(records)
    keys = set(zip(people["source"], people["source_id"], strict=True))
    changes = [row for row in frames.rows(decision.plan.changes) if _concerns(row, ids, keys, email)]
    withheld = [row for row in frames.rows(decision.withheld) if _concerns(row, ids, keys, email)]
    ambiguities = _about(decision.ambiguities, ids, keys)
    return Explanation(
        email=email,
        identities=_rows(
            people.assign(
                in_scope=everyone.in_scope[records],
                undecided=everyone.undecided[records],
                primary=everyone.primary[records],
                sign_in=describe(people),
            )
        ),
        memberships=_memberships(decision, keys),
        links=_rows(decision.links[decision.links["account_id"].isin(ids)]),
        accounts=_rows(context.target.accounts.take(accounts)),
        movements=_rows(_about(decision.movements, ids, keys)),
        assignments=_assignments(decision, records, accounts),
        seats=_rows(_seats(context.target, ids)),
        changes=changes,
        withheld=withheld,
        ambiguities=sorted({*ambiguities["reason"], *describe_contested(context.contested, ids)}),
    )


def _find_records(decision: Decision, email: str) -> Rows:
    """Rows of the identities so named, and of the others about the same people."""
    people = decision.context.people
    named = _is_named(people.records, email) & (people.person >= 0)
    same = np.isin(people.person, people.person[named])
    return np.flatnonzero(same | _is_named(people.records, email))


def _find_accounts(decision: Decision, email: str, records: Rows) -> Rows:
    """Rows of the accounts so named, and of those of the people."""
    linked = decision.context.correlation.account[records]
    named = np.flatnonzero(_is_named(decision.context.target.accounts, email))
    return np.union1d(named, linked[linked >= 0]).astype(np.int64)


def _is_named(table: pd.DataFrame, email: str) -> Mask:
    wanted = fold(email)
    named = folded(table["email"]).eq(wanted) | folded(table["user_name"]).eq(wanted)
    mask: Mask = named.fillna(value=False).to_numpy(np.bool_)
    return mask


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
    table: list[Row] = []
    names = ["source", "group_name", "direct", "path"]
    for name, snapshot in decision.context.sources.items():
        ids = [source_id for source, source_id in keys if source == name]
        memberships = snapshot.memberships[snapshot.memberships["source_id"].isin(ids)]
        table += _rows(memberships[names].sort_values("group_name"))
    return table


def _assignments(decision: Decision, records: Rows, accounts: Rows) -> list[AssignmentReason]:
    """What the people have or should have, with the rule of each."""
    desired, context = decision.desired, decision.context
    pairs = np.flatnonzero(np.isin(desired.person, records))
    rules = {int(desired.entitlement[n]): desired.rules[int(desired.rule[n])] for n in pairs}
    assigned = set(context.assigned.entitlement[np.isin(context.assigned.account, accounts)].tolist())
    ids = take(context.target.accounts["account_id"], accounts)
    lost = decision.taken[decision.taken["account_id"].isin(ids)]
    taken = dict(zip(find_entitlements(context.catalogue, lost).tolist(), lost["rule"], strict=True))
    return sorted(
        _reason(
            context.catalogue.iloc[row],
            assigned=row in assigned,
            granted=rules.get(row),
            taken=None if row in assigned else taken.get(row),
        )
        for row in assigned | set(rules)
    )


def _reason(
    entitlement: pd.Series, *, assigned: bool, granted: tuple[str, str] | None, taken: str | None
) -> AssignmentReason:
    """One entitlement with the rule that grants it, and the rule that took it where one did."""
    rule, reason = granted or (None, _why_assigned(entitlement))
    if taken is not None:
        reason += f"; taken by the rule {taken!r}, and not given back automatically"
    kind, name = str(entitlement["kind"]), str(entitlement["name"])
    return AssignmentReason(kind, name, assigned, granted is not None, rule, reason)


def _why_assigned(entitlement: pd.Series) -> str:
    """Why something is assigned that no rule grants."""
    if entitlement["kind"] == GROUP:
        return "no rule grants it"
    if entitlement["billable"] and entitlement["modifiable"]:
        return "assigned directly: no rule grants it, and only leaving or not using it takes it"
    return "assigned directly: it is granted and revoked by hand"


def _seats(target: TargetSnapshot, ids: pd.Series) -> pd.DataFrame:
    """Seats of some accounts, as the report counts them."""
    return build_seats(
        target.seats[target.seats["account_id"].isin(ids)],
        target.accounts[target.accounts["account_id"].isin(ids)],
        target.assignments[target.assignments["account_id"].isin(ids)],
        target.entitlements,
    )


def _rows(table: pd.DataFrame) -> list[Row]:
    plain = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
