"""People as a provisioning client maps them to SCIM, before its dialect is laid over."""

from __future__ import annotations

from typing import Any

from sandbox.company.people import ACTIVE, Person

Row = dict[str, Any]
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
HR = "urn:ietf:params:scim:schemas:extension:acme:2.0:User"
"""The company's own extension: what it maps there is in no standard."""
HR_COLUMNS = {
    "hired_on": f"{HR}:hireDate",
    "leaves_on": f"{HR}:terminationDate",
    "last_sign_in": f"{HR}:lastLogin",
}


def user(person: Person) -> Row:
    """Return the attributes of a person, all but the manager."""
    facts = {
        "employeeNumber": f"{person.number:06}",
        "costCenter": person.cost_center,
        "organization": "Acme",
        "department": person.department,
    }
    days = {
        "hireDate": f"{person.hired_on:%Y-%m-%d}",
        "terminationDate": f"{person.leaves_on:%Y-%m-%d}" if person.leaves_on else None,
        "lastLogin": f"{person.last_sign_in:%Y-%m-%dT%H:%M:%SZ}" if person.last_sign_in else None,
    }
    return {
        "externalId": f"x{person.number:07}",
        "userName": person.login,
        "active": person.state == ACTIVE,
        "displayName": person.display_name,
        "name": {"givenName": person.given_name, "familyName": person.family_name},
        "emails": [{"value": person.email, "type": "work", "primary": True}],
        "title": person.title,
        "userType": person.user_type,
        "locale": "en-US",
        ENTERPRISE: {name: value for name, value in facts.items() if value},
        HR: {name: value for name, value in days.items() if value},
    }
