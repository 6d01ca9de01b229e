"""Users and groups of an Atlassian organisation as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any, NamedTuple

import pandas as pd

from provisioning.model.frames import Accounts, Rejects, Seats, concat
from provisioning.model.intake import iso_times, screened
from provisioning.model.screening import Screened
from provisioning.model.terms import Activity, EntitlementKind
from provisioning.model.text import fold
from sinks.atlassian_org.data import (
    ACCOUNT_FIELDS,
    ADMIN_ROLES,
    NO_ACCESS_ROLES,
    NOT_INVITED,
    STATES,
    Resource,
    bare,
    resource_of,
)
from sinks.atlassian_org.directory import Group, OpenedProduct, Workspace
from sinks.kit.frames import (
    ASSIGNED,
    GROUP,
    KINDS,
    Entitlement,
    ProductSeats,
    build_assignments,
    build_capacity,
    build_entitlements,
    columns_of,
    kinds_of,
    reject_unknown_kinds,
    reject_unread,
)
from transport.shape import Row

Columns = dict[str, list[Any]]
ROLE, PRODUCT = EntitlementKind.ROLE.value, EntitlementKind.PRODUCT.value


class People(NamedTuple):
    """What the accounts of a batch of users are made of, without what else was listed of them.

    Attributes:
        columns: the fields of each account.
        used: the last use of any product; null where none is told.
    """

    columns: Columns
    used: pd.Series[pd.Timestamp]


class SeatOf(NamedTuple):
    """One seat that a set of groups gives."""

    product: str
    cloud_id: str
    billable: bool
    granted_by: str | None


class Openings:
    """What holding groups opens, asked by the set of groups a person holds.

    Attributes:
        groups: groups by identifier.
        workspaces: products of all sites.
    """

    def __init__(self, groups: Sequence[Group], workspaces: Sequence[Workspace]) -> None:
        self.groups = {group.group_id: group for group in groups}
        self.workspaces = list(workspaces)
        self._sites = {space.resource.cloud_id: space.site for space in workspaces}
        self._known: dict[tuple[str, ...], list[SeatOf]] = {}

    def site(self, cloud_id: str) -> str:
        """Return the name of a site; its cloud id where no name is told."""
        return self._sites.get(cloud_id, cloud_id)

    def seats(self, group_ids: Sequence[str]) -> list[SeatOf]:
        """Return the seats that these groups give together; people with the same groups share the answer."""
        key = tuple(sorted(g for g in group_ids if g in self.groups and self.groups[g].opens))
        if key not in self._known:
            self._known[key] = self._seats([self.groups[g] for g in key])
        return self._known[key]

    def _seats(self, groups: Sequence[Group]) -> list[SeatOf]:
        given: dict[tuple[str, str], tuple[bool, list[str]]] = {}
        for group in groups:
            for opening in group.opens:
                billable, names = given.get(opening.resource, (False, []))
                given[opening.resource] = (billable or opening.billable, sorted({*names, group.name}))
        return [SeatOf(*key, billable, ", ".join(names)) for key, (billable, names) in given.items()]


def keep_present(columns: Columns) -> Columns:
    """Leave out the managed accounts that are in no directory."""
    present = [status != NOT_INVITED for status in columns["status"]]
    return {name: list(compress(values, present)) for name, values in columns.items()}


def untold(columns: Columns, field: str) -> list[str]:
    """List the accounts whose row does not tell a field: absent or null does not mean none."""
    pairs = zip(columns["account_id"], columns[field], strict=True)
    return [account_id for account_id, value in pairs if value is None]


def unknown_kinds(columns: Columns) -> set[tuple[str, str]]:
    """Accounts, each with a kind of entitlement that its row does not tell."""
    fields = {"groups": GROUP, "access": PRODUCT, "roles": ROLE}
    return {(key, kind) for field, kind in fields.items() for key in untold(columns, field)}


def people_of(columns: Columns) -> People:
    """Keep of a batch of users what its accounts are made of."""
    kept = (*ACCOUNT_FIELDS, "status", "kind", "claim")
    return People({name: columns[name] for name in kept}, _latest(columns["access"]))


def build_accounts(
    target: str, people: People, managed: Mapping[str, Row], *, directory: str | None, caller: str | None
) -> Screened:
    """Build Accounts of a batch of users, with what the listing of managed accounts adds."""
    columns, ids = people.columns, people.columns["account_id"]
    more = [managed.get(account_id, {}) for account_id in ids]
    words = [row.get("account_type") or kind for row, kind in zip(more, columns["kind"], strict=True)]
    raw = {name: columns[name] for name in ACCOUNT_FIELDS} | {
        "target": target,
        "state": [STATES.get(status) for status in columns["status"]],
        "kind": kinds_of(words, KINDS),
        "directory": directory,
        "managed": pd.array([is_managed(claim) for claim in columns["claim"]], dtype="boolean"),
        "caller": [_same_address(email, caller) for email in columns["email"]],
        "last_active": _later(people.used, [row.get("last_active") for row in more]),
    }
    accounts = screened(Accounts, raw, origin=target, key="account_id")
    unknown = reject_unknown_kinds(target, ids, words, KINDS)
    return Screened(accounts.frame, concat(Rejects, [accounts.rejects, unknown]))


def is_managed(claim: str | None) -> bool | None:
    """Whether the organisation owns the account's domain; None where it does not say."""
    return None if claim is None else claim == "managed"


