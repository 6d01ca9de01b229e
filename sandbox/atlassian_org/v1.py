"""What is left of the Organizations API's first version: the organisation, managed accounts, roles."""

from __future__ import annotations

from typing import Any

from sandbox.atlassian_org.rows import last_active, managed
from sandbox.kit.cloud_model import (
    DOMAIN,
    DOMAIN_ID,
    ORG_ADMIN,
    ORG_ID,
    ORG_NAME,
    ORG_RESOURCE,
    ROLES,
    RefusedError,
)
from sandbox.kit.cloud_wire import body_of, cursor, organisation, resume, table, text_of
from sandbox.kit.world import Reply, Request, World, json_reply

# Not documented; administrators complain of "50 users at a time".
PAGE = 50


def _home(request: Request) -> str:
    return f"{request.base}/atlassian/admin/v1/orgs"


def _org_row(request: Request) -> dict[str, Any]:
    home = f"{_home(request)}/{ORG_ID}"
    return {
        "id": ORG_ID,
        "type": "orgs",
        "attributes": {"name": ORG_NAME},
        "relationships": {name: {"links": {"related": f"{home}/{name}"}} for name in ("domains", "users")},
        "links": {"self": home},
    }


def orgs(_world: World, request: Request) -> Reply:
    _first_page(request)
    return json_reply({"data": [_org_row(request)], "links": {"self": _home(request)}})


def org(_world: World, request: Request) -> Reply:
    return json_reply({"data": _org_row(request)})


def _first_page(request: Request) -> None:
    """A list of one page has no cursor that could come back."""
    if token := request.get("cursor"):
        resume("none", token)


def _domains(request: Request) -> list[dict[str, Any]]:
    home = f"{_home(request)}/{ORG_ID}/domains"
    return [
        {
            "id": key,
            "type": "domains",
            "attributes": {"name": name, "claim": {"type": kind, "status": status}},
            "links": {"self": f"{home}/{key}"},
        }
        for key, name, kind, status in (
            (DOMAIN_ID, DOMAIN, "dns", "verified"),
            (DOMAIN_ID[:-1] + "2", "old-acme.test", "http", "unverified"),
        )
    ]


def domains(_world: World, request: Request) -> Reply:
    _first_page(request)
    return json_reply({"data": _domains(request), "links": {"self": f"{_home(request)}/{ORG_ID}/domains"}})


def domain(_world: World, request: Request) -> Reply:
    for row in _domains(request):
        if row["id"] == request.params["domainId"]:
            return json_reply({"data": row})
    raise RefusedError(404, "ADMIN-404-3", "Domain not found")


def users(world: World, request: Request) -> Reply:
    """Managed accounts alone, 50 a page; here `next` is a URL."""
    state = organisation(world)
    token = request.get("cursor")
    after = resume("managed", token)[0] if token else -1
    rows: list[dict[str, Any]] = []
    position = after
    for position in range(after + 1, len(state.accounts)):
        account = state.accounts[position]
        if account.managed and account.status != "closed":
            if len(rows) == PAGE:
                break
            rows.append(managed(state, account, f"{request.base}/atlassian"))
    else:
        position = len(state.accounts)
    home = f"{_home(request)}/{ORG_ID}/users"
    links = {"self": f"{home}?cursor={token}" if token else home}
    if position < len(state.accounts):
        links["next"] = f"{home}?cursor={cursor('managed', position - 1, {})}"
    return json_reply({"data": rows, "meta": {"total": _total(world)}, "links": links})


def _total(world: World) -> int:
    return sum(1 for a in organisation(world).accounts if a.managed and a.status != "closed")


def last_active_dates(world: World, request: Request) -> Reply:
    state = organisation(world)
    account = state.account(request.params["accountId"])
    _first_page(request)
    return json_reply({"data": last_active(state, account), "links": {}})


def _role(body: dict[str, Any]) -> str:
    if (role := text_of(body, "role")) not in ROLES:
        raise RefusedError(400, "ADMIN-UAM-400-1", "Bad request: unknown role")
    return role


def _known(world: World, account_id: str) -> None:
    if account_id not in organisation(world).by_id:
        raise RefusedError(404, "ADMIN-UAM-404-3", "User not found")


def assign(world: World, request: Request) -> Reply:
    body, account_id = body_of(request), request.params["userId"]
    role = _role(body)
    _known(world, account_id)
    organisation(world).assign(account_id, role, str(body.get("resource") or ORG_RESOURCE))
    return Reply(204)


def revoke(world: World, request: Request) -> Reply:
    body, account_id = body_of(request), request.params["userId"]
    role = _role(body)
    _known(world, account_id)
    organisation(world).revoke(account_id, role, str(body.get("resource") or ORG_RESOURCE))
    return Reply(204)


def assign_org_role(world: World, request: Request) -> Reply:
    _only_org_admin(request)
    return assign(world, request)


def revoke_org_role(world: World, request: Request) -> Reply:
    _only_org_admin(request)
    return revoke(world, request)


def _only_org_admin(request: Request) -> None:
    if text_of(body_of(request), "role") != ORG_ADMIN:
        raise RefusedError(400, "ADMIN-UAM-400-1", f"Bad request: role must be {ORG_ADMIN}")


_HOME = "/admin/v1/orgs/{orgId}"
ROUTES = table(
    (
        ("GET", "/admin/v1/orgs", orgs),
        ("GET", _HOME, org),
        ("GET", f"{_HOME}/domains", domains),
        ("GET", f"{_HOME}/domains/{{domainId}}", domain),
        ("GET", f"{_HOME}/users", users),
        ("GET", f"{_HOME}/directory/users/{{accountId}}/last-active-dates", last_active_dates),
        ("POST", f"{_HOME}/users/{{userId}}/roles/assign", assign),
        ("POST", f"{_HOME}/users/{{userId}}/roles/revoke", revoke),
        ("POST", f"{_HOME}/users/{{userId}}/role-assignments/assign", assign_org_role),
        ("POST", f"{_HOME}/users/{{userId}}/role-assignments/revoke", revoke_org_role),
    )
)
