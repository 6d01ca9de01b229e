"""The routes of the login authority and of Microsoft Graph, and what each answers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

import orjson

from sandbox.company.people import ACTIVE, App, Person
from sandbox.entra import rows
from sandbox.entra.auth import TENANT, desk, discover, invalidate, issue, register
from sandbox.entra.batch import Router, batch
from sandbox.entra.delta import delta
from sandbox.entra.ids import number_of
from sandbox.entra.query import Query, Sort, listing, page, read_query, read_select
from sandbox.entra.tree import Unit, above, closure, numbered, units
from sandbox.entra.wire import (
    Operation,
    RefusedError,
    allow,
    bad,
    charge_sign_ins,
    error,
    gate,
    handling,
    missing,
    seal,
)
from sandbox.kit.world import Face, Reply, Request, Route, World

USERS = Sort("users", "microsoft.graph.user", rows.USER, rows.USER_DEFAULT, ("manager",))
GROUPS = Sort("groups", "microsoft.graph.group", rows.GROUP, rows.GROUP_DEFAULT)
# A member may be a user or a group; a property of either may be selected.
MEMBERS = Sort(
    "directoryObjects", "microsoft.graph.directoryObject", rows.GROUP | rows.USER, rows.USER_DEFAULT
)
PRINCIPALS = Sort(
    "servicePrincipals", "microsoft.graph.servicePrincipal", rows.PRINCIPAL, rows.PRINCIPAL_DEFAULT
)
ASSIGNMENTS = Sort("appRoleAssignments", "microsoft.graph.appRoleAssignment", {}, ())
CHANGED_USERS = Sort("users", USERS.type, rows.USER | {"manager": lambda _w, _p: None}, rows.USER_DEFAULT)
CHANGED_GROUPS = Sort(
    "groups", GROUPS.type, rows.GROUP | {"members": lambda _w, _u: None}, (*rows.GROUP_DEFAULT, "members")
)
USER_ROLES = ("User.Read.All", "Directory.Read.All")
GROUP_ROLES = ("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
APP_ROLES = ("Application.Read.All", "Directory.Read.All")
NO_LICENCE = (
    "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    "Neither tenant is B2C or tenant doesn't have premium license",
)
# Members of a group that are groups come after those that are users.
GROUPS_FROM = 10**13


# Users


def list_users(world: World, request: Request) -> Reply:
    """List the users that are not deleted."""
    people = world.company.people
    query = _user_query(world, request)
    among: Iterable[int] = people
    if query.ids is not None:
        numbers = (number_of("user", key) for key in query.ids)
        among = {number for number in numbers if number in people}
    present = [number for number in among if people[number].present]
    return _users(world, request, query, present, "users")


def list_deleted_users(world: World, request: Request) -> Reply:
    """List the users that were deleted within the last 30 days."""
    people = world.company.people
    query = _user_query(world, request)
    gone = [number for number, person in people.items() if rows.soft_deleted(world, person)]
    return _users(world, request, query, gone, "directory/deletedItems/microsoft.graph.user")


def _users(world: World, request: Request, query: Query, numbers: list[int], context: str) -> Reply:
    people = world.company.people
    return page(
        world,
        request,
        sorted(numbers),
        query,
        lambda number: rows.user_bytes(world, people[number], query.names, manager=query.manager),
        context=f"{context}({','.join(query.names)})" if request.get("$select") else context,
        thing=people.__getitem__,
    )


def _user_query(world: World, request: Request) -> Query:
    """Read a query of users; some properties need more than the others."""
    query = read_query(request, USERS)
    _guard(world, request, query.names)
    if query.sign_ins and "signInActivity" not in query.names:
        _guard(world, request, ("signInActivity",))
    return query


def _guard(world: World, request: Request, names: tuple[str, ...]) -> None:
    if "employeeLeaveDateTime" in names:
        allow(request, "User-LifeCycleInfo.Read.All")
    if "signInActivity" in names:
        allow(request, "AuditLog.Read.All")
        if not world.options.get("entra_premium", True):
            raise RefusedError(403, *NO_LICENCE)
        charge_sign_ins(world)


def read_user(world: World, request: Request) -> Reply:
    """Return one user, by identifier or principal name."""
    key = request.params["id"]
    names = read_select(request, USERS)
    _guard(world, request, names)
    number = number_of("user", key)
    if number is None and "signInActivity" in names:
        raise bad("Sign-in activity is read by the object identifier.", "BadRequest")
    try:
        person = world.company.find(key if number is None else number)
    except LookupError:
        raise missing(key) from None
    if not person.present:
        raise missing(key)
    manager = (request.get("$expand") or "").startswith("manager")
    return Reply(200, rows.user_bytes(world, person, names, manager=manager))


def list_changed_users(world: World, request: Request) -> Reply:
    """Tell which users changed."""
    _guard(world, request, read_select(request, CHANGED_USERS))
    return delta(world, request, CHANGED_USERS)


def list_groups_of_user(world: World, request: Request) -> Reply:
    """List the groups a user is a direct member of."""
    return _members(world, request, {}, tuple(sorted(_person(world, request).groups)))


def list_reports(world: World, request: Request) -> Reply:
    """List the users whose manager somebody is."""
    boss = _person(world, request).number
    reports = [n for n, p in world.company.people.items() if p.manager == boss and p.present]
    return _members(world, request, dict.fromkeys(reports), ())


def _person(world: World, request: Request) -> Person:
    number = number_of("user", request.params["id"])
    person = world.company.people.get(-1 if number is None else number)
    if person is None or not person.present:
        raise missing(request.params["id"])
    return person


# Groups


def list_groups(world: World, request: Request) -> Reply:
    """List the groups, those of the company and those around them."""
    query = read_query(request, GROUPS)
    by_number = numbered(world)
    return page(
        world,
        request,
        sorted(by_number),
        query,
        lambda number: rows.group_bytes(world, by_number[number], query.names),
        context="groups",
        thing=by_number.__getitem__,
    )


def _unit(world: World, request: Request) -> Unit:
    number = number_of("group", request.params["id"])
    unit = numbered(world).get(-1 if number is None else number)
    if unit is None:
        raise missing(request.params["id"])
    return unit


def read_group(world: World, request: Request) -> Reply:
    """Return one group."""
    return Reply(200, rows.group_bytes(world, _unit(world, request), read_select(request, GROUPS)))


def list_members(world: World, request: Request) -> Reply:
    """List the members of a group: users, then groups."""
    unit = _unit(world, request)
    return _members(world, request, unit.people, unit.groups)


def list_transitive_members(world: World, request: Request) -> Reply:
    """List everyone and every group below a group; after a last page that is full comes one that fails."""
    people, groups = closure(world, _unit(world, request))
    return _members(world, request, people, tuple(groups), overruns=True)


def list_groups_around(world: World, request: Request) -> Reply:
    """List every group that holds a group."""
    return _members(world, request, {}, tuple(above(world, _unit(world, request))))


def _members(
    world: World,
    request: Request,
    numbers: dict[int, None],
    names: tuple[str, ...],
    *,
    overruns: bool = False,
) -> Reply:
    query = read_query(request, MEMBERS)
    people, every = world.company.people, units(world)
    inner = {GROUPS_FROM + every[name].number: every[name] for name in names}
    wanted = request.params.get("cast", "").removeprefix("microsoft.graph.")
    keys = sorted(numbers) if wanted in ("", "user") else []
    keys += sorted(inner) if wanted in ("", "group") else []

    def row(key: int) -> bytes:
        if key < GROUPS_FROM:
            names = tuple(name for name in query.names if name in rows.USER)
            return rows.user_bytes(world, people[key], names, typed=True)
        names = tuple(name for name in query.names if name in rows.GROUP)
        return rows.group_bytes(world, inner[key], names, typed=True)

    return page(world, request, keys, query, row, context=MEMBERS.context, overruns=overruns)


# Enterprise applications


def list_principals(world: World, request: Request) -> Reply:
    """List the enterprise applications."""
    query = read_query(request, PRINCIPALS)
    by_number = {app.number: app for app in world.company.apps}
    return page(
        world,
        request,
        sorted(by_number),
        query,
        lambda number: orjson.dumps(rows.properties(world, by_number[number], rows.PRINCIPAL, query.names)),
        context=PRINCIPALS.context,
        thing=by_number.__getitem__,
    )


def list_assigned(world: World, request: Request) -> Reply:
    """List who is assigned to an application; without `$top` what is beyond the first page is dropped."""
    number = number_of("principal", request.params["id"])
    app = next((app for app in world.company.apps if app.number == number), None)
    if app is None:
        raise missing(request.params["id"])
    query = read_query(request, ASSIGNMENTS)
    assigned = _assigned(world, app)
    return page(
        world,
        request,
        range(len(assigned) if request.get("$top") else min(len(assigned), query.top)),
        query,
        lambda key: orjson.dumps(rows.assignment(app, assigned[key], key)),
        context=ASSIGNMENTS.context,
    )


def _assigned(world: World, app: App) -> list[Person | Unit]:
    """Return the groups an application is assigned to, and for Atlassian a few people besides."""
    every = units(world)
    groups: list[Person | Unit] = [every[name] for name in app.groups]
    people = world.company.people.values() if app.name == "atlassian" else ()
    return groups + [p for p in people if p.state == ACTIVE and p.number % 50 == 7]


# The tenant


def read_organization(_world: World, request: Request) -> Reply:
    """Return the tenant."""
    row = {
        "id": TENANT,
        "displayName": "Acme",
        "verifiedDomains": [{"name": "acme.test", "isDefault": True, "isInitial": False, "type": "Managed"}],
    }
    return listing(request, "organization", [orjson.dumps(row)], None)


def expire_pages(world: World, _request: Request) -> Reply:
    """Make every page token invalid that is under way."""
    desk(world).pages += 1
    return Reply(204)


def tell(_world: World) -> dict[str, Any]:
    """Tell the tenant."""
    return {"tenant": TENANT}


OPERATIONS = tuple(
    Operation(path, handler, cost, roles)
    for path, handler, cost, roles in (
        ("/users", list_users, 2, USER_ROLES),
        ("/users/delta", list_changed_users, 2, USER_ROLES),
        ("/users/{id}", read_user, 1, USER_ROLES),
        ("/users/{id}/memberOf", list_groups_of_user, 1, USER_ROLES),
        ("/users/{id}/directReports", list_reports, 1, USER_ROLES),
        ("/groups", list_groups, 1, GROUP_ROLES),
        ("/groups/delta", partial(delta, sort=CHANGED_GROUPS), 2, GROUP_ROLES),
        ("/groups/{id}", read_group, 1, GROUP_ROLES),
        ("/groups/{id}/members", list_members, 3, GROUP_ROLES),
        ("/groups/{id}/members/{cast}", list_members, 3, GROUP_ROLES),
        ("/groups/{id}/transitiveMembers", list_transitive_members, 5, GROUP_ROLES),
        ("/groups/{id}/transitiveMembers/{cast}", list_transitive_members, 5, GROUP_ROLES),
        ("/groups/{id}/transitiveMemberOf", list_groups_around, 1, GROUP_ROLES),
        ("/directory/deletedItems/microsoft.graph.user", list_deleted_users, 1, USER_ROLES),
        ("/servicePrincipals", list_principals, 1, APP_ROLES),
        ("/servicePrincipals/{id}/appRoleAssignedTo", list_assigned, 1, APP_ROLES),
        ("/organization", read_organization, 1, (*USER_ROLES, *GROUP_ROLES, *APP_ROLES)),
    )
)

FACE = Face(
    name="entra",
    prefix="/entra",
    routes=(
        Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", discover),
        Route("POST", "/{tenant}/oauth2/v2.0/token", issue, reads=True),
        Route("POST", "/v1.0/$batch", partial(batch, router=Router(OPERATIONS)), reads=True),
        *(Route("GET", f"/v1.0{operation.path}", handling(operation)) for operation in OPERATIONS),
    ),
    gate=gate,
    seal=seal,
    error=error,
    expire=invalidate,
    tell=tell,
    admin=(Route("POST", "/client", register), Route("POST", "/expire_pages", expire_pages)),
)
