"""Accounts, groups and seats of a Data Center installation as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from provisioning.model.frames import (
    Accounts,
    AccountState,
    Activity,
    Assignments,
    Capacity,
    EntitlementKind,
    Entitlements,
    Rejects,
    Screened,
    Seats,
    complete,
    concat,
)
from provisioning.model.intake import iso_times, screened

Row = dict[str, Any]
Columns = dict[str, list[Any]]
GROUP = EntitlementKind.GROUP.value


class Group(NamedTuple):
    """A group, whose name is its only identifier, and the products it opens."""

    name: str
    opens: tuple[str, ...] = ()
    admin: bool = False
    default: bool = False


class Permission(NamedTuple):
    """What can be given to an account without a group, and the product it opens."""

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


class Own(NamedTuple):
    """A permission that an account holds by itself."""

    account_id: str
    permission: Permission


class Licence(NamedTuple):
    """Seats of one product: bought (None without limit) and in use, as the server counts."""

    product: str
    seats: int | None
    used: int | None


class Whole(NamedTuple):
    """One read of an installation.

    Attributes:
        columns: raw columns of Accounts, one value an account.
        held: account and group of each membership.
        groups: all groups.
        licences: what the server tells of its licence.
        permissions: what can be held without a group.
        own: what accounts hold without a group.
        counted: product → accounts the server counts for its licence, where it tells them one by one.
        tells_use: whether an account without a last sign-in never had one.
    """

    columns: Columns
    held: tuple[list[str], list[str]]
    groups: list[Group]
    licences: list[Licence]
    permissions: Sequence[Permission] = ()
    own: Sequence[Own] = ()
    counted: Mapping[str, frozenset[str]] = {}
    tells_use: bool = True


def state_of(active: object) -> str:
    """The state of an account that is active or is not."""
    return (AccountState.ACTIVE if active is True else AccountState.DEACTIVATED).value


def instants(values: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Moments written as milliseconds since 1970 or as ISO 8601; the unreadable are null."""
    told = values.dropna()
    if told.empty or not told.str.fullmatch(r"-?\d+").all():
        return iso_times(values)
    numbers = pd.to_numeric(values, errors="coerce").astype("Int64")
    return pd.to_datetime(numbers, unit="ms", utc=True).astype("datetime64[us, UTC]")


def accounts_frame(target: str, columns: Columns) -> Screened:
    """Accounts; all of them are the installation's own, unless the columns say otherwise."""
    size = len(columns["account_id"])
    usual = {"target": target, "kind": "person", "managed": pd.array([True] * size, dtype="boolean")}
    usual["caller"] = [False] * size
    raw = usual | columns
    return screened(Accounts, raw, origin=target, key="account_id", instants=instants)


def assignments_frame(target: str, held: tuple[list[str], list[str]], own: Sequence[Own] = ()) -> Screened:
    """Memberships of groups, and what accounts hold without one."""
    ids, groups = held
    raw = {
        "target": target,
        "account_id": [*ids, *(one.account_id for one in own)],
        "kind": [GROUP] * len(ids) + [one.permission.kind for one in own],
        "entitlement_id": [*groups, *(one.permission.entitlement_id for one in own)],
        "name": [*groups, *(one.permission.name for one in own)],
    }
    return screened(Assignments, raw, origin=target, key="account_id")


def entitlements_frame(
    target: str, site: str, groups: Sequence[Group], permissions: Sequence[Permission] = ()
) -> Screened:
    """Every group and permission that can be held, and what it opens."""
    rows: list[Row] = [
        {
            "kind": GROUP,
            "entitlement_id": group.name,
            "name": group.name,
            "product": product,
            "site": site if product else None,
            "billable": product is not None,
            "admin": group.admin,
            "default": group.default,
            "modifiable": True,
        }
        for group in groups
        for product in group.opens or (None,)
    ]
    rows += [_permission_row(permission, site) for permission in permissions]
    fields = [name for name in Entitlements.to_schema().columns if name != "target"]
    raw = {name: [row[name] for row in rows] for name in fields}
    return screened(Entitlements, {"target": target, **raw}, origin=target, key="entitlement_id")


def _permission_row(permission: Permission, site: str) -> Row:
    return {
        "kind": permission.kind,
        "entitlement_id": permission.entitlement_id,
        "name": permission.name,
        "product": permission.product,
        "site": site,
        "billable": True,
        "admin": permission.admin,
        "default": False,
        "modifiable": True,
    }


def seats_frame(target: str, site: str, whole: Whole, accounts: pd.DataFrame) -> Screened:
    """Seats by account and product; only those of active accounts that the server counts are billed."""
    openings = pd.DataFrame(
        [(group.name, product) for group in whole.groups for product in group.opens],
        columns=["group", "product"],
        dtype="str",
    )
    held = pd.DataFrame({"account_id": whole.held[0], "group": whole.held[1]}, dtype="str")
    through = held.merge(openings, on="group", validate="many_to_many")
    alone = pd.DataFrame(_alone(whole), columns=["account_id", "product"], dtype="str").assign(group=None)
    given = pd.concat([through, alone]).dropna(subset=["account_id", "product"]).sort_values("group")
    names = given.groupby(["account_id", "product"], sort=True)["group"].agg(_joined)
    seats = names.rename("granted_by").reset_index()
    facts = accounts[["account_id", "state", "last_active"]]
    seats = seats.merge(facts, on="account_id", validate="many_to_one")
    active = seats["state"].eq(AccountState.ACTIVE.value)
    unused = Activity.NEVER if whole.tells_use else Activity.UNKNOWN
    seats = seats.assign(
        target=target,
        site=site,
        billable=active & _counted(seats, whole),
        activity=seats["last_active"].notna().map({True: Activity.USED.value, False: unused.value}),
    )
    return Screened(complete(Seats, seats), concat(Rejects, []))


def _alone(whole: Whole) -> list[tuple[str, str]]:
    """Seats that need no group: by an own permission, or because the server counts the account."""
    own = [(one.account_id, one.permission.product) for one in whole.own]
    return own + [(name, product) for product, names in whole.counted.items() for name in sorted(names)]


def _joined(groups: pd.Series[str]) -> str | None:
    return ", ".join(dict.fromkeys(groups.dropna())) or None


def _counted(seats: pd.DataFrame, whole: Whole) -> pd.Series[bool]:
    """Whether the server counts each seat; where it does not tell one by one, it counts all."""
    told = [
        account in whole.counted[product] if product in whole.counted else True
        for account, product in zip(seats["account_id"], seats["product"], strict=True)
    ]
    return pd.Series(told, index=seats.index, dtype=bool)


def capacity_frame(target: str, site: str, licences: Sequence[Licence]) -> Screened:
    """Seats bought and in use."""
    raw = pd.DataFrame(
        {
            "target": target,
            "product": pd.Series([licence.product for licence in licences], dtype="str"),
            "site": site,
            "seats": pd.array([licence.seats for licence in licences], dtype="Int64"),
            "used": pd.array([licence.used for licence in licences], dtype="Int64"),
        }
    )
    return Screened(complete(Capacity, raw), concat(Rejects, []))
