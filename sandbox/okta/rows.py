"""The company in Okta's words: users, groups, applications and their assignments as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson

from sandbox.company.people import ACTIVE, DEPARTED, STAGED, SUSPENDED, App, Group, Person
from sandbox.kit.ids import opaque
from sandbox.kit.world import World

STATUS = {STAGED: "STAGED", ACTIVE: "ACTIVE", SUSPENDED: "SUSPENDED", DEPARTED: "DEPROVISIONED"}
GROUP_TYPE = {"normal": "OKTA_GROUP", "builtin": "BUILT_IN", "app": "APP_GROUP"}
USER_TYPE_ID = "oty1sandboxusertype0"


def user_id(number: int) -> str:
    """Return the identifier of the user for a person's number."""
    return opaque("00u", number)


def group_id(group: Group) -> str:
    """Return the identifier of a group."""
    return opaque("00g", group.number)


def app_id(app: App) -> str:
    """Return the identifier of an application."""
    return opaque("0oa", app.number)


def stamp(at: datetime | None) -> str | None:
    """Return a time the way Okta writes it, to the millisecond."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z" if at else None


def status(person: Person) -> str:
    """Return the user status."""
    if person.state == ACTIVE and person.snag:
        return person.snag.upper()
    return "ACTIVATING" if person.flaw == "activating" else STATUS[person.state]


def user_bytes(world: World, person: Person) -> bytes:
    """Return a serialised User, made once for every revision."""
    kept = world.cache("okta users").get(person.number)
    if kept is None or kept[0] != person.revision:
        kept = (person.revision, orjson.dumps(user(world, person)))
        world.cache("okta users")[person.number] = kept
    return bytes(kept[1])


def user(world: World, person: Person) -> dict[str, Any]:
    """Return a User object."""
    return {
        "id": user_id(person.number),
        "status": status(person),
        "created": stamp(person.created),
        "activated": stamp(person.activated),
        "statusChanged": stamp(person.status_changed),
        "lastLogin": stamp(person.last_sign_in),
        "lastUpdated": stamp(person.updated),
        "passwordChanged": stamp(person.activated),
        "type": {"id": USER_TYPE_ID},
        "profile": profile(world, person),
        "credentials": {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": {"self": {"href": f"{world.base}/okta/api/v1/users/{user_id(person.number)}"}},
    }


def profile(world: World, person: Person) -> dict[str, Any]:
    """Return a user's profile; attributes without a value are absent but for the four Okta always shows."""
    always = {
        "firstName": person.given_name,
        "lastName": person.family_name,
        "mobilePhone": person.mobile,
        "secondEmail": person.personal_email,
        "login": person.login,
        "email": person.email,
    }
    if person.flaw == "nulls":
        return always | {"firstName": None, "lastName": None, "department": None, "managerId": None}
    manager = world.company.people.get(person.manager) if person.manager else None
    rest = {
        "title": person.title,
        "displayName": person.display_name,
        "userType": person.user_type,
        "employeeNumber": person.number if person.flaw == "integer_number" else f"{person.number:06}",
        "costCenter": person.cost_center,
        "organization": "Acme",
        "department": person.department,
        "managerId": user_id(manager.number) if manager else None,
        "manager": manager.login if manager else None,
        "city": person.city,
        "countryCode": "USA" if person.flaw == "country_code" else person.country,
        "preferredLanguage": "en-US",
        "locale": "en_US",
        "timezone": person.timezone,
        "hireDate": f"{person.hired_on:%Y-%m-%d}",
        "terminationDate": f"{person.leaves_on:%Y-%m-%d}" if person.leaves_on else None,
    }
    return always | {name: value for name, value in rest.items() if value is not None}