def _same_address(email: str | None, caller: str | None) -> bool:
    return caller is not None and fold(email or "") == fold(caller)


def _latest(access: Sequence[list[Row] | None]) -> pd.Series[pd.Timestamp]:
    """Return the last activity of each account in any product."""
    pairs = [
        (row, entry.get("lastActiveTimestamp"))
        for row, entries in enumerate(access)
        for entry in entries or ()
    ]
    times = iso_times(pd.Series([at for _, at in pairs], dtype="str"))
    latest = times.groupby([row for row, _ in pairs]).max() if pairs else times
    return latest.reindex(range(len(access))).dt.tz_convert("UTC")


def _later(used: pd.Series[pd.Timestamp], managed: Sequence[str | None]) -> pd.Series[pd.Timestamp]:
    """Return the last activity of each account, where the managed accounts have a later one, that."""
    stated = iso_times(pd.Series(list(managed), dtype="str"))
    return used.where(stated.isna() | (used >= stated), stated)


def build_organisation_assignments(target: str, columns: Columns, openings: Openings) -> Screened:
    """Build Assignments of groups, platform roles and products held directly."""
    assigned: list[tuple[str, str, str, str]] = []
    rows = zip(
        columns["account_id"], columns["groups"], columns["roles"], _direct(columns, openings), strict=True
    )
    for account_id, groups, roles, direct in rows:
        group_ids = [(bare(group["id"]), group.get("name")) for group in groups or ()]
        assigned += [(account_id, GROUP, group_id, name or group_id) for group_id, name in group_ids]
        assigned += [(account_id, ROLE, role, role.rpartition("/")[2]) for role in roles or ()]
        assigned += [(account_id, PRODUCT, *_product(entry, openings)) for entry in direct]
    return build_assignments(target, columns_of(ASSIGNED, assigned))


def _product(entry: Row, openings: Openings) -> tuple[str, str]:
    resource = _resource(entry)
    return entry["id"], f"{resource.product} on {openings.site(resource.cloud_id)}"


def _direct(columns: Columns, openings: Openings) -> list[list[Row]]:
    """Return the products of each account that no group opens although the account holds them.

    Atlassian lists times of use, of former products too; the count of resources tells whether some
    of those that no group explains are held in fact.
    """
    direct = []
    for groups, access, count in zip(columns["groups"], columns["access"], columns["resources"], strict=True):
        opened = {seat[:2] for seat in openings.seats(_group_ids(groups))}
        more = [entry for entry in access or () if _resource(entry) not in opened]
        direct.append(more if more and (count is None or count > len(opened)) else [])
    return direct


