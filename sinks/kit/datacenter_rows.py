"""Accounts, groups and seats of a Data Center installation as frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from provisioning.model.frames import Accounts, Rejects, Seats, complete, concat, empty
from provisioning.model.intake import iso_times, screened
from provisioning.model.screening import Screened
from provisioning.model.terms import AccountState, Activity, EntitlementKind
from sinks.kit.frames import GROUP, Entitlement, build_assignments, build_entitlements, reject_unread

Columns = dict[str, list[Any]]
Memberships = tuple[list[str], list[str]]
"""Account and group of each membership."""


class Group(NamedTuple):
    """A group, whose name is its only identifier, and the products it opens.

    `unread` says that the server did not tell what it opens or who is in it: it is reported, and nobody is
    put in or taken out.
    """

    name: str
    opens: tuple[str, ...] = ()
    admin: bool = False
    default: bool = False
    unread: bool = False


class Permission(NamedTuple):
    """What can be granted to an account without a group, and the product it opens."""

    entitlement_id: str
    product: str
    admin: bool = False

    @property
    def kind(self) -> str:
        """A role where it gives administration rights, else a product."""
        return (EntitlementKind.ROLE if self.admin else EntitlementKind.PRODUCT).value

    @property
    def name(self) -> str:
        """Its name in words."""
        return self.entitlement_id.replace("_", " ").lower()


class DirectPermission(NamedTuple):
    """A permission that an account holds by itself."""

    account_id: str
    permission: Permission


class Licence(NamedTuple):
    """Seats of one product: bought (None without limit) and in use, as the server counts."""

    product: str
    seats: int | None
    used: int | None


class Installation(NamedTuple):
    """One read of an installation, or of a few of its accounts.

    Attributes:
        columns: raw columns of Accounts, one value an account.
        memberships: account and group of each membership.
        groups: all groups.
        licences: what the server tells of its licence.
        permissions: what can be held without a group.
        direct: what accounts hold without a group.
        licensed: product → accounts the server counts for its licence, where it tells them one by one.
        tells_use: whether an account without a last sign-in never had one.
    """

    columns: Columns
    memberships: Memberships
    groups: Sequence[Group] = ()
    licences: Sequence[Licence] = ()
    permissions: Sequence[Permission] = ()
    direct: Sequence[DirectPermission] = ()
    licensed: Mapping[str, frozenset[str]] = {}
    tells_use: bool = True


def split_pairs(pairs: Iterable[tuple[str, str]]) -> Memberships:
    """Return accounts and groups of pairs of them, each as a column."""
    accounts: list[str] = []
    groups: list[str] = []
    for account_id, group in pairs:
        accounts.append(account_id)
        groups.append(group)
    return accounts, groups


def state_of(active: object) -> str | None:
    """Return the state of an account that is active or is not; null where that is not told."""
    if not isinstance(active, bool):
        return None
    return (AccountState.ACTIVE if active else AccountState.DEACTIVATED).value


def instants(values: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Read moments written as milliseconds since 1970 or as ISO 8601; the unreadable are null."""
    texts = values.dropna()
    if texts.empty or not texts.str.fullmatch(r"-?\d+").all():
        return iso_times(values)
    numbers = pd.to_numeric(values, errors="coerce").astype("Int64")
    return pd.to_datetime(numbers, unit="ms", utc=True).astype("datetime64[us, UTC]")


def build_accounts(target: str, columns: Columns) -> Screened:
    """Build Accounts; all of them are the installation's own, unless the columns say otherwise."""
    size = len(columns["account_id"])
    usual = {"target": target, "kind": "person", "managed": pd.array([True] * size, dtype="boolean")}
    usual["caller"] = [False] * size
    raw = usual | columns
    return screened(Accounts, raw, origin=target, key="account_id", instants=instants)


