"""The schema of Okta's user profiles."""

from __future__ import annotations

from typing import Any

from sandbox.kit.world import World
from sandbox.okta.rows import stamp

BASE = tuple(
    """
    login firstName lastName middleName honorificPrefix honorificSuffix email title displayName nickName
    profileUrl secondEmail mobilePhone primaryPhone streetAddress city state zipCode countryCode
    postalAddress preferredLanguage locale timezone userType employeeNumber costCenter organization
    division department managerId manager
    """.split()  # noqa: SIM905 - thirty-one quoted names would say less
)
CUSTOM = ("hireDate", "terminationDate")


def user_schema(world: World) -> dict[str, Any]:
    """Return the JSON schema of user profiles: base attributes and our two custom ones."""
    here = f"{world.base}/okta/api/v1/meta/schemas/user/default"
    return {
        "id": here,
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": "user",
        "title": "User",
        "type": "object",
        "created": stamp(world.company.founded),
        "lastUpdated": stamp(world.company.founded),
        "definitions": {
            "base": {
                "id": "#base",
                "type": "object",
                "properties": {name: _attribute(name) for name in BASE},
                "required": ["login", "firstName", "lastName", "email"],
            },
            "custom": {
                "id": "#custom",
                "type": "object",
                "properties": {name: _attribute(name) for name in CUSTOM},
                "required": [],
            },
        },
        "properties": {
            "profile": {"allOf": [{"$ref": "#/definitions/base"}, {"$ref": "#/definitions/custom"}]}
        },
        "_links": {"self": {"href": here, "method": "GET", "rel": "self"}},
    }


def _attribute(name: str) -> dict[str, Any]:
    words = "".join(f" {c}" if c.isupper() else c for c in name)
    return {
        "title": words[0].upper() + words[1:],
        "type": "string",
        "mutability": "READ_WRITE",
        "scope": "NONE",
        "master": {"type": "PROFILE_MASTER"},
    }
