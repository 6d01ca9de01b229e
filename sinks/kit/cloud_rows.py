"""Users and groups of one Cloud site as frames."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from provisioning.model.frames import (
    Accounts,
    AccountState,
    Assignments,
    Capacity,
    EntitlementKind,
    Entitlements,
    Rejects,
    Screened,
    Seats,
    complete,
    concat,
    empty,
)
from provisioning.model.intake import reject, screened
from provisioning.model.seat_table import seat_table

Columns = Mapping[str, Sequence[Any]]
GROUP = EntitlementKind.GROUP.value
KINDS = {"atlassian": "person", "app": "app", "customer": "customer"}
"""What the usual words for kinds of accounts mean."""


class Opening(NamedTuple):
    """A group, and one product that it opens; None when it opens none."""

    group_id: str
    name: str
    product: str | None
    admin: bool
    default: bool
    modifiable: bool


def accounts_frame(
    target: str,
    columns: Columns,
    *,
    caller: str | None,
    kinds: Mapping[str, str] = KINDS,
) -> Screened:
    """Accounts of a batch of users.

    Args:
        target: connection.
        columns: account_id, email, display_name, kind and active, the words as the site has them.
        caller: account the connection acts as.
        kinds: what the site's words for kinds mean; any other is an app and reported.
    """
    ids, words = columns["account_id"], columns["kind"]
    states = [
        AccountState.ACTIVE.value if active else AccountState.DEACTIVATED.value
        for active in columns["active"]
    ]
    raw: dict[str, Any] = {
        "target": target,
        "account_id": ids,
        "user_name": columns["email"],
        "email": columns["email"],
        "display_name": columns["display_name"],
        "state": states,
        "kind": [kinds.get(word, "app") for word in words],
        "managed": pd.array([None] * len(ids), dtype="boolean"),
        "caller": [account_id == caller for account_id in ids],
    }
    good = screened(Accounts, raw, origin=target, key="account_id")
    odd = [
        reject(key, "kind", str(word), "not a known kind", origin=target, remedy="it counts as an app")
        for key, word in zip(ids, words, strict=True)
        if word not in kinds
    ]
    return Screened(good.frame, concat(Rejects, [good.rejects, *odd]))


def held_frame(
    target: str, members: Mapping[str, list[str]], names: Mapping[str, str], accounts: Collection[str]
) -> Screened:
    """Assignments of the members of groups.

    Args:
        target: connection.
        members: account ids of each group, by its id.
        names: names of the groups.
        accounts: ids of all accounts; a member that came in after they were read is left out.
    """
    counts = [len(ids) for ids in members.values()]
    groups = pd.Series(list(members), dtype="str").repeat(counts).reset_index(drop=True)
    held = pd.DataFrame(
        {
            "account_id": pd.Series([key for ids in members.values() for key in ids], dtype="str"),
            "entitlement_id": groups,
            "name": groups.map(dict(names)),
        }
    )
    held = held[held["account_id"].isin(list(accounts))].drop_duplicates(["account_id", "entitlement_id"])
    raw: dict[str, Any] = {"target": target, "kind": GROUP}
    columns = {name: held[name].reset_index(drop=True) for name in held}
    return screened(Assignments, raw | columns, origin=target, key="account_id")


def held_by(target: str, held: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """Assignments of a few accounts: who holds which group, by its identifier, and its name."""
    members: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for account_id, group_id, name in held:
        members.setdefault(group_id, []).append(account_id)
        names[group_id] = name
    return held_frame(target, members, names, {key for ids in members.values() for key in ids}).frame


def entitlements_frame(target: str, site: str, openings: Sequence[Opening]) -> Screened:
    """Every group and what it opens; what it opens is billed."""
    columns = list(zip(*openings, strict=True)) or [()] * len(Opening._fields)
    ids, names, products, admin, default, modifiable = (list(values) for values in columns)
    raw: dict[str, Any] = {
        "target": target,
        "kind": GROUP,
        "entitlement_id": ids,
        "name": names,
        "product": products,
        "site": [site if product else None for product in products],
        "billable": [product is not None for product in products],
        "admin": admin,
        "default": default,
        "modifiable": modifiable,
    }
    return screened(Entitlements, raw, origin=target, key="entitlement_id")


def direct_frame(target: str, site: str, direct: Sequence[tuple[str, str]]) -> Screened:
    """Assignments of products that accounts hold without a group; pairs of account and product."""
    products = [product for _, product in direct]
    raw: dict[str, Any] = {
        "target": target,
        "account_id": [key for key, _ in direct],
        "kind": EntitlementKind.PRODUCT.value,
        "entitlement_id": products,
        "name": [f"{product} on {site}" for product in products],
    }
    return screened(Assignments, raw, origin=target, key="account_id")


def products_frame(target: str, site: str, products: Sequence[str]) -> Screened:
    """Products that can be held without a group; a site shows them and cannot give or take them."""
    raw: dict[str, Any] = {
        "target": target,
        "kind": EntitlementKind.PRODUCT.value,
        "entitlement_id": products,
        "name": [f"{product} on {site}" for product in products],
        "product": products,
        "site": site,
        "billable": True,
        "admin": False,
        "default": False,
        "modifiable": False,
    }
    return screened(Entitlements, raw, origin=target, key="entitlement_id")


def seats_frame(accounts: pd.DataFrame, assignments: pd.DataFrame, entitlements: pd.DataFrame) -> Screened:
    """Seats as they follow from what is held; a site tells no use of them."""
    table = seat_table(empty(Seats), accounts, assignments, entitlements)
    return Screened(table, empty(Rejects))


def capacity_frame(target: str, site: str, counts: Mapping[str, tuple[int | None, int]]) -> Screened:
    """Seats bought and taken, by product."""
    raw = pd.DataFrame(
        {
            "target": target,
            "product": pd.Series(list(counts), dtype="str"),
            "site": site,
            "seats": pd.array([seats for seats, _ in counts.values()], dtype="Int64"),
            "used": pd.array([used for _, used in counts.values()], dtype="Int64"),
        }
    )
    return Screened(complete(Capacity, raw), empty(Rejects))
