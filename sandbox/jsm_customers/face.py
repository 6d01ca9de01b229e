"""The routes of a site's service management, the few of Jira beside them, and what each answers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.jsm_customers.state import ADMIN_ID, User, portal, row, short_row
from sandbox.kit.service_desk import Circle
from sandbox.kit.world import Face, Handler, Reply, Request, Route, World, json_reply

CALLER, TOKEN = "admin@acme.test", "sandbox-api-token"
HOME, DESK, JIRA = "/cloud/desk", "/rest/servicedeskapi", "/rest/api/3"
USUAL, MOST, BURST = 50, 50, 100
_SIGNED = f"Basic {base64.b64encode(f'{CALLER}:{TOKEN}'.encode()).decode()}"


class RefusedError(Exception):
    """The site says no: status and sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


def refuse(status: int, message: str) -> Reply:
    """Return a refusal the way service management words it."""
    return json_reply({"errorMessage": message, "i18nErrorMessage": {"i18nKey": "sd.error"}}, status)


def error(_world: World, _request: Request, status: int) -> Reply:
    """Answer a status."""
    reply = refuse(status, f"simulated {status}")
    if status == 429:
        reply.headers.append(("retry-after", "1"))
    return reply


# Jira


def list_users(world: World, request: Request) -> Reply:
    """List all users of the site, whatever their type, as a bare list."""
    start, most = int(request.get("startAt") or 0), int(request.get("maxResults") or 50)
    users = list(portal(world).users.values())
    return json_reply([row(user) for user in users[start : start + most]])


def find_users(world: World, request: Request) -> Reply:
    """Find users by a part of name or address."""
    text = (request.get("query") or "").lower()
    found = [u for u in portal(world).users.values() if text in u.email.lower() or text in u.name.lower()]
    return json_reply([row(user) for user in found[:50]])


def read_user(world: World, request: Request) -> Reply:
    """Return one user."""
    return json_reply(row(_user(world, request.get("accountId"))))


def myself(world: World, _request: Request) -> Reply:
    """Return the caller."""
    return json_reply(row(portal(world).users[ADMIN_ID]))


def _user(world: World, account_id: str | None) -> User:
    user = portal(world).users.get(account_id or "")
    if user is None:
        raise RefusedError(404, "Specified user does not exist or you do not have required permissions")
    return user


# Customers


def create_customer(world: World, request: Request) -> Reply:
    """Make a customer; of an address that is known the strict answer is 409."""
    body = _body(request)
    email = body.get("email")
    if not isinstance(email, str) or "@" not in email:
        raise RefusedError(400, "The email address is not valid.")
    if portal(world).with_address(email):
        strict = request.get("strictConflictStatusCode") == "true"
        raise RefusedError(409 if strict else 400, "An account already exists for this email")
    user = portal(world).add(email, str(body.get("displayName") or body.get("fullName") or email))
    return json_reply(short_row(user), 201)


# Desks


def list_desks(world: World, request: Request) -> Reply:
    """List the desks."""
    desks = [
        {"id": str(d.number), "projectId": "1", "projectKey": d.name, "projectName": d.name}
        for d in portal(world).desks.values()
    ]
    return _page(world, request, desks)


def list_customers(world: World, request: Request) -> Reply:
    """List the customers of a desk; an experiment that may end."""
    if world.options.get("jsm_no_listing"):
        raise RefusedError(404, "null for uri")
    return _people(world, request, _desk(world, request))


def add_customers(world: World, request: Request) -> Reply:
    """Put people into a desk; those who are known are in even where the answer is 400."""
    return _put(world, request, _desk(world, request))


def drop_customers(world: World, request: Request) -> Reply:
    """Take people out of a desk that only added customers may use."""
    desk = _desk(world, request)
    if not desk.closed:
        raise RefusedError(400, "The service desk has open access, customers cannot be removed")
    return _take(request, desk)


def list_desk_organisations(world: World, request: Request) -> Reply:
    """List the organisations on a desk."""
    site = portal(world)
    return _page(world, request, [_shown(site.organisations[n]) for n in _desk(world, request).organisations])


def put_organisation(world: World, request: Request) -> Reply:
    """Put an organisation on a desk."""
    number = _body(request).get("organizationId")
    if number not in portal(world).organisations:
        raise RefusedError(404, "The organization does not exist")
    _desk(world, request).organisations[number] = None
    return Reply(204)


def _desk(world: World, request: Request) -> Circle:
    found = portal(world).desks.get(int(request.params["id"]))
    if found is None:
        raise RefusedError(404, "The Service Desk does not exist.")
    return found


# Organisations


def list_organisations(world: World, request: Request) -> Reply:
    """List the organisations, or those of one person."""
    wanted = request.get("accountId")
    found = [o for o in portal(world).organisations.values() if wanted is None or wanted in o.people]
    return _page(world, request, [_shown(one) for one in found])


