"""What the SCIM faces tell of themselves: abilities, kinds of resources, schemas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.kit.world import Reply, Request, World
from sandbox.scim.dialect import Dialect
from sandbox.scim.errors import ScimError
from sandbox.scim.list import CAP, USUAL

Resource = dict[str, Any]
_SPC = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_TYPE = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"
_BEARER = {
    "type": "oauthbearertoken",
    "name": "OAuth Bearer Token",
    "description": "Authentication with a bearer token",
}


def config(world: World, dialect: Dialect, request: Request) -> Reply:
    """Tell what the server can do; the option `scim_no_config` makes it tell nothing."""
    if world.options.get("scim_no_config"):
        raise ScimError(404, "This server does not tell what it can do.")
    cap = world.options.get("scim_page_cap") or CAP
    body: Resource = {
        "schemas": [dialect.user if dialect.old else _SPC],
        "documentationUri": f"{world.base}{dialect.prefix}",
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": cap},
        "changePassword": {"supported": False},
        "sort": {"supported": False},
        "etag": {"supported": True},
        "authenticationSchemes": [_BEARER],
    }
    if dialect.old:
        return dialect.reply(
            request, body | {"xmlDataFormat": {"supported": True}}, root="ServiceProviderConfig"
        )
    if world.options.get("scim_cursor"):
        body["pagination"] = {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": USUAL,
            "maxPageSize": cap,
        }
    body["meta"] = _meta(world, dialect, "ServiceProviderConfig", "ServiceProviderConfig")
    return dialect.reply(request, body)


def types(world: World, dialect: Dialect, request: Request) -> Reply:
    """List the kinds of resources."""
    return _listed(dialect, request, _types(world, dialect))


def type_(world: World, dialect: Dialect, request: Request) -> Reply:
    """Return one kind of resource."""
    return _one(dialect, request, _types(world, dialect))


def schemas(world: World, dialect: Dialect, request: Request) -> Reply:
    """List the schemas."""
    return _listed(dialect, request, _schemas(world, dialect))


def schema(world: World, dialect: Dialect, request: Request) -> Reply:
    """Return one schema."""
    return _one(dialect, request, _schemas(world, dialect))


def read_only(_world: World, _dialect: Dialect, _request: Request) -> Reply:
    """Refuse to change what the server tells of itself."""
    raise ScimError(405, "This can only be read.")


def _listed(dialect: Dialect, request: Request, resources: list[Resource]) -> Reply:
    facts = {"totalResults": len(resources), "startIndex": 1, "itemsPerPage": len(resources)}
    return dialect.reply(request, {"schemas": list(dialect.lists), **facts, "Resources": resources})


def _one(dialect: Dialect, request: Request, resources: list[Resource]) -> Reply:
    for resource in resources:
        if resource["id"] == request.params["id"]:
            return dialect.reply(request, resource)
    raise ScimError(404, f"Resource {request.params['id']} not found.")


def _meta(world: World, dialect: Dialect, kind: str, path: str) -> Resource:
    return {"resourceType": kind, "location": f"{world.base}{dialect.prefix}/{path}"}


def _types(world: World, dialect: Dialect) -> list[Resource]:
    extensions = [{"schema": name, "required": False} for name in (dialect.enterprise, dialect.hr)]
    kinds = [("User", dialect.user), ("Group", dialect.group)]
    return [
        {
            "schemas": [dialect.user if dialect.old else _TYPE],
            "id": kind,
            "name": kind,
            "endpoint": f"/{kind}s",
            "schema": name,
            "schemaExtensions": extensions if kind == "User" else [],
            "meta": _meta(world, dialect, "ResourceType", f"ResourceTypes/{kind}"),
        }
        for kind, name in kinds[: 1 if world.options.get("scim_no_groups") else 2]
    ]


def _schemas(world: World, dialect: Dialect) -> list[Resource]:
    told = [
        (f"{dialect.user}:User" if dialect.old else dialect.user, "User", _USER),
        (f"{dialect.group}:Group" if dialect.old else dialect.group, "Group", _GROUP),
        (dialect.enterprise, "EnterpriseUser", _ENTERPRISE),
        (dialect.hr, "AcmeUser", _HR),
    ]
    return [
        {
            "schemas": [dialect.user if dialect.old else _SCHEMA],
            "id": name,
            "name": title,
            "attributes": attributes,
            "meta": _meta(world, dialect, "Schema", f"Schemas/{name}"),
        }
        for name, title, attributes in told
    ]


def _attribute(
    name: str,
    kind: str = "string",
    *,
    multi: bool = False,
    required: bool = False,
    unique: str = "none",
    parts: Iterable[Resource] = (),
) -> Resource:
    told: Resource = {
        "name": name,
        "type": kind,
        "multiValued": multi,
        "description": name,
        "required": required,
        "mutability": "readWrite",
        "returned": "default",
    }
    if kind == "complex":
        return told | {"subAttributes": list(parts)}
    if kind == "reference":
        return told | {"referenceTypes": ["User", "Group"], "caseExact": True}
    return told | ({"caseExact": False, "uniqueness": unique} if kind == "string" else {})


def _many(name: str, *more: Resource) -> Resource:
    parts = [_attribute("value"), _attribute("type"), _attribute("primary", "boolean"), *more]
    return _attribute(name, "complex", multi=True, parts=parts)


_USER = [
    _attribute("userName", required=True, unique="server"),
    _attribute(
        "name",
        "complex",
        parts=[_attribute(n) for n in ("formatted", "givenName", "familyName", "middleName")],
    ),
    *(_attribute(name) for name in ("displayName", "nickName", "title", "userType", "locale", "timezone")),
    _attribute("active", "boolean"),
    _many("emails"),
    _many("phoneNumbers"),
]
_GROUP = [
    _attribute("displayName", required=True),
    _attribute(
        "members",
        "complex",
        multi=True,
        parts=[_attribute("value"), _attribute("type"), _attribute("$ref", "reference")],
    ),
]
_ENTERPRISE = [
    *(_attribute(n) for n in ("employeeNumber", "costCenter", "organization", "division", "department")),
    _attribute("manager", "complex", parts=[_attribute("value"), _attribute("displayName")]),
]
_HR = [_attribute("hireDate"), _attribute("terminationDate"), _attribute("lastLogin", "dateTime")]
