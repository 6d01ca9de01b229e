"""What the provisioning directory says of itself, and how it answers at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from sandbox.atlassian_scim.rows import ATLASSIAN, CORE, ENTERPRISE, LIST, WRITABLE
from sandbox.atlassian_scim.state import DIRECTORY, ScimError
from sandbox.kit.world import Reply, Request, World, json_reply

HOME = "/atlassian/scim/directory"
PAGE = 100


def scim(value: Any, status: int = 200) -> Reply:
    reply = json_reply(value, status)
    reply.kind = "application/scim+json"
    return reply


def listed(request: Request, found: Iterable[Any], row: Callable[[Any], dict[str, Any]]) -> Reply:
    """One page; `itemsPerPage` says how many really came, whatever was asked."""
    rows = list(found)
    start = max(1, _number(request, "startIndex", 1))
    size = min(PAGE, max(0, _number(request, "count", PAGE)))
    page = rows[start - 1 : start - 1 + size]
    return scim(
        {
            "schemas": [LIST],
            "totalResults": len(rows),
            "startIndex": start,
            "itemsPerPage": len(page),
            "Resources": [row(one) for one in page],
        }
    )


def _number(request: Request, name: str, usual: int) -> int:
    text = request.get(name)
    if text is None:
        return usual
    if not re.fullmatch(r"-?\d+", text):
        raise ScimError(400, "invalidValue", f"{name} must be a number.")
    return int(text)


def configuration(_world: World, _request: Request) -> Reply:
    yes, no = {"supported": True}, {"supported": False}
    scheme = {"type": "oauthbearertoken", "name": "API key", "description": "The key of the directory"}
    return scim(
        {
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": yes,
            "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0},
            "filter": {**yes, "maxResults": PAGE},
            "changePassword": no,
            "sort": no,
            "etag": no,
            "authenticationSchemes": [scheme],
        }
    )


def _attribute(name: str, kind: str, **more: Any) -> dict[str, Any]:
    several = kind == "list"
    row = {"name": name, "type": "complex" if several else kind, "multiValued": several, "required": False}
    row |= {"description": name, "caseExact": False, "mutability": "readWrite", "returned": "default"}
    if several:
        parts = ("value", "type", "display", "$ref")
        row["subAttributes"] = [
            *(_attribute(part, "string") for part in parts),
            _attribute("primary", "boolean"),
        ]
    return {**row, "uniqueness": "none", **more}


_NAME = [_attribute(name, "string") for name in ("formatted", "familyName", "givenName", "middleName")]
_SCHEMAS = {
    f"{CORE}User": [
        _attribute(name, kind, **({"subAttributes": _NAME} if name == "name" else {}))
        for name, kind in (*WRITABLE.items(), ("groups", "list"))
    ],
    f"{CORE}Group": [_attribute("displayName", "string"), _attribute("members", "list")],
    ENTERPRISE: [_attribute("department", "string"), _attribute("organization", "string")],
    ATLASSIAN: [_attribute("atlassianAccountId", "string", mutability="readOnly")],
}


def _schema(request: Request, key: str) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": key,
        "name": key.rpartition(":")[2],
        "attributes": _SCHEMAS[key],
        "meta": {"resourceType": "Schema", "location": f"{request.base}{HOME}/{DIRECTORY}/Schemas/{key}"},
    }


def schemas(_world: World, request: Request) -> Reply:
    return listed(request, _SCHEMAS, lambda key: _schema(request, key))


def schema(_world: World, request: Request) -> Reply:
    if request.params["key"] not in _SCHEMAS:
        raise ScimError(404, None, "No such schema.")
    return scim(_schema(request, request.params["key"]))


def _resource_type(request: Request, name: str) -> dict[str, Any]:
    extensions = [ENTERPRISE, ATLASSIAN] if name == "User" else []
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": name,
        "name": name,
        "endpoint": f"/{name}s",
        "schema": f"{CORE}{name}",
        "schemaExtensions": [{"schema": key, "required": False} for key in extensions],
        "meta": {
            "resourceType": "ResourceType",
            "location": f"{request.base}{HOME}/{DIRECTORY}/ResourceTypes/{name}",
        },
    }


def resource_types(_world: World, request: Request) -> Reply:
    return listed(request, ("User", "Group"), lambda name: _resource_type(request, name))


def resource_type(_world: World, request: Request) -> Reply:
    if request.params["key"] not in ("User", "Group"):
        raise ScimError(404, None, "No such resource type.")
    return scim(_resource_type(request, request.params["key"]))
