"""What the service says it can do: only what identity providers use of it."""

from __future__ import annotations

from functools import cache
from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    EnterpriseUser,
    ETag,
    Filter,
    Group,
    Patch,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
    User,
)

from receive.answers import Answer
from receive.call import MOST_ROWS, Call
from receive.refusals import Refusal

_OKTA = "urn:okta:schemas:scim:providerconfig:1.0"
_OKTA_ABILITIES = [
    "GROUP_PUSH",
    "IMPORT_NEW_USERS",
    "IMPORT_PROFILE_UPDATES",
    "PUSH_NEW_USERS",
    "PUSH_PENDING_USERS",
    "PUSH_PROFILE_UPDATES",
    "PUSH_USER_DEACTIVATION",
    "REACTIVATE_USERS",
]


def config(call: Call) -> Answer:
    """GET /ServiceProviderConfig, and its plural of SCIM 1.1 with what Okta's agent asks for."""
    if call.old:
        return Answer(200, _old_config())
    return Answer(200, {**_config(), "meta": _about(call, "ServiceProviderConfig", "")})


def schemas(call: Call) -> Answer:
    """GET /Schemas."""
    rows = [{**one, "meta": _about(call, "Schema", one["id"])} for one in _schemas()]
    return Answer(200, call.listed(len(rows), 0, rows))


def schema(call: Call, identifier: str) -> Answer:
    """GET /Schemas/{id}."""
    return _one(schemas(call), identifier)


def resource_types(call: Call) -> Answer:
    """GET /ResourceTypes."""
    rows = [{**one, "meta": _about(call, "ResourceType", one["id"])} for one in _resource_types()]
    return Answer(200, call.listed(len(rows), 0, rows))


def resource_type(call: Call, identifier: str) -> Answer:
    """GET /ResourceTypes/{id}."""
    return _one(resource_types(call), identifier)


def _one(listed: Answer, identifier: str) -> Answer:
    assert listed.body is not None
    found = [row for row in listed.body["Resources"] if row["id"].lower() == identifier.lower()]
    if not found:
        raise Refusal(404, "There is no such document; see the list.")
    return Answer(200, found[0])


def _about(call: Call, kind: str, identifier: str) -> dict[str, str]:
    path = {"ServiceProviderConfig": kind}.get(kind, f"{kind}s/{identifier}")
    return {"resourceType": kind, "location": f"{call.base}/{path}"}


@cache
def _config() -> dict[str, Any]:
    scheme = AuthenticationScheme(
        type="oauthbearertoken",
        name="Bearer token",
        description="The token that `seatwise receive token new` shows once.",
        primary=True,
    )
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=MOST_ROWS),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[scheme],
    ).model_dump()


@cache
def _old_config() -> dict[str, Any]:
    no = {"supported": False}
    return {
        "schemas": ["urn:scim:schemas:core:1.0", _OKTA],
        "patch": {"supported": True},
        "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": MOST_ROWS},
        "changePassword": no,
        "sort": no,
        "etag": {"supported": True},
        "xmlDataFormat": no,
        "authenticationSchemes": [
            {"name": "Bearer token", "type": "oauthbearertoken", "description": "The connection's token."}
        ],
        _OKTA: {"userManagementCapabilities": _OKTA_ABILITIES},
    }


@cache
def _schemas() -> list[dict[str, Any]]:
    made: list[Schema] = [model.to_schema() for model in (User, EnterpriseUser, Group)]
    told = [one.model_dump() for one in made]
    members = next(one for one in told[-1]["attributes"] if one["name"] == "members")
    # Of a member the identifier is kept and no name, which would be of another day.
    members["subAttributes"] = [one for one in members["subAttributes"] if one["name"] != "display"]
    return told


@cache
def _resource_types() -> list[dict[str, Any]]:
    return [ResourceType.from_resource(model).model_dump() for model in (User[EnterpriseUser], Group)]
