"""Users and groups of an Atlassian organisation as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from provisioning.model.frames import (
    Accounts,
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
from provisioning.model.intake import iso_times, reject, screened
from sinks.atlassian_org.data import (
    ACCOUNT_FIELDS,
    ADMIN_ROLES,
    KINDS,
    NO_ACCESS_ROLES,
    NOT_HERE,
    STATES,
    Resource,
    bare,
    resource_of,
)
from sinks.atlassian_org.directory import Group, Row, Workspace

Columns = dict[str, list[Any]]


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
        """Name of a site; its cloud id where no name is told."""
        return self._sites.get(cloud_id, cloud_id)

    def seats(self, group_ids: Sequence[str]) -> list[SeatOf]:
        """Seats that these groups give together; people who hold the same groups share the answer."""
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


def present(columns: Columns) -> Columns:
    """Without the accounts that are in no directory."""
    here = [status != NOT_HERE for status in columns["status"]]
    return {
        name: [v for v, keep in zip(values, here, strict=True) if keep] for name, values in columns.items()
    }


def accounts_frame(
    target: str, columns: Columns, managed: Mapping[str, Row], *, directory: str | None, caller: str | None
) -> Screened:
    """Accounts of a batch of users, with what the managed accounts know beside."""
    ids = columns["account_id"]
    beside = [managed.get(account_id, {}) for account_id in ids]
    words = [more.get("account_type") or kind for more, kind in zip(beside, columns["kind"], strict=True)]
    unknown = [row for row, word in enumerate(words) if word not in KINDS]
    raw = {name: columns[name] for name in ACCOUNT_FIELDS} | {
        "target": target,
        "state": [STATES.get(status) for status in columns["status"]],
        "kind": [KINDS.get(word, "app") for word in words],
        "directory": directory,
        "managed": pd.array([_managed(claim) for claim in columns["claim"]], dtype="boolean"),
        "caller": [
            caller is not None and (email or "").lower() == caller.lower() for email in columns["email"]
        ],
        "last_active": _latest(columns["access"], [more.get("last_active") for more in beside]),
    }
    good = screened(Accounts, raw, origin=target, key="account_id")
    remedy = "it counts as an app and is left alone"
    odd = [
        reject(ids[r], "kind", str(words[r]), "not a known kind", origin=target, remedy=remedy)
        for r in unknown
    ]
    return Screened(good.frame, concat(Rejects, [good.rejects, *odd]))


def _managed(claim: str | None) -> bool | None:
    return None if claim is None else claim == "managed"


def _latest(access: Sequence[list[Row] | None], told: Sequence[str | None]) -> pd.Series[pd.Timestamp]:
    """Last activity of each account in any product."""
    pairs = [
        (row, entry.get("lastActiveTimestamp")) for row, held in enumerate(access) for entry in held or ()
    ]
    pairs += list(enumerate(told))
    times = iso_times(pd.Series([at for _, at in pairs], dtype="str"))
    latest = times.groupby([row for row, _ in pairs]).max() if pairs else times
    return latest.reindex(range(len(access))).dt.tz_convert("UTC")


def assignments_frame(target: str, columns: Columns, openings: Openings) -> Screened:
    """Groups, platform roles and products held directly."""
    held: list[tuple[str, str, str, str | None]] = []
    rows = zip(
        columns["account_id"], columns["groups"], columns["roles"], _direct(columns, openings), strict=True
    )
    for account_id, groups, roles, direct in rows:
        held += [
            (account_id, EntitlementKind.GROUP.value, bare(g["id"]), g.get("name")) for g in groups or ()
        ]
        held += [
            (account_id, EntitlementKind.ROLE.value, role, role.rpartition("/")[2]) for role in roles or ()
        ]
        held += [(account_id, EntitlementKind.PRODUCT.value, *_product(entry, openings)) for entry in direct]
    ids, kinds, assignments, names = zip(*held, strict=True) if held else ((), (), (), ())
    raw = {
        "target": target,
        "account_id": list(ids),
        "kind": list(kinds),
        "entitlement_id": list(assignments),
        "name": [name or entitlement for name, entitlement in zip(names, assignments, strict=True)],
    }
    return screened(Assignments, raw, origin=target, key="account_id")


def _product(entry: Row, openings: Openings) -> tuple[str, str]:
    resource = resource_of(entry["id"], entry.get("key"))
    return entry["id"], f"{resource.product} on {openings.site(resource.cloud_id)}"


def _direct(columns: Columns, openings: Openings) -> list[list[Row]]:
    """Products of each account that no group opens although the account is told to have them.

    Atlassian lists times of use, of former products too; the count of resources tells whether some
    of those that no group explains are held in fact.
    """
    found = []
    for groups, access, count in zip(columns["groups"], columns["access"], columns["resources"], strict=True):
        opened = {seat[:2] for seat in openings.seats([bare(g["id"]) for g in groups or ()])}
        more = [entry for entry in access or () if resource_of(entry["id"], entry.get("key")) not in opened]
        found.append(more if more and (count is None or count > len(opened)) else [])
    return found


def seats_frame(target: str, columns: Columns, openings: Openings) -> Screened:
    """Seats through groups and direct roles, with their use; only those of active people are billed."""
    seats: list[tuple[str, SeatOf, Row | None, bool]] = []
    paid = [
        status == "active" and KINDS.get(kind) == "person"
        for status, kind in zip(columns["status"], columns["kind"], strict=True)
    ]
    rows = zip(
        columns["account_id"],
        columns["groups"],
        columns["access"],
        _direct(columns, openings),
        paid,
        strict=True,
    )
    for account_id, groups, access, direct, pays in rows:
        used = {resource_of(entry["id"], entry.get("key")): entry for entry in access or ()}
        nothing: Row | None = None if access is None else {}
        given = openings.seats([bare(g["id"]) for g in groups or ()])
        given = given + [
            SeatOf(*resource_of(e["id"], e.get("key")), billable=True, granted_by=None) for e in direct
        ]
        seats += [(account_id, seat, used.get(Resource(*seat[:2]), nothing), pays) for seat in given]
    times = [entry.get("lastActiveTimestamp") if entry else None for _, _, entry, _ in seats]
    raw = {
        "target": target,
        "account_id": [account_id for account_id, _, _, _ in seats],
        "product": [seat.product for _, seat, _, _ in seats],
        "site": [openings.site(seat.cloud_id) for _, seat, _, _ in seats],
        "activity": [_activity(entry) for _, _, entry, _ in seats],
        "last_active": times,
        "billable": [seat.billable and pays for _, seat, _, pays in seats],
        "granted_by": [seat.granted_by for _, seat, _, _ in seats],
    }
    return screened(Seats, raw, origin=target, key="account_id")


def _activity(entry: Row | None) -> str:
    """A product that was never used has no time; where no use is told at all, nothing is known."""
    if entry is None:
        return Activity.UNKNOWN.value
    return (Activity.USED if entry.get("lastActiveTimestamp") else Activity.NEVER).value


def entitlements_frame(target: str, openings: Openings) -> Screened:
    """Every group and product that can be held, and what it opens."""
    rows: list[Row] = []
    for group in openings.groups.values():
        own: Row = {"kind": EntitlementKind.GROUP.value, "entitlement_id": group.group_id, "name": group.name}
        own["modifiable"] = group.modifiable
        rows += [own | _opened(group, opening, openings) for opening in group.opens or (None,)]
    rows += [_role(role) for role in sorted(ADMIN_ROLES & NO_ACCESS_ROLES)]
    rows += [_workspace(space) for space in openings.workspaces]
    fields = [
        "kind",
        "entitlement_id",
        "name",
        "product",
        "site",
        "billable",
        "admin",
        "default",
        "modifiable",
    ]
    raw = {name: [row.get(name) for row in rows] for name in fields}
    return screened(Entitlements, {"target": target, **raw}, origin=target, key="entitlement_id")


def _opened(group: Group, opening: Any, openings: Openings) -> Row:
    if opening is None:
        return {"billable": False, "admin": group.admin, "default": False}
    return {
        "product": opening.resource.product,
        "site": openings.site(opening.resource.cloud_id),
        "billable": opening.billable,
        "admin": opening.admin or group.admin,
        "default": opening.default,
    }


def _role(role: str) -> Row:
    name = role.rpartition("/")[2]
    held = {"kind": EntitlementKind.ROLE.value, "entitlement_id": role, "name": name}
    return held | {"billable": False, "admin": True, "default": False, "modifiable": False}


def _workspace(space: Workspace) -> Row:
    held = {"kind": EntitlementKind.PRODUCT.value, "entitlement_id": space.identifier}
    held |= {"name": f"{space.resource.product} on {space.site}", "product": space.resource.product}
    return held | {"site": space.site, "billable": True, "admin": False, "default": False, "modifiable": True}


def capacity_frame(target: str, openings: Openings) -> Screened:
    """Seats bought, of the products whose number is told."""
    told = [space for space in openings.workspaces if space.capacity is not None]
    raw = pd.DataFrame(
        {
            "target": target,
            "product": [space.resource.product for space in told],
            "site": [space.site for space in told],
            "seats": pd.array([space.capacity for space in told], dtype="Int64"),
        }
    )
    return Screened(complete(Capacity, raw), concat(Rejects, []))
