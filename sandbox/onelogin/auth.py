"""Who may call OneLogin: credential pairs, and the tokens of ten hours they are traded for."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from sandbox.kit.world import Reply, Request, World, json_reply

LIFETIME = 36_000
ACCOUNT = 555_555
# Client id → its secret and what the pair may do.
CLIENTS = {
    "sandbox-onelogin-id": ("sandbox-onelogin-secret", "Read All"),
    "sandbox-onelogin-weak-id": ("sandbox-onelogin-weak-secret", "Authentication Only"),
}
_HEADER = re.compile(r"client_id:\s*([^,\s]+)\s*,\s*client_secret:\s*(\S+)")


@dataclass
class Desk:
    """The tokens that are valid: each with its client and the moment it ends."""

    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)


def desk(world: World) -> Desk:
    """Return the desk of this world."""
    held: Desk = world.hold("onelogin", lambda _company: Desk())
    return held


def problem(code: int, kind: str, message: str) -> Reply:
    """Return an error in the words of version 1."""
    return json_reply({"status": {"error": True, "code": code, "type": kind, "message": message}}, code)


def issue(world: World, request: Request) -> Reply:
    """Trade a credential pair for a token; `onelogin_wrapped` gives the old shape of the answer."""
    client = _client(request.headers.get("authorization", ""))
    if client is None:
        return problem(401, "Unauthorized", "Authentication Failure")
    body = request.json()
    if not isinstance(body, dict) or body.get("grant_type") != "client_credentials":
        return problem(400, "bad request", "grant_type is incorrect/missing")
    token = secrets.token_hex(32)
    desk(world).tokens[token] = (client, world.limits.clock() + LIFETIME)
    given = _told(world, token)
    if world.options.get("onelogin_wrapped"):
        status = {"error": False, "code": 200, "type": "success", "message": "Success"}
        return json_reply({"status": status, "data": [given]})
    return json_reply(given)


def _told(world: World, token: str) -> dict[str, Any]:
    return {
        "access_token": token,
        "created_at": f"{world.company.now:%Y-%m-%dT%H:%M:%S}.000Z",
        "expires_in": LIFETIME,
        "refresh_token": "deprecated",
        "token_type": "bearer",
        "account_id": ACCOUNT,
    }


def revoke(world: World, request: Request) -> Reply:
    """End a token: `{"access_token": …}`."""
    if _client(request.headers.get("authorization", "")) is None:
        return problem(401, "Unauthorized", "Authentication Failure")
    desk(world).tokens.pop(str((request.json() or {}).get("access_token")), None)
    return json_reply({"status": {"error": False, "code": 200, "type": "success", "message": "Success"}})


def caller(world: World, request: Request) -> tuple[str, str] | None:
    """Return the client a valid token was given to and what it may do, else None."""
    client, until = desk(world).tokens.get(request.bearer, ("", 0.0))
    if until <= world.limits.clock():
        return None
    return client, CLIENTS[client][1]


def invalidate(world: World, request: Request) -> None:
    """Make the token of a request invalid."""
    desk(world).tokens.pop(request.bearer, None)


def _client(sent: str) -> str | None:
    """Return the client an Authorization header proves, in either of its two forms."""
    if found := _HEADER.fullmatch(sent.strip()):
        name, secret = found.groups()
    else:
        scheme, _, coded = sent.partition(" ")
        try:
            pair = base64.b64decode(coded, validate=True).decode() if scheme.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            return None
        name, _, secret = pair.partition(":")
    return name if name in CLIENTS and CLIENTS[name][0] == secret else None
