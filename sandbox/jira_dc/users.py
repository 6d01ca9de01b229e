"""Jira Data Center's people: search and list by version, create, change, delete, anonymise."""

from __future__ import annotations

from typing import Any

from sandbox.jira_dc.rows import ROLES, installation, user, version
from sandbox.kit.datacenter_state import Account, WrongError
from sandbox.kit.datacenter_wire import body_of, number, truthy
from sandbox.kit.world import Reply, Request, World, json_reply

CREATE_FIELDS = ("name", "emailAddress", "displayName")
# From 10.0 on a search ends here, whatever is asked.
FIRST_RESULTS, MOST_RESULTS, MOST_LISTED = 100, 1000, 2000


def _one(world: World, request: Request) -> Account:
    return installation(world).account(request.get("username"), request.get("key"))


def myself(world: World, request: Request) -> Reply:
    made = installation(world)
    return json_reply(user(world, request, made.account(made.caller), "groups"))


def read(world: World, request: Request) -> Reply:
    return json_reply(user(world, request, _one(world, request), request.get("expand") or ""))


def search(world: World, request: Request) -> Reply:
    """People whose name or address holds a text; from 10.0 on the first hundred alone."""
    wanted = request.get("username")
    if wanted is None:
        raise WrongError(400, "", "The username query parameter was not provided")
    active, inactive = truthy(request, "includeActive", default=True), truthy(request, "includeInactive")
    hits = [
        account
        for account in sorted(installation(world).accounts.values(), key=lambda a: a.name)
        if (active if account.active else inactive) and _fits(account, wanted.lower())
    ]
    usual = None if version(world)[0] < 10 else FIRST_RESULTS
    shown = hits[: world.options.get("jira_dc_search_ends", usual)]
    start, size = number(request, "startAt", 0), number(request, "maxResults", 50, MOST_RESULTS)
    page = shown[start : start + size]
    return json_reply([user(world, request, account) for account in page])


def _fits(account: Account, wanted: str) -> bool:
    return any(wanted in text.lower() for text in (account.name, account.email, account.display_name))


def listing(world: World, request: Request) -> Reply:
    """Everybody, by cursor, from 10.3 on; an unknown cursor is the end of the list."""
    if version(world) < (10, 3, 0):
        raise WrongError(404, "", "null for uri: /rest/api/2/user/list")
    after, size = number(request, "cursor", 0), number(request, "maxResults", MOST_LISTED, MOST_LISTED)
    rest = [
        a for a in sorted(installation(world).accounts.values(), key=lambda a: a.number) if a.number > after
    ]
    page, here = rest[:size], f"{request.base}{request.path}?maxResults={size}"
    body: dict[str, Any] = {
        "self": f"{here}&cursor={after}",
        "maxResults": size,
        "isLast": len(rest) <= size,
        "values": [user(world, request, account) for account in page],
    }
    if len(rest) > size:
        body |= {"nextCursor": str(page[-1].number), "nextPage": f"{here}&cursor={page[-1].number}"}
    return json_reply(body)


def create(world: World, request: Request) -> Reply:
    made, body = installation(world), body_of(request)
    for field in CREATE_FIELDS:
        if not body.get(field):
            raise WrongError(400, field.lower(), f"You must specify a value for {field}.")
    if str(body["name"]).lower() in made.accounts:
        raise WrongError(400, "username", "A user with that username already exists.")
    keys = body.get("applicationKeys", ["jira-software"])
    if unknown := [key for key in keys if key not in ROLES]:
        raise WrongError(400, "applicationkeys", f"The application {unknown[0]} is not installed.")
    account = made.create(str(body["name"]), str(body["emailAddress"]), str(body["displayName"]))
    account.active = body.get("active", True) is not False
    for key in keys:
        made.join(account, next(g for g in made.groups.values() if key in g.opens and not g.admin))
    return json_reply(user(world, request, account), 201)


def update(world: World, request: Request) -> Reply:
    """Change the fields a body has and leave the others."""
    made, account, body = installation(world), _one(world, request), body_of(request)
    made.writable(account)
    active = _flag(body.get("active"))
    if active is False and account.leads:
        words = (
            f"Cannot deactivate user because they are currently the lead of these projects: {account.leads}"
        )
        raise WrongError(400, "active", words)
    if body.get("name") and str(body["name"]).lower() != account.name:
        made.rename(account, str(body["name"]))
    account.email = str(body.get("emailAddress") or account.email)
    account.display_name = str(body.get("displayName") or account.display_name)
    account.active = account.active if active is None else active
    return json_reply(user(world, request, account))