def group(world: World, group: Group, *, stats: bool = False) -> dict[str, Any]:
    """Return a Group object, with counts on request (`hasAdminPrivlege` is Okta's spelling)."""
    here = f"{world.base}/okta/api/v1/groups/{group_id(group)}"
    imported = group.kind == "app"
    row: dict[str, Any] = {
        "id": group_id(group),
        "created": stamp(group.created),
        "lastUpdated": stamp(group.updated),
        "lastMembershipUpdated": stamp(group.members_updated),
        "objectClass": ["okta:windows_security_principal" if imported else "okta:user_group"],
        "type": GROUP_TYPE[group.kind],
        "profile": _imported_profile(group) if imported else _group_profile(world, group),
        "_links": {
            "logo": [{"name": "medium", "href": f"{world.base}/okta/img/group.png", "type": "image/png"}],
            "users": {"href": f"{here}/users"},
            "apps": {"href": f"{here}/apps"},
        },
    }
    if stats:
        apps = sum(group.name in app.groups for app in world.company.apps)
        row["_embedded"] = {
            "stats": {
                "usersCount": world.options.get("okta_users_count", len(group.members)),
                "appsCount": apps,
                "groupPushMappingsCount": 0,
                "hasAdminPrivlege": False,
                "_links": {"users": row["_links"]["users"], "apps": row["_links"]["apps"]},
            }
        }
    return row


def _group_profile(world: World, group: Group) -> dict[str, Any]:
    """Return name and description; a missing description is null where records are odd, else absent."""
    if group.description is None and not world.company.odd:
        return {"name": group.name}
    return {"name": group.name, "description": group.description}


def _imported_profile(group: Group) -> dict[str, Any]:
    common = group.name.split(",")[0].removeprefix("CN=")
    return {
        "name": common,
        "description": group.description or "",
        "samAccountName": common,
        "dn": group.name,
        "windowsDomainQualifiedName": f"ACME\\{common}",
        "externalId": opaque("", group.number, 24),
    }


def app(world: World, app: App) -> dict[str, Any]:
    """Return an Application object."""
    here = f"{world.base}/okta/api/v1/apps/{app_id(app)}"
    return {
        "id": app_id(app),
        "name": app.name,
        "label": app.label,
        "status": "ACTIVE" if app.active else "INACTIVE",
        "created": stamp(app.created),
        "lastUpdated": stamp(app.updated),
        "accessibility": {"selfService": False},
        "visibility": {
            "autoSubmitToolbar": False,
            "hide": {"iOS": False, "web": False},
            "appLinks": {f"{app.name}_link": True},
        },
        "features": [],
        "signOnMode": app.sign_on,
        "credentials": {
            "userNameTemplate": {"template": "${source.login}", "type": "BUILT_IN"},
            "signing": {},
        },
        "settings": {"app": {"url": "https://app.acme.test"} if app.sign_on == "BOOKMARK" else {}},
        "_links": {"users": {"href": f"{here}/users"}, "groups": {"href": f"{here}/groups"}},
    }


def app_user(world: World, app: App, person: Person, *, embed: bool = False) -> dict[str, Any]:
    """Return the assignment of a person to an application."""
    row: dict[str, Any] = {
        "id": user_id(person.number),
        "created": stamp(person.created),
        "lastUpdated": stamp(person.updated),
        "scope": "GROUP",
        "status": "SUSPENDED" if person.state == SUSPENDED else "ACTIVE",
        "statusChanged": stamp(person.status_changed),
        "passwordChanged": None,
        "syncState": "DISABLED",
        "credentials": {"userName": person.login},
        "profile": {"email": person.email, "firstName": person.given_name, "lastName": person.family_name},
        "_links": {
            "app": {"href": f"{world.base}/okta/api/v1/apps/{app_id(app)}"},
            "user": {"href": f"{world.base}/okta/api/v1/users/{user_id(person.number)}"},
        },
    }
    if embed:
        row["_embedded"] = {"user": user(world, person)}
    return row


def app_group(world: World, app: App, group: Group, priority: int) -> dict[str, Any]:
    """Return the assignment of a group to an application."""
    return {
        "id": group_id(group),
        "lastUpdated": stamp(app.updated),
        "priority": priority,
        "profile": {},
        "_links": {
            "app": {"href": f"{world.base}/okta/api/v1/apps/{app_id(app)}"},
            "group": {"href": f"{world.base}/okta/api/v1/groups/{group_id(group)}"},
        },
    }