def build_server_assignments(
    target: str, memberships: Memberships, direct: Sequence[DirectPermission] = ()
) -> Screened:
    """Build Assignments of groups, and of what accounts hold without one."""
    ids, groups = memberships
    permissions = [one.permission for one in direct]
    columns = {
        "account_id": [*ids, *(one.account_id for one in direct)],
        "kind": [GROUP] * len(ids) + [permission.kind for permission in permissions],
        "entitlement_id": [*groups, *(permission.entitlement_id for permission in permissions)],
        "name": [*groups, *(permission.name for permission in permissions)],
    }
    return build_assignments(target, columns)


def build_server_entitlements(
    target: str, site: str, groups: Sequence[Group], permissions: Sequence[Permission] = ()
) -> Screened:
    """Build Entitlements of every group and permission that can be held, and what it opens."""
    entitlements = [
        Entitlement(
            GROUP,
            group.name,
            group.name,
            product,
            site if product else None,
            billable=product is not None,
            admin=group.admin,
            default=group.default,
            modifiable=not group.unread,
        )
        for group in groups
        for product in group.opens or (None,)
    ]
    entitlements += [
        Entitlement(
            permission.kind,
            permission.entitlement_id,
            permission.name,
            permission.product,
            site,
            billable=True,
            admin=permission.admin,
        )
        for permission in permissions
    ]
    built = build_entitlements(target, entitlements)
    unread = [reject_unread(target, group.name, group.name) for group in groups if group.unread]
    return Screened(built.frame, concat(Rejects, [built.rejects, *unread]))


def build_seats(target: str, site: str, server: Installation, accounts: pd.DataFrame) -> Screened:
    """Build Seats by account and product; only those of active accounts that the server counts are billed."""
    facts = accounts[["account_id", "state", "last_active"]]
    seats = _grant_seats(server).merge(facts, on="account_id", validate="many_to_one")
    active = seats["state"].eq(AccountState.ACTIVE.value)
    unused = Activity.NEVER if server.tells_use else Activity.UNKNOWN
    seats = seats.assign(
        target=target,
        site=site,
        billable=active & _is_licensed(seats, server),
        activity=seats["last_active"].notna().map({True: Activity.USED.value, False: unused.value}),
    )
    return Screened(complete(Seats, seats), empty(Rejects))


def _grant_seats(server: Installation) -> pd.DataFrame:
    """Return account and product of each seat, with the names of the groups that grant it."""
    openings = pd.DataFrame(
        [(group.name, product) for group in server.groups for product in group.opens],
        columns=["group", "product"],
        dtype="str",
    )
    ids, groups = server.memberships
    assigned = pd.DataFrame({"account_id": ids, "group": groups}, dtype="str")
    through_groups = assigned.merge(openings, on="group", validate="many_to_many")
    alone = pd.DataFrame(_list_direct(server), columns=["account_id", "product"], dtype="str")
    granted = pd.concat([through_groups, alone.assign(group=None)])
    granted = granted.dropna(subset=["account_id", "product"]).sort_values("group")
    names = granted.groupby(["account_id", "product"], sort=True)["group"].agg(_join_names)
    return names.rename("granted_by").reset_index()


def _list_direct(server: Installation) -> list[tuple[str, str]]:
    """List seats that need no group: by a direct permission, or because the server counts the account."""
    direct = [(one.account_id, one.permission.product) for one in server.direct]
    return direct + [(name, product) for product, names in server.licensed.items() for name in sorted(names)]


def _join_names(groups: pd.Series[str]) -> str | None:
    return ", ".join(dict.fromkeys(groups.dropna())) or None


def _is_licensed(seats: pd.DataFrame, server: Installation) -> pd.Series[bool]:
    """Whether the server counts each seat; where it does not tell one by one, it counts all."""
    licensed = [
        account in server.licensed[product] if product in server.licensed else True
        for account, product in zip(seats["account_id"], seats["product"], strict=True)
    ]
    return pd.Series(licensed, index=seats.index, dtype=bool)
