"""How Bitbucket Data Center writes an account, a page and an error, and the installation it speaks of."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from sandbox.company.company import Company
from sandbox.kit.datacenter_drift import drifted
from sandbox.kit.datacenter_state import Account, Group, Installation, WrongError
from sandbox.kit.datacenter_wire import number
from sandbox.kit.world import Reply, Request, World, json_reply

COUNTED = "bitbucket"
MEANING = {"atl-jira-dev": ("bitbucket-users", "developers")}
LEVELS = ("NONE", "LICENSED_USER", "PROJECT_CREATE", "ADMIN", "SYS_ADMIN")
USUAL, MOST = 25, 1000


def installation(world: World) -> Installation:
    """The one Bitbucket there is."""
    made: Installation = world.hold("bitbucket", _found)
    return made


def _found(company: Company) -> Installation:
    groups = (
        Group("bitbucket-admins", (COUNTED,), admin=True),
        Group("bitbucket-users", (COUNTED,)),
        Group("developers"),
        Group("all-staff"),
        Group("old-project-2019"),
    )
    made = drifted(company, "bitbucket", groups, MEANING, prefix="bitbucket-")
    gone = [account for account in made.accounts.values() if not account.active]
    for account in gone:  # Nobody can be disabled here: they were taken out of all groups.
        account.active = True
        for name in list(account.groups):
            made.quit(account, made.groups[name])
    for account, level in zip(gone, LEVELS[1:3], strict=False):  # What some held by hand was forgotten.
        account.direct[COUNTED] = level
    vendor = made.create("vendor.desk", "vendor.desk@partner.test", "Vendor Desk")
    vendor.direct[COUNTED] = "LICENSED_USER"
    return made


def seats(world: World) -> int | None:
    """Seats that were bought; None where there is no limit."""
    limit: int | None = world.options.get("bitbucket_dc_seats", installation(world).capacity[COUNTED])
    return limit


def level_of(made: Installation, account: Account) -> str | None:
    """The highest global permission an account has."""
    if any(made.groups[name].admin for name in account.groups):
        return "SYS_ADMIN"
    return account.direct.get(COUNTED) or ("LICENSED_USER" if COUNTED in made.opened(account) else None)


def error(_world: World, _request: Request, status: int) -> Reply:
    """Answer a status in Bitbucket's dialect."""
    return refusal(WrongError(status, "RequestException", f"{HTTPStatus(status).phrase}."))


def refusal(wrong: WrongError) -> Reply:
    name = f"com.atlassian.bitbucket.{wrong.reason}"
    return json_reply(
        {"errors": [{"context": None, "message": wrong.words, "exceptionName": name}]}, wrong.status
    )


def person(request: Request, account: Account) -> dict[str, Any]:
    """An account as others see it."""
    return {
        "name": account.name,
        "emailAddress": account.email,
        "active": account.active,
        "displayName": account.display_name,
        "id": account.number,
        "slug": account.name,
        "type": "NORMAL",
        "links": {"self": [{"href": f"{request.base}/bitbucket/users/{account.name}"}]},
    }


def admin_user(world: World, request: Request, account: Account) -> dict[str, Any]:
    """An account as administrators see it; no time of a sign-in means there was none."""
    changeable = not account.read_only
    row = person(request, account) | {
        "directoryName": f"Bitbucket {account.directory}",
        "deletable": changeable,
    }
    row |= {"mutableDetails": changeable, "mutableGroups": changeable}
    at = installation(world).last_login(account)
    return row if at is None else row | {"lastAuthenticationTimestamp": int(at.timestamp() * 1000)}


def page(request: Request, rows: list[Any]) -> Reply:
    """One page of rows, with the start of the next one."""
    start, limit = number(request, "start", 0), number(request, "limit", USUAL, MOST)
    shown, last = rows[start : start + limit], start + limit >= len(rows)
    body = {"size": len(shown), "limit": limit, "isLastPage": last, "values": shown, "start": start}
    return json_reply(body if last else body | {"nextPageStart": start + limit})
