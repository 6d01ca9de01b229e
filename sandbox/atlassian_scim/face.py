"""The routes of the provisioning directory, and what each answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sandbox.atlassian_scim.about import (
    HOME,
    configuration,
    listed,
    resource_type,
    resource_types,
    schema,
    schemas,
    scim,
)
from sandbox.atlassian_scim.rows import group_row, operations, patched, trimmed, user_data, user_row
from sandbox.atlassian_scim.start import founded
from sandbox.atlassian_scim.state import DIRECTORY, MEMBERS, USERS, Directory, Record, ScimError, ScimGroup
from sandbox.kit.cloud_wire import organisation
from sandbox.kit.world import Face, Reply, Request, Route, World, json_reply

SCIM_KEY = "sandbox-scim-key"
_EQUAL = re.compile(r'\s*(\w+)\s+eq\s+"((?:[^"\\]|\\.)*)"\s*', re.IGNORECASE)
_MEMBER = re.compile(r'members\[value eq "([^"]+)"\]', re.IGNORECASE)


def directory(world: World) -> Directory:
    """The directory as it is now, founded on first use."""
    org = organisation(world)
    found: Directory = world.hold("atlassian_scim", lambda _company: founded(org))
    options = world.options
    found.lag, found.locks = float(options.get("scim_lag", 0.0)), bool(options.get("scim_locks", False))
    found.users, found.members = options.get("scim_users", USERS), options.get("scim_members", MEMBERS)
    return found


# Errors, keys


def refuse(status: int, keyword: str | None, detail: str) -> Reply:
    """An error of the directory."""
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status)}
    more = {"scimType": keyword} if keyword else {}
    return scim({**body, **more, "detail": detail}, status)


def error(_world: World, request: Request, status: int) -> Reply:
    """Any status: refused keys are told by the gateway, the rest by the directory."""
    if status in (401, 403):
        trace = uuid5(NAMESPACE_URL, f"{request.method} {request.path} {status}").hex
        words = "Missing authorization header." if status == 401 else "You are not authorized."
        return json_reply({"error": words, "traceId": trace}, status)
    return refuse(status, None, f"simulated {status}")


def gate(world: World, request: Request) -> Reply | None:
    """Check the key, the subscription and the directory."""
    if request.headers.get("authorization") != f"Bearer {SCIM_KEY}":
        return error(world, request, 401)
    if not world.options.get("scim_guard", True):
        return error(world, request, 403)
    if not request.path.startswith(f"{HOME}/{DIRECTORY}/"):
        return refuse(404, None, "The directory does not exist.")
    return None


def _careful(handler: Callable[[World, Request], Reply]) -> Callable[[World, Request], Reply]:
    def answer(world: World, request: Request) -> Reply:
        try:
            return handler(world, request)
        except ScimError as no:
            return refuse(no.status, no.keyword, no.detail)

    return answer


# Lists


def _filter(request: Request, known: tuple[str, ...]) -> tuple[str, str] | None:
    """The one `eq` of a filter: attribute and value."""
    text = request.get("filter")
    if not text:
        return None
    found = _EQUAL.fullmatch(text)
    names = {name.lower(): name for name in known}
    if found is None or found[1].lower() not in names:
        raise ScimError(400, "invalidFilter", f"Only one eq on {' or '.join(known)} is supported: {text}")
    return names[found[1].lower()], found[2].replace('\\"', '"')


def list_users(world: World, request: Request) -> Reply:
    here = directory(world)
    records: Collection[Record] = here.records.values()
    asked = _filter(request, ("userName", "externalId"))
    if asked and asked[0] == "userName":
        found = here.by_user_name.get(asked[1].lower())
        records = [found] if found else []
    elif asked:
        records = [r for r in records if r.data.get("externalId") == asked[1]]
    return listed(request, records, lambda r: _user(world, request, r))


def list_groups(world: World, request: Request) -> Reply:
    here = directory(world)
    groups: Collection[ScimGroup] = here.groups.values()
    if asked := _filter(request, ("displayName",)):
        found = here.by_name.get(asked[1].lower())
        groups = [found] if found else []
    hidden = _hidden(world)
    return listed(request, groups, lambda g: trimmed(group_row(here, request.base, g), None, hidden))


def _hidden(world: World) -> str:
    """Attributes that need not be shown, and that the option `scim_hides` leaves out."""
    return ",".join(world.options.get("scim_hides") or ())


# Users


def _user(world: World, request: Request, record: Any) -> dict[str, Any]:
    row = trimmed(user_row(directory(world), request.base, record), None, _hidden(world))
    return trimmed(row, request.get("attributes"), request.get("excludedAttributes"))


def _body(request: Request) -> dict[str, Any]:
    body = request.json()
    if not isinstance(body, dict):
        raise ScimError(400, "invalidSyntax", "An object is expected.")
    return body


def read_user(world: World, request: Request) -> Reply:
    here = directory(world)
    return scim(_user(world, request, here.record(request.params["userId"])))


def create_user(world: World, request: Request) -> Reply:
    here, body = directory(world), _body(request)
    if not body.get("schemas"):
        raise ScimError(400, "invalidValue", "schemas is required.")
    return scim(_user(world, request, here.create(user_data(body))), 201)


def replace_user(world: World, request: Request) -> Reply:
    """Set a whole user: what is left out is cleared."""
    here = directory(world)
    record = here.record(request.params["userId"])
    here.change(record, user_data(_body(request)))
    return scim(_user(world, request, record))


def patch_user(world: World, request: Request) -> Reply:
    here = directory(world)
    record = here.record(request.params["userId"])
    here.change(record, patched(record.data, operations(request.json())))
    return scim(_user(world, request, record))


def delete_user(world: World, request: Request) -> Reply:
    here = directory(world)
    here.delete(here.record(request.params["userId"]))
    return Reply(204)


# Groups


def read_group(world: World, request: Request) -> Reply:
    here = directory(world)
    return scim(group_row(here, request.base, here.group(request.params["id"])))


def create_group(world: World, request: Request) -> Reply:
    here, body = directory(world), _body(request)
    group = here.create_group(str(body.get("displayName") or ""), body.get("externalId"))
    here.join(group, [str(m.get("value")) for m in body.get("members") or ()], missing=400)
    return scim(group_row(here, request.base, group), 201)


def replace_group(world: World, request: Request) -> Reply:
    here, body = directory(world), _body(request)
    group = here.group(request.params["id"])
    _same_name(group, body.get("displayName", group.name))
    _set_members(here, group, body.get("members") or [], missing=400)
    return scim(group_row(here, request.base, group))


def patch_group(world: World, request: Request) -> Reply:
    """Add and remove members, several at once; a group keeps its name."""
    here = directory(world)
    group = here.group(request.params["id"])
    for operation in operations(request.json()):
        _change_group(here, group, **operation)
    return scim(group_row(here, request.base, group))


def _change_group(here: Directory, group: ScimGroup, *, op: str, path: str = "", value: Any = None) -> None:
    if not path and isinstance(value, dict):
        if "displayName" in value:
            _same_name(group, value["displayName"])
        path, value = "members", value.get("members", [])
    if path.lower() == "displayname":
        _same_name(group, value)
    elif one := _MEMBER.fullmatch(path):
        here.leave(group, [one[1]])
    elif path.lower() != "members":
        raise ScimError(400, "invalidPath", f"{path} is not an attribute that can be changed.")
    elif op == "remove":
        here.leave(group, _values(value) if value else list(group.members))
    elif op == "add":
        here.join(group, _values(value))
    else:
        _set_members(here, group, value or [], missing=404)


def _values(value: Any) -> list[str]:
    members = value if isinstance(value, list) else [value]
    if not all(isinstance(m, dict) and m.get("value") for m in members):
        raise ScimError(400, "invalidValue", "A member is an object with a value.")
    return [str(m["value"]) for m in members]


def _set_members(here: Directory, group: ScimGroup, members: list[Any], *, missing: int) -> None:
    wanted = _values(members)
    here.join(group, wanted, missing=missing)
    here.leave(group, set(group.members) - set(wanted))


def _same_name(group: ScimGroup, name: Any) -> None:
    if name != group.name:
        raise ScimError(400, "mutability", "A group that was synced cannot be renamed.")


def delete_group(world: World, request: Request) -> Reply:
    here = directory(world)
    here.delete_group(here.group(request.params["id"]))
    return Reply(204)


def _tell(world: World) -> dict[str, Any]:
    """Numbers of the directory, where it was used."""
    held = world.held.get("atlassian_scim")
    return {"directory": DIRECTORY, "key": SCIM_KEY} | (
        {"users": len(held.records), "groups": {g.name: len(g.members) for g in held.groups.values()}}
        if held
        else {}
    )


_OPERATIONS = (
    ("GET", "Users", list_users),
    ("POST", "Users", create_user),
    ("GET", "Users/{userId}", read_user),
    ("PUT", "Users/{userId}", replace_user),
    ("PATCH", "Users/{userId}", patch_user),
    ("DELETE", "Users/{userId}", delete_user),
    ("GET", "Groups", list_groups),
    ("POST", "Groups", create_group),
    ("GET", "Groups/{id}", read_group),
    ("PUT", "Groups/{id}", replace_group),
    ("PATCH", "Groups/{id}", patch_group),
    ("DELETE", "Groups/{id}", delete_group),
    ("GET", "ServiceProviderConfig", configuration),
    ("GET", "Schemas", schemas),
    ("GET", "Schemas/{key}", schema),
    ("GET", "ResourceTypes", resource_types),
    ("GET", "ResourceTypes/{key}", resource_type),
)

FACE = Face(
    name="atlassian_scim",
    prefix=HOME,
    routes=tuple(
        Route(method, f"/{{directoryId}}/{path}", _careful(handler)) for method, path, handler in _OPERATIONS
    ),
    gate=gate,
    error=error,
    tell=_tell,
)
