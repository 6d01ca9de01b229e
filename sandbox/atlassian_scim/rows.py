"""Users and groups as SCIM resources, and how a PATCH changes them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from sandbox.atlassian_scim.state import DIRECTORY, Directory, Record, ScimError, ScimGroup

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ATLASSIAN = "urn:scim:schemas:extension:atlassian-external:1.0"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
WRITABLE = {
    "externalId": "string",
    "userName": "string",
    "name": "complex",
    "displayName": "string",
    "nickName": "string",
    "title": "string",
    "preferredLanguage": "string",
    "department": "string",
    "organization": "string",
    "timezone": "string",
    "emails": "list",
    "phoneNumbers": "list",
    "active": "boolean",
}
NAMES = ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
_KEPT = {name.lower(): name for name in WRITABLE}
_EXTENDED = ("department", "organization")
_READ_ONLY = ("id", "meta", "groups", "schemas", ATLASSIAN.lower())
_SELECTED = re.compile(r'(\w+)\[(\w+) eq "?([^"\]]*)"?\](?:\.(\w+))?', re.IGNORECASE)


def address(base: str, what: str, key: str) -> str:
    return f"{base}/atlassian/scim/directory/{DIRECTORY}/{what}/{key}"


def _meta(base: str, what: str, key: str, created: datetime, modified: datetime) -> dict[str, Any]:
    first, last = (at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for at in (created, modified))
    return {
        "resourceType": what.removesuffix("s"),
        "location": address(base, what, key),
        "created": first,
        "lastModified": last,
    }


def user_row(directory: Directory, base: str, record: Record) -> dict[str, Any]:
    """A user; the account is told once it is linked."""
    groups = [directory.groups[key] for key in sorted(record.groups)]
    extension = {name: record.data[name] for name in _EXTENDED if record.data.get(name)}
    row = {
        "schemas": [f"{CORE}User", ENTERPRISE],
        "id": record.scim_id,
        **record.data,
        "groups": [
            {
                "type": "Group",
                "value": group.scim_id,
                "display": group.name,
                "$ref": address(base, "Groups", group.scim_id),
            }
            for group in groups
        ],
        ENTERPRISE: extension,
        "meta": _meta(base, "Users", record.scim_id, record.created, record.modified),
    }
    if record.account_id:
        row["schemas"].append(ATLASSIAN)
        row[ATLASSIAN] = {"atlassianAccountId": record.account_id}
    return row


def group_row(directory: Directory, base: str, group: ScimGroup) -> dict[str, Any]:
    """A group with its members."""
    row: dict[str, Any] = {"schemas": [f"{CORE}Group"], "id": group.scim_id, "displayName": group.name}
    if group.external_id:
        row["externalId"] = group.external_id
    row["members"] = [
        {
            "type": "User",
            "value": key,
            "display": directory.records[key].data["userName"],
            "$ref": address(base, "Users", key),
        }
        for key in group.members
    ]
    return row | {"meta": _meta(base, "Groups", group.scim_id, group.created, group.modified)}


def trimmed(row: dict[str, Any], wanted: str | None, unwanted: str | None) -> dict[str, Any]:
    """A resource with the attributes that are asked for; identifier and schemas always stay."""
    always = {"id", "schemas"}
    if wanted:
        keep = {name.strip().partition(".")[0].lower() for name in wanted.split(",")} | always
        return {k: v for k, v in row.items() if k.lower() in keep}
    drop = {name.strip().lower() for name in (unwanted or "").split(",")} - always
    return {k: v for k, v in row.items() if k.lower() not in drop}


# Users as they are sent


def user_data(body: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a body that are kept; the extension's stand beside the others."""
    data = {_KEPT[k.lower()]: deepcopy(v) for k, v in body.items() if k.lower() in _KEPT and v is not None}
    extension = body.get(ENTERPRISE) or {}
    data |= {name: extension[name] for name in _EXTENDED if extension.get(name)}
    data.setdefault("active", True)
    return data


def patched(data: Mapping[str, Any], operations: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """A user's attributes after the operations of a PATCH, all of them or none."""
    made: dict[str, Any] = deepcopy(dict(data))
    for operation in operations:
        op, path, value = operation["op"], operation.get("path"), operation.get("value")
        if path is None:
            if not isinstance(value, dict):
                raise ScimError(400, "invalidValue", "An operation without a path needs an object.")
            for name, part in value.items():
                parts = part.items() if name.lower() == ENTERPRISE.lower() else ((name, part),)
                for inner, one in parts:
                    _set(made, inner, one, op)
        else:
            _refuse_bare(path)
            _set(made, path, value, op)
    return made


def _refuse_bare(path: str) -> None:
    """Refuse a path that leaves out the schema of an attribute of the enterprise extension."""
    if path.lower() in _EXTENDED:
        raise ScimError(400, "invalidPath", f"{path} is not an attribute; there is {ENTERPRISE}:{path}.")


def operations(body: Any) -> Iterator[dict[str, Any]]:
    """The operations of a PATCH, under either spelling of their name."""
    found = body.get("Operations", body.get("operations")) if isinstance(body, dict) else None
    if not isinstance(found, list) or not found:
        raise ScimError(400, "invalidSyntax", "Operations are required.")
    for operation in found:
        op = str(operation.get("op", "")).lower()
        if op not in ("add", "replace", "remove"):
            raise ScimError(400, "invalidSyntax", f"{operation.get('op')} is not an operation.")
        yield {**operation, "op": op}


def _set(data: dict[str, Any], path: str, value: Any, op: str) -> None:
    """Make one change at one place."""
    if path.lower().startswith(ENTERPRISE.lower() + ":"):
        path = path[len(ENTERPRISE) + 1 :]
    if path.lower() in _READ_ONLY:
        raise ScimError(400, "mutability", f"{path} is read-only.")
    if selected := _SELECTED.fullmatch(path):
        _set_one(data, selected, value, op)
        return
    name, _, inner = path.partition(".")
    kept = _KEPT.get(name.lower())
    if kept is None or (inner and kept != "name"):
        raise ScimError(400, "invalidPath", f"{path} is not an attribute.")
    if inner:
        data.setdefault("name", {})
        data, kept = data["name"], next((n for n in NAMES if n.lower() == inner.lower()), inner)
    if op == "remove":
        data.pop(kept, None)
    else:
        data[kept] = _truth(value) if kept == "active" else value


def _set_one(data: dict[str, Any], selected: re.Match[str], value: Any, op: str) -> None:
    """Change the values of a list that an `eq` picks; where it picks none, one is added."""
    listed, key, wanted, inner = selected.groups()
    kept = _KEPT.get(listed.lower())
    if kept is None or WRITABLE[kept] != "list":
        raise ScimError(400, "invalidPath", f"{selected.string} is not an attribute.")
    rows = data.setdefault(kept, [])
    hit = [row for row in rows if str(row.get(key)).lower() == wanted.lower()]
    if op == "remove":
        data[kept] = [row for row in rows if row not in hit]
        return
    if not hit:
        hit = [{key: wanted}]
        rows += hit
    for row in hit:
        row.update({inner: value} if inner else value)


def _truth(value: Any) -> Any:
    """Some clients send booleans as texts."""
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value