def _resource(entry: Row) -> Resource:
    return resource_of(entry["id"], entry.get("key"))


def _group_ids(groups: Sequence[Row] | None) -> list[str]:
    return [bare(group["id"]) for group in groups or ()]


class SeatUse(NamedTuple):
    """A seat that an account holds, its use, and whether the account is of those that are billed."""

    account_id: str
    seat: SeatOf
    use: Row | None
    billable: bool


def build_seats(target: str, columns: Columns, openings: Openings) -> Screened:
    """Build Seats through groups and direct roles, with their use; only those of active people are billed."""
    seats = _list_seats(columns, openings)
    raw = {
        "target": target,
        "account_id": [one.account_id for one in seats],
        "product": [one.seat.product for one in seats],
        "site": [openings.site(one.seat.cloud_id) for one in seats],
        "activity": [_activity(one.use) for one in seats],
        "last_active": [one.use.get("lastActiveTimestamp") if one.use else None for one in seats],
        "billable": [one.seat.billable and one.billable for one in seats],
        "granted_by": [one.seat.granted_by for one in seats],
    }
    return screened(Seats, raw, origin=target, key="account_id")


def _list_seats(columns: Columns, openings: Openings) -> list[SeatUse]:
    seats: list[SeatUse] = []
    names = ("account_id", "groups", "access", "status", "kind")
    rows = zip(*(columns[name] for name in names), _direct(columns, openings), strict=True)
    for account_id, groups, access, status, kind, direct in rows:
        use = {_resource(entry): entry for entry in access or ()}
        never: Row | None = None if access is None else {}
        billable = status == "active" and KINDS.get(kind) == "person"
        alone = [SeatOf(*_resource(entry), billable=True, granted_by=None) for entry in direct]
        seats += [
            SeatUse(account_id, seat, use.get(Resource(*seat[:2]), never), billable)
            for seat in (*openings.seats(_group_ids(groups)), *alone)
        ]
    return seats


def _activity(entry: Row | None) -> str:
    """A product that was never used has no time; where no use is told at all, nothing is known."""
    if entry is None:
        return Activity.UNKNOWN.value
    return (Activity.USED if entry.get("lastActiveTimestamp") else Activity.NEVER).value


def build_organisation_entitlements(target: str, openings: Openings) -> Screened:
    """Build Entitlements of every group, role and product that can be held, and what it opens."""
    groups = openings.groups.values()
    rows = [_opened(group, one, openings) for group in groups for one in group.opens or (None,)]
    rows += [_role(role) for role in sorted(ADMIN_ROLES & NO_ACCESS_ROLES)]
    rows += [_workspace(space) for space in openings.workspaces]
    built = build_entitlements(target, rows)
    unread = [reject_unread(target, group.group_id, group.name) for group in groups if group.unread]
    return Screened(built.frame, concat(Rejects, [built.rejects, *unread]))


def _opened(group: Group, opening: OpenedProduct | None, openings: Openings) -> Entitlement:
    own = Entitlement(GROUP, group.group_id, group.name, admin=group.admin, modifiable=group.modifiable)
    if opening is None:
        return own
    return own._replace(
        product=opening.resource.product,
        site=openings.site(opening.resource.cloud_id),
        billable=opening.billable,
        admin=opening.admin or group.admin,
        default=opening.default,
    )


def _role(role: str) -> Entitlement:
    return Entitlement(ROLE, role, role.rpartition("/")[2], admin=True, modifiable=False)


def _workspace(space: Workspace) -> Entitlement:
    product = space.resource.product
    return Entitlement(
        PRODUCT, space.identifier, f"{product} on {space.site}", product, space.site, billable=True
    )


def build_organisation_capacity(target: str, openings: Openings) -> Screened:
    """Build Capacity of the products whose number of seats is told."""
    spaces = [space for space in openings.workspaces if space.capacity is not None]
    return build_capacity(
        target, [ProductSeats(space.resource.product, space.site, space.capacity) for space in spaces]
    )