def create_organisation(world: World, request: Request) -> Reply:
    """Make an organisation; one of that name is answered as if it had been made."""
    name = _body(request).get("name")
    if not isinstance(name, str) or not name:
        raise RefusedError(400, "The name is missing.")
    return json_reply(_shown(portal(world).organise(name)), 201)


def list_members(world: World, request: Request) -> Reply:
    """List the people of an organisation."""
    return _people(world, request, _organisation(world, request))


def add_members(world: World, request: Request) -> Reply:
    """Put people into an organisation."""
    return _put(world, request, _organisation(world, request))


def drop_members(world: World, request: Request) -> Reply:
    """Take people out of an organisation."""
    return _take(request, _organisation(world, request))


def _organisation(world: World, request: Request) -> Circle:
    found = portal(world).organisations.get(int(request.params["id"]))
    if found is None:
        raise RefusedError(404, "The organization does not exist")
    return found


def _shown(one: Circle) -> dict[str, Any]:
    return {
        "id": str(one.number),
        "name": one.name,
        "_links": {"self": f"{HOME}{DESK}/organization/{one.number}"},
    }


# What they share


def _people(world: World, request: Request, circle: Circle) -> Reply:
    text = (request.get("query") or "").lower()
    users = [portal(world).users[key] for key in circle.people]
    found = [user for user in users if text in user.email.lower() or text in user.name.lower()]
    return _page(world, request, [short_row(user) for user in found])


def _put(world: World, request: Request, circle: Circle) -> Reply:
    asked = _ids(request)
    known = [key for key in asked if key in portal(world).users]
    circle.people |= dict.fromkeys(known)
    if len(known) < len(asked):
        raise RefusedError(400, "Some of the accounts do not exist")
    return Reply(204)


def _take(request: Request, circle: Circle) -> Reply:
    for key in _ids(request):
        circle.people.pop(key, None)
    return Reply(204)


def _ids(request: Request) -> list[str]:
    ids = _body(request).get("accountIds")
    if not isinstance(ids, list) or not ids:
        raise RefusedError(400, "accountIds is missing")
    return [str(key) for key in ids]


def _body(request: Request) -> Mapping[str, Any]:
    body = request.json()
    if not isinstance(body, dict):
        raise RefusedError(400, "Invalid request payload.")
    return body


def _page(world: World, request: Request, rows: Sequence[Any]) -> Reply:
    """Return a page, which says how long it is and whether it is the last, and no total."""
    start, limit = int(request.get("start") or 0), min(int(request.get("limit") or USUAL), MOST)
    size = max(1, limit // 2) if world.options.get("jsm_short_pages") else limit
    shown = list(rows[start : start + size])
    page = {"size": len(shown), "start": start, "limit": limit, "isLastPage": start + size >= len(rows)}
    return json_reply({**page, "values": shown, "_links": {}})


def gate(world: World, request: Request) -> Reply | None:
    """Check the credential, and the burst limit of the site."""
    if request.headers.get("authorization") != _SIGNED:
        return refuse(401, "Client must be authenticated to access this resource.")
    if world.limits.on and not world.limits.take(("jsm", "site"), BURST, 1.0).allowed:
        return error(world, request, 429)
    return None


def _checked(handler: Handler) -> Handler:
    """Turn refusals and bad numbers into answers."""

    def checked(world: World, request: Request) -> Reply:
        try:
            return handler(world, request)
        except RefusedError as no:
            return refuse(no.status, no.message)
        except ValueError:
            return refuse(400, "A number is expected")

    return checked


_ROUTES: tuple[tuple[str, str, Callable[[World, Request], Reply]], ...] = (
    ("GET", f"{JIRA}/users/search", list_users),
    ("GET", f"{JIRA}/user/search", find_users),
    ("GET", f"{JIRA}/user", read_user),
    ("GET", f"{JIRA}/myself", myself),
    ("POST", f"{DESK}/customer", create_customer),
    ("GET", f"{DESK}/servicedesk", list_desks),
    ("GET", f"{DESK}/servicedesk/{{id}}/customer", list_customers),
    ("POST", f"{DESK}/servicedesk/{{id}}/customer", add_customers),
    ("DELETE", f"{DESK}/servicedesk/{{id}}/customer", drop_customers),
    ("GET", f"{DESK}/servicedesk/{{id}}/organization", list_desk_organisations),
    ("POST", f"{DESK}/servicedesk/{{id}}/organization", put_organisation),
    ("GET", f"{DESK}/organization", list_organisations),
    ("POST", f"{DESK}/organization", create_organisation),
    ("GET", f"{DESK}/organization/{{id}}/user", list_members),
    ("POST", f"{DESK}/organization/{{id}}/user", add_members),
    ("DELETE", f"{DESK}/organization/{{id}}/user", drop_members),
)
FACE = Face(
    name="jsm_customers",
    prefix=HOME,
    routes=tuple(Route(method, path, _checked(handler)) for method, path, handler in _ROUTES),
    gate=gate,
    error=error,
)
