"""Users and products of one Cloud site as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from provisioning.model.frames import Accounts, Rejects, Seats, concat, empty
from provisioning.model.intake import screened
from provisioning.model.screening import Screened
from provisioning.model.seat_table import build_seats
from provisioning.model.terms import AccountState, EntitlementKind
from sinks.kit.frames import (
    ASSIGNED,
    Entitlement,
    build_assignments,
    columns_of,
    kinds_of,
    reject_unknown_kinds,
)

Columns = Mapping[str, Sequence[Any]]
PRODUCT = EntitlementKind.PRODUCT.value


def build_accounts(
    target: str, columns: Columns, *, caller: str | None, kinds: Mapping[str, str]
) -> Screened:
    """Build Accounts of a batch of users.

    Args:
        target: connection.
        columns: account_id, email, display_name, kind and active, the words as the site has them.
        caller: account the connection acts as.
        kinds: what the site's words for kinds mean; any other is an app and reported.
    """
    ids, words = columns["account_id"], columns["kind"]
    words_for = {True: AccountState.ACTIVE.value, False: AccountState.DEACTIVATED.value}
    states = [words_for[active] if isinstance(active, bool) else None for active in columns["active"]]
    raw: dict[str, Any] = {
        "target": target,
        "account_id": ids,
        "user_name": columns["email"],
        "email": columns["email"],
        "display_name": columns["display_name"],
        "state": states,
        "kind": kinds_of(words, kinds),
        "managed": pd.array([None] * len(ids), dtype="boolean"),
        "caller": [account_id == caller for account_id in ids],
    }
    accounts = screened(Accounts, raw, origin=target, key="account_id")
    unknown = reject_unknown_kinds(target, ids, words, kinds)
    return Screened(accounts.frame, concat(Rejects, [accounts.rejects, unknown]))


def build_product_assignments(target: str, site: str, direct: Sequence[tuple[str, str]]) -> Screened:
    """Build Assignments of products that accounts hold without a group; pairs of account and product."""
    assigned = [(account_id, PRODUCT, product, f"{product} on {site}") for account_id, product in direct]
    return build_assignments(target, columns_of(ASSIGNED, assigned))


def list_products(site: str, products: Sequence[str]) -> list[Entitlement]:
    """List products that are held without a group; a site can neither grant nor revoke them."""
    return [
        Entitlement(PRODUCT, product, f"{product} on {site}", product, site, billable=True, modifiable=False)
        for product in products
    ]


def derive_seats(accounts: pd.DataFrame, assignments: pd.DataFrame, entitlements: pd.DataFrame) -> Screened:
    """Derive Seats from what is assigned; a site tells no use of them."""
    table = build_seats(empty(Seats), accounts, assignments, entitlements)
    return Screened(table, empty(Rejects))
