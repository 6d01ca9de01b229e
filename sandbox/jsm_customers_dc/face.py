"""The routes of a server's service management, the few of Jira beside them, and what each answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sandbox.jsm_customers_dc.state import server
from sandbox.kit import datacenter_wire
from sandbox.kit.datacenter_state import Account, WrongError
from sandbox.kit.datacenter_wire import body_of, gate, number, table
from sandbox.kit.service_desk import Circle
from sandbox.kit.world import Face, Handler, Reply, Request, World, json_reply

HOME, DESK, JIRA = "/desk", "/rest/servicedeskapi", "/rest/api/2"
USUAL, MOST, MOST_LISTED = 50, 50, 2000


def error(_world: World, _request: Request, status: int) -> Reply:
    """Answer a status the way service management words it."""
    return refusal(WrongError(status, "sd.error", f"simulated {status}"))


def refusal(wrong: WrongError) -> Reply:
    """A refusal: a sentence, and a key for it."""
    return json_reply(
        {"errorMessage": wrong.words, "i18nErrorMessage": {"i18nKey": wrong.reason}}, wrong.status
    )


def _row(request: Request, account: Account) -> dict[str, Any]:
    """A user as service management shows it."""
    base = f"{request.base}{HOME}"
    return {
        "name": account.name,
        "key": account.key,
        "emailAddress": account.email,
        "displayName": account.display_name,
        "active": account.active,
        "timeZone": "Australia/Sydney",
        "_links": {"jiraRest": f"{base}{JIRA}/user?username={quote(account.name)}"},
    }


# Jira


def server_info(_world: World, _request: Request) -> Reply:
    """The version."""
    return json_reply({"version": "10.3.24", "versionNumbers": [10, 3, 24], "deploymentType": "Server"})


def myself(world: World, request: Request) -> Reply:
    """The caller."""
    jira = server(world).jira
    return json_reply(_row(request, jira.account(jira.caller)))


def read_user(world: World, request: Request) -> Reply:
    """One user by name or key; none of them is in a group."""
    account = server(world).jira.account(request.get("username"), request.get("key"))
    return json_reply(_row(request, account) | {"groups": {"size": 0, "items": []}})


def list_users(world: World, request: Request) -> Reply:
    """Everybody, by cursor."""
    after, size = number(request, "cursor", 0), number(request, "maxResults", MOST_LISTED, MOST_LISTED)
    every = sorted(server(world).jira.accounts.values(), key=lambda one: one.number)
    rest = [one for one in every if one.number > after]
    page = {"isLast": len(rest) <= size, "values": [_row(request, one) for one in rest[:size]]}
    more = {"nextCursor": str(rest[size - 1].number)} if len(rest) > size else {}
    return json_reply(page | more)


def find_users(world: World, request: Request) -> Reply:
    """Users whose name or address holds a text, the first hundred."""
    text = (request.get("username") or "").lower()
    every = server(world).jira.accounts.values()
    found = [a for a in every if any(text in words.lower() for words in (a.name, a.email, a.display_name))]
    return json_reply([_row(request, account) for account in found[:100]])


# Customers and desks


def create_customer(world: World, request: Request) -> Reply:
    """Make a customer, whose user name is the address; one that is known is refused."""
    body = body_of(request)
    email, name = str(body.get("email") or ""), str(body.get("fullName") or "")
    if "@" not in email or not name:
        raise WrongError(400, "sd.customer", "The email address or the name is not valid.")
    if server(world).with_address(email):
        raise WrongError(400, "sd.customer", f"An account already exists for this email: {email}")
    return json_reply(_row(request, server(world).jira.create(email, email, name)), 201)


def list_desks(world: World, request: Request) -> Reply:
    """The desks."""
    desks = [{"id": str(d.number), "projectKey": d.name} for d in server(world).desks.values()]
    return _page(request, desks)


def list_customers(world: World, request: Request) -> Reply:
    """The customers who were added to a desk, or those of them whose name or address holds a text."""
    _listable(world)
    text = (request.get("query") or "").lower()
    people = _people(world, request, _desk(world, request))
    return _page(
        request, [row for row in people if text in f"{row['emailAddress']} {row['displayName']}".lower()]
    )


def add_customers(world: World, request: Request) -> Reply:
    """Put users into a desk; all of them must be known."""
    return _put(world, request, _desk(world, request))


def drop_customers(world: World, request: Request) -> Reply:
    """Take users out of a desk that only added customers may use."""
    _listable(world)
    desk = _desk(world, request)
    if not desk.closed:
        raise WrongError(400, "sd.desk", "The service desk has open access, customers cannot be removed")
    return _take(world, request, desk)


def list_desk_organisations(world: World, request: Request) -> Reply:
    """The organisations on a desk."""
    made = server(world)
    numbers = _desk(world, request).organisations
    return _page(request, [_shown(request, made.organisations[one]) for one in numbers])


def put_organisation(world: World, request: Request) -> Reply:
    """Put an organisation on a desk."""
    _desk(world, request).organisations[_wanted(world, request).number] = None
    return Reply(204)


def drop_organisation(world: World, request: Request) -> Reply:
    """Take an organisation from a desk."""
    _desk(world, request).organisations.pop(_wanted(world, request).number, None)
    return Reply(204)


def _listable(world: World) -> None:
    if world.options.get("jsm_dc_no_listing"):
        raise WrongError(405, "sd.method", "Method Not Allowed")


def _desk(world: World, request: Request) -> Circle:
    return _one(server(world).desks, request.params["id"], "The Service Desk does not exist.")


# Organisations


def list_organisations(world: World, request: Request) -> Reply:
    """All organisations; those of one person cannot be asked for."""
    return _page(request, [_shown(request, one) for one in server(world).organisations.values()])


def create_organisation(world: World, request: Request) -> Reply:
    """Make an organisation; one of that name is answered as if it had been made."""
    name = body_of(request).get("name")
    if not isinstance(name, str) or not name:
        raise WrongError(400, "sd.organisation", "The name is missing.")
    return json_reply(_shown(request, server(world).organise(name)), 201)


def list_members(world: World, request: Request) -> Reply:
    """The users in an organisation."""
    return _page(request, _people(world, request, _organisation(world, request)))


def add_members(world: World, request: Request) -> Reply:
    """Put users into an organisation."""
    return _put(world, request, _organisation(world, request))


def drop_members(world: World, request: Request) -> Reply:
    """Take users out of an organisation."""
    return _take(world, request, _organisation(world, request))


def _organisation(world: World, request: Request) -> Circle:
    return _one(server(world).organisations, request.params["id"], "The organization does not exist")


def _wanted(world: World, request: Request) -> Circle:
    wanted = body_of(request).get("organizationId")
    return _one(server(world).organisations, str(wanted), "The organization does not exist")


def _shown(request: Request, one: Circle) -> dict[str, Any]:
    link = f"{request.base}{HOME}{DESK}/organization/{one.number}"
    return {"id": str(one.number), "name": one.name, "_links": {"self": link}}


# What they share


def _one(circles: dict[int, Circle], number_: str, words: str) -> Circle:
    found = circles.get(int(number_)) if number_.isdecimal() else None
    if found is None:
        raise WrongError(404, "sd.missing", words)
    return found


def _people(world: World, request: Request, circle: Circle) -> list[dict[str, Any]]:
    known = server(world).jira.by_key
    return [_row(request, known[key]) for key in circle.people if key in known]


def _put(world: World, request: Request, circle: Circle) -> Reply:
    circle.people |= dict.fromkeys(_keys(world, request))
    return Reply(204)


def _take(world: World, request: Request, circle: Circle) -> Reply:
    for key in _keys(world, request):
        circle.people.pop(key, None)
    return Reply(204)


def _keys(world: World, request: Request) -> list[str]:
    """The keys of the users that are named, who must all be known."""
    names = body_of(request).get("usernames")
    if not isinstance(names, list) or not names:
        raise WrongError(400, "sd.users", "usernames is missing")
    known = server(world).jira.accounts
    if strangers := [name for name in map(str, names) if name.lower() not in known]:
        raise WrongError(400, "sd.users", f"The users {', '.join(strangers)} do not exist")
    return [known[str(name).lower()].key for name in names]


def _page(request: Request, rows: Sequence[Any]) -> Reply:
    """A page, which says how long it is and whether it is the last, and no total."""
    start, limit = number(request, "start", 0), max(1, number(request, "limit", USUAL, MOST))
    shown = list(rows[start : start + limit])
    page = {"size": len(shown), "start": start, "limit": limit, "isLastPage": start + limit >= len(rows)}
    return json_reply({**page, "values": shown, "_links": {}})


def _experiment(handler: Handler) -> Handler:
    """An experiment answers those alone who say that they know it for one."""

    def answer(world: World, request: Request) -> Reply:
        if request.headers.get("x-experimentalapi") not in ("opt-in", "true"):
            raise WrongError(
                412, "sd.experimental", "This API is experimental; set X-ExperimentalApi: opt-in"
            )
        return handler(world, request)

    return answer


def _on_desks() -> list[tuple[str, str, Handler]]:
    customers, organisations = (
        f"{DESK}/servicedesk/{{id}}/customer",
        f"{DESK}/servicedesk/{{id}}/organization",
    )
    members = f"{DESK}/organization/{{id}}/user"
    return [
        ("GET", f"{DESK}/servicedesk", list_desks),
        ("POST", f"{DESK}/customer", _experiment(create_customer)),
        ("GET", customers, _experiment(list_customers)),
        ("POST", customers, _experiment(add_customers)),
        ("DELETE", customers, _experiment(drop_customers)),
        ("GET", organisations, _experiment(list_desk_organisations)),
        ("POST", organisations, _experiment(put_organisation)),
        ("DELETE", organisations, _experiment(drop_organisation)),
        ("GET", f"{DESK}/organization", _experiment(list_organisations)),
        ("POST", f"{DESK}/organization", _experiment(create_organisation)),
        ("GET", members, _experiment(list_members)),
        ("POST", members, _experiment(add_members)),
        ("DELETE", members, _experiment(drop_members)),
    ]


_OF_JIRA: list[tuple[str, str, Handler]] = [
    ("GET", f"{JIRA}/serverInfo", server_info),
    ("GET", f"{JIRA}/myself", myself),
    ("GET", f"{JIRA}/user", read_user),
    ("GET", f"{JIRA}/user/list", list_users),
    ("GET", f"{JIRA}/user/search", find_users),
]
FACE = Face(
    name="jsm_customers_dc",
    prefix=HOME,
    routes=table([*_OF_JIRA, *_on_desks()], refusal, anyone=[server_info]),
    gate=gate("jsm_customers_dc", error, free=("/serverInfo",)),
    seal=datacenter_wire.seal,
    error=error,
)