def _flag(value: Any) -> bool | None:
    """A flag, which may be written as a word."""
    return {"true": True, "false": False}.get(str(value).lower())


def delete(world: World, request: Request) -> Reply:
    made, account = installation(world), _one(world, request)
    if account.leads:
        raise WrongError(400, "", f"Cannot delete user '{account.name}' because they lead projects.")
    made.delete(account)
    return Reply(204)


def duplicated(world: World, request: Request) -> Reply:
    """Names that stand in several directories, highest priority first."""
    return json_reply(
        {name: _places(account) for name, account in installation(world).accounts.items() if account.shadows}
    )


def duplicated_count(world: World, request: Request) -> Reply:
    return json_reply({"count": sum(a.shadows for a in installation(world).accounts.values())})


def _places(account: Account) -> list[dict[str, Any]]:
    places = ((1, "Jira Internal Directory"), (10000, "Crowd Server"))
    return [{"directoryId": n, "directoryName": name, "userActive": account.active} for n, name in places]


# Anonymisation


def may_anonymize(world: World, request: Request) -> Reply:
    """What an anonymisation would do."""
    account = installation(world).account(key=request.get("userKey") or "\0")
    operations = ["USER_NAME_CHANGE", "USER_DISABLE", "USER_ANONYMIZE_PLUGIN_POINTS"]
    return json_reply(
        {"userKey": account.key, "userName": account.name, "deleted": False, "operations": operations}
    )


def anonymize(world: World, request: Request) -> Reply:
    """Schedule one; a second has to wait for the first."""
    made, body = installation(world), body_of(request)
    if any(asked != "done" for _, asked in made.tasks.values()):
        raise WrongError(409, "", "Another user anonymization is already in progress.")
    account = made.account(key=str(body.get("userKey") or "\0"))
    made.writable(account)
    task = str(made.next_number())
    made.tasks[task] = [account.key, 0]
    return json_reply(_progress(request, task, account.key, "IN_PROGRESS"), 202)


def progress(world: World, request: Request) -> Reply:
    """How far it is; each question brings it on."""
    made = installation(world)
    task = request.get("taskId") or next(reversed(made.tasks), "")
    if task not in made.tasks:
        raise WrongError(404, "", "There is no user anonymization task.")
    key, asked = made.tasks[task]
    if asked != "done":
        made.tasks[task][1] = int(asked) + 1
        if int(asked) + 1 > world.options.get("jira_dc_asks", 1):
            made.tasks[task][1] = "done"
            _forget(world, made.account(key=str(key)))
    status = "COMPLETED" if made.tasks[task][1] == "done" else "IN_PROGRESS"
    return json_reply(_progress(request, task, str(key), status))


def _forget(world: World, account: Account) -> None:
    made = installation(world)
    made.rename(account, f"jirauser{account.number}")
    account.display_name, account.email = (
        f"user-{account.number % 0xFFFFF:05x}",
        f"{account.name}@jira.invalid",
    )
    account.active = False


def _progress(request: Request, task: str, key: str, status: str) -> dict[str, Any]:
    return {
        "userKey": key,
        "progressUrl": f"/rest/api/2/user/anonymization/progress?taskId={task}",
        "currentProgress": 100 if status == "COMPLETED" else 30,
        "status": status,
        "errors": {},
        "warnings": {},
    }


OPERATIONS = (
    ("GET", "/myself", myself),
    ("GET", "/user", read),
    ("GET", "/user/search", search),
    ("GET", "/user/list", listing),
    ("GET", "/user/duplicated/list", duplicated),
    ("GET", "/user/duplicated/count", duplicated_count),
    ("GET", "/user/anonymization", may_anonymize),
    ("POST", "/user/anonymization", anonymize),
    ("GET", "/user/anonymization/progress", progress),
    ("POST", "/user", create),
    ("PUT", "/user", update),
    ("DELETE", "/user", delete),
    ("DELETE", "/user/", delete),  # One client asks with a slash at the end, and Jira does not mind.
)
ANYONE = (myself, read, search)
