"""The User management API: profile, address, lifecycle and tokens of managed accounts.

Only accounts of a claimed domain can be managed; those an identity provider provisions can be read
but not changed; nobody can deactivate or delete the account they act as.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.atlassian_org.rows import avatar
from sandbox.kit.cloud_model import DOMAIN, Account
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import organisation
from sandbox.kit.world import Handler, Reply, Request, Route, World, json_reply

PROFILE = {"name": 100, "nickname": 30, "zoneinfo": 100, "locale": 20}
EXTENDED = ("job_title", "department", "organization", "location")
FIELDS = (*PROFILE, *(f"extended_profile.{name}" for name in EXTENDED))
ALLOWED = {"allowed": True}
_ATTRIBUTES = {"zoneinfo": "time_zone"}


class DeniedError(Exception):
    """The API says no: status and body."""

    def __init__(self, status: int, key: str, context: Any = None, **more: Any) -> None:
        super().__init__(key)
        self.status = status
        self.body = {"key": key} | ({"context": context} if context is not None else {}) | more


Action = Callable[[World, Organisation, Account, Request], Reply]


def _managed(action: Action) -> Handler:
    """Find the account, or say why it cannot be managed."""

    def handler(world: World, request: Request) -> Reply:
        org = organisation(world)
        try:
            return action(world, org, _manageable(org, request.params["accountId"]), request)
        except DeniedError as denied:
            return json_reply(denied.body, denied.status)

    return handler


def _manageable(org: Organisation, account_id: str) -> Account:
    account = org.by_id.get(account_id)
    if account is None or account.status == "closed":
        raise DeniedError(404, "accountNotFound")
    if not account.managed:
        raise DeniedError(403, "forbidden")
    return account


# Privileges


def _rules(org: Organisation, account: Account) -> dict[str, Any]:
    """What may be done with an account, by privilege."""
    writable = _no("externalDirectory.scim") if account.synced else ALLOWED
    lifecycle = _no("administrative.notMyself") if account.account_id == org.caller else writable
    profile = dict.fromkeys(FIELDS, writable)
    return {
        "profile": profile,
        "profile.read": ALLOWED,
        "profile.write": profile,
        "email.set": writable,
        "lifecycle.enablement": lifecycle,
        "lifecycle.delete": lifecycle,
        "apiToken.read": ALLOWED,
        "apiToken.delete": ALLOWED,
    }


def _no(reason: str) -> dict[str, Any]:
    return {"allowed": False, "reason": {"key": reason}}


def _allow(org: Organisation, account: Account, privilege: str) -> None:
    if not account.verified:
        detail = "Cannot manage an unverified target account"
        more = {"errorKey": "forbidden.target-unverified", "errorDetail": detail}
        raise DeniedError(403, "forbidden.targetUnverified", f"Error: {detail}", **more)
    rule = _rules(org, account)[privilege]
    if rule != ALLOWED:
        raise DeniedError(403, "forbidden.action", rule)


@_managed
def privileges(_world: World, org: Organisation, account: Account, request: Request) -> Reply:
    rules = _rules(org, account)
    asked = [name for value in request.all("privileges") for name in value.split(",") if name]
    return json_reply({name: rule for name, rule in rules.items() if not asked or name in asked})


# Profile


def _profile(account: Account) -> dict[str, Any]:
    known = {name: getattr(account, name) for name in EXTENDED}
    row = {
        "account_id": account.account_id,
        "account_type": account.kind,
        "account_status": account.status,
        "name": account.name,
        "nickname": account.nickname,
        "email": account.email,
        "picture": avatar(account),
        "zoneinfo": account.time_zone,
        "locale": account.locale,
        "characteristics": {"not_mentionable": not account.mentionable},
        "extended_profile": {name: value for name, value in known.items() if value},
    }
    return {"account": row}


@_managed
def read_profile(_world: World, _org: Organisation, account: Account, _request: Request) -> Reply:
    return json_reply(_profile(account))


@_managed
def write_profile(_world: World, org: Organisation, account: Account, request: Request) -> Reply:
    """Change the fields that are sent; a body with a field that breaks its rule changes nothing."""
    changes = _flat(_object(request))
    violations = [
        {"field": f, "violations": [{"key": key}]} for f, v in changes.items() if (key := _broken(f, v))
    ]
    if violations:
        raise DeniedError(400, "fieldConstraintsViolated", {"fieldViolations": violations})
    rules = _rules(org, account)["profile.write"]
    if denied := {field: rules[field] for field in changes if rules[field] != ALLOWED}:
        raise DeniedError(403, "forbidden.fieldMutation", denied)
    _allow(org, account, "profile.read")
    with org.changing(account):
        for field, value in changes.items():
            name = field.removeprefix("extended_profile.")
            setattr(account, _ATTRIBUTES.get(name, name), value or None if name in EXTENDED else value)
    return json_reply(_profile(account))


def _object(request: Request) -> dict[str, Any]:
    body = request.json()
    if not isinstance(body, dict):
        raise DeniedError(400, "bodyParseFailure")
    return body


def _flat(body: dict[str, Any]) -> dict[str, Any]:
    extended = body.get("extended_profile", {})
    if not isinstance(extended, dict):
        raise DeniedError(400, "bodyParseFailure")
    flat = {name: value for name, value in body.items() if name != "extended_profile"}
    return flat | {f"extended_profile.{name}": value for name, value in extended.items()}


def _broken(field: str, value: Any) -> str | None:
    """The key of the constraint a value breaks."""
    if field not in FIELDS:
        return "unknownField"
    if not isinstance(value, str) or (field in PROFILE and not value.strip()):
        return "invalid"
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        return "validCharacters"
    return "maxLength" if len(value) > PROFILE.get(field, 255) else None


@_managed
def set_email(_world: World, org: Organisation, account: Account, request: Request) -> Reply:
    sent = _object(request).get("email")
    email = sent if isinstance(sent, str) else ""
    name, _, domain = email.partition("@")
    other = org.by_email.get(email.lower())
    if not (name and domain) or (other and other is not account):
        key = "validCharacters" if not (name and domain) else "unique"
        context = {"fieldViolations": [{"field": "email", "violations": [{"key": key}]}]}
        raise DeniedError(400, "fieldConstraintsViolated", context)
    _allow(org, account, "email.set")
    if domain.lower() != DOMAIN:
        raise DeniedError(403, "forbidden.unclaimedDomain", {"domain": domain})
    with org.changing(account):
        org.readdress(account, email)
    return Reply(204)


# Lifecycle


def _conflict(account: Account, code: str, message: str) -> DeniedError:
    link = "https://confluence.atlassian.com/x/pTgoPQ"
    errors = [{"code": code, "message": message, "link": link}]
    context = {"accountId": account.account_id, "message": message, "errorCodes": errors}
    return DeniedError(409, "conflict.lifecycleErrors", context)


def _not_leaving(account: Account) -> None:
    if account.deletion_from:
        raise _conflict(account, "deletion-pending", "Cancel the deletion of the account first")


@_managed
def disable(world: World, org: Organisation, account: Account, request: Request) -> Reply:
    """Deactivate; groups stay, the account is no longer billed. Doing it twice does no harm."""
    _allow(org, account, "lifecycle.enablement")
    _not_leaving(account)
    if account.status == "inactive" and world.options.get("atlassian_disable_twice") == 409:
        raise _conflict(account, "already-inactive", "The account is inactive already")
    body = request.json()
    with org.changing(account):
        if account.status == "active":
            account.status, account.deactivated_on = "inactive", org.company.now
        account.block_message = body.get("message") if isinstance(body, dict) else None
    return Reply(204)


@_managed
def enable(_world: World, org: Organisation, account: Account, _request: Request) -> Reply:
    _allow(org, account, "lifecycle.enablement")
    _not_leaving(account)
    with org.changing(account):
        account.status, account.deactivated_on, account.block_message = "active", None, None
    return Reply(204)


@_managed
def delete(_world: World, org: Organisation, account: Account, _request: Request) -> Reply:
    """Mark for deletion: 14 days of grace in which the account looks deactivated."""
    _allow(org, account, "lifecycle.delete")
    _not_leaving(account)
    org.schedule_deletion(account)
    return json_reply({"message": "The account is scheduled for deletion after a 14-day grace period."})


@_managed
def cancel_delete(_world: World, org: Organisation, account: Account, _request: Request) -> Reply:
    """Keep the account, and activate it again."""
    _allow(org, account, "lifecycle.delete")
    if not account.deletion_from:
        raise DeniedError(404, "notFound")
    org.cancel_deletion(account)
    return json_reply({"message": "The deletion of the account is cancelled."})


# Tokens


@_managed
def tokens(_world: World, _org: Organisation, account: Account, _request: Request) -> Reply:
    return json_reply(account.tokens)


@_managed
def delete_token(_world: World, org: Organisation, account: Account, request: Request) -> Reply:
    kept = [token for token in account.tokens if token["id"] != request.params["tokenId"]]
    if len(kept) == len(account.tokens):
        raise DeniedError(404, "notFound")
    with org.changing(account):
        account.tokens = kept
    return Reply(204)


_HOME = "/users/{accountId}/manage"
ROUTES = tuple(
    Route(method, path, handler)
    for method, path, handler in (
        ("GET", _HOME, privileges),
        ("GET", f"{_HOME}/profile", read_profile),
        ("PATCH", f"{_HOME}/profile", write_profile),
        ("PUT", f"{_HOME}/email", set_email),
        ("POST", f"{_HOME}/lifecycle/disable", disable),
        ("POST", f"{_HOME}/lifecycle/enable", enable),
        ("POST", f"{_HOME}/lifecycle/delete", delete),
        ("POST", f"{_HOME}/lifecycle/cancel-delete", cancel_delete),
        ("GET", f"{_HOME}/api-tokens", tokens),
        ("DELETE", f"{_HOME}/api-tokens/{{tokenId}}", delete_token),
    )
)
