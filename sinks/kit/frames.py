"""Frames whose columns every target fills alike: assignments, entitlements, capacity, kinds of accounts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from provisioning.model.frames import Assignments, Capacity, Entitlements, Rejects, complete, concat, empty
from provisioning.model.intake import reject, screened
from provisioning.model.screening import Screened
from provisioning.model.terms import EntitlementKind
from transport.errors import Malformed

GROUP = EntitlementKind.GROUP.value
KINDS: Mapping[str, str] = {"atlassian": "person", "app": "app", "customer": "customer"}
"""What Atlassian's words for kinds of accounts mean."""
ASSIGNED = ("account_id", "kind", "entitlement_id", "name")
"""Columns of one entitlement that an account holds."""


class Entitlement(NamedTuple):
    """What can be held, and one product that it opens; None when it opens none."""

    kind: str
    entitlement_id: str
    name: str
    product: str | None = None
    site: str | None = None
    billable: bool = False
    admin: bool = False
    default: bool = False
    modifiable: bool = True


class ProductSeats(NamedTuple):
    """Seats of one product on one site: bought (None without limit or when not told) and in use."""

    product: str
    site: str
    seats: int | None
    used: int | None = None


def columns_of(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    """Turn rows into columns of these names."""
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return {name: list(values) for name, values in zip(names, columns, strict=True)}


def build_assignments(target: str, columns: Mapping[str, Any]) -> Screened:
    """Build Assignments of account_id, kind, entitlement_id and name."""
    return screened(Assignments, {"target": target, **columns}, origin=target, key="account_id")


def build_group_assignments(
    target: str, members: Mapping[str, list[str]], names: Mapping[str, str], accounts: Collection[str]
) -> Screened:
    """Build Assignments of the members of groups.

    Args:
        target: connection.
        members: account ids of each group, by its id.
        names: names of the groups.
        accounts: ids of all accounts; a member that came in after they were read is left out.
    """
    counts = [len(ids) for ids in members.values()]
    groups = pd.Series(list(members), dtype="str").repeat(counts).reset_index(drop=True)
    assigned = pd.DataFrame(
        {
            "account_id": pd.Series([key for ids in members.values() for key in ids], dtype="str"),
            "entitlement_id": groups,
            "name": groups.map(dict(names)),
        }
    )
    assigned = assigned[assigned["account_id"].isin(list(accounts))]
    assigned = assigned.drop_duplicates(["account_id", "entitlement_id"], ignore_index=True)
    return build_assignments(target, {"kind": GROUP} | {str(name): assigned[name] for name in assigned})


def build_assignments_of_few(target: str, assigned: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Build Assignments of a few accounts from account, group and the group's name."""
    members: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for account_id, group_id, name in assigned:
        members.setdefault(group_id, []).append(account_id)
        names[group_id] = name
    accounts = {key for ids in members.values() for key in ids}
    return build_group_assignments(target, members, names, accounts).frame


def whole(accounts: Screened, rows: int) -> pd.DataFrame:
    """Return the accounts of an observation, none of which may be lost: it would look as if it were gone.

    Raises:
        Malformed: a row could not be read as an account.
    """
    if len(accounts.frame) < rows:
        lost = accounts.rejects.iloc[0]
        raise Malformed(f"account {lost['key']} cannot be read: {lost['field']}: {lost['problem']}")
    return accounts.frame


def build_entitlements(target: str, entitlements: Sequence[Entitlement]) -> Screened:
    """Build Entitlements, one row for each entitlement and product that it opens."""
    raw = {"target": target, **columns_of(Entitlement._fields, entitlements)}
    return screened(Entitlements, raw, origin=target, key="entitlement_id")


def build_capacity(target: str, products: Sequence[ProductSeats]) -> Screened:
    """Build Capacity of the products whose seats are told."""
    raw = pd.DataFrame(
        {
            "target": target,
            "product": pd.Series([one.product for one in products], dtype="str"),
            "site": pd.Series([one.site for one in products], dtype="str"),
            "seats": pd.array([one.seats for one in products], dtype="Int64"),
            "used": pd.array([one.used for one in products], dtype="Int64"),
        }
    )
    return Screened(complete(Capacity, raw), empty(Rejects))


def kinds_of(words: Iterable[str | None], kinds: Mapping[str, str]) -> list[str]:
    """Return the kind of each account; whoever is of an unknown kind counts as an app and is left alone."""
    return ["app" if word is None else kinds.get(word, "app") for word in words]


def reject_unknown_kinds(
    target: str, account_ids: Sequence[Any], words: Sequence[str | None], kinds: Mapping[str, str]
) -> pd.DataFrame:
    """Report the accounts of an unknown kind."""
    remedy = "it counts as an app and is left alone"
    unknown = [
        reject(account_id, "kind", str(word), "not a known kind", origin=target, remedy=remedy)
        for account_id, word in zip(account_ids, words, strict=True)
        if word is None or word not in kinds
    ]
    return concat(Rejects, unknown)


def reject_unread(target: str, group_id: str, name: str) -> pd.DataFrame:
    """Report a group that the target does not let us read."""
    problem = "the target does not let this group be read, so nobody is put in or taken out"
    remedy = "rename the group, or give the credential the right to read it, then run again"
    return reject(group_id, "group", name, problem, origin=target, remedy=remedy)
