"""Google's tokens: a claim signed by the service account's key is traded for a token of an hour."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sandbox.google_workspace.key import PEM, SERVICE_ACCOUNT
from sandbox.kit.world import Face, Reply, Request, Route, World, json_reply

ADMIN = "admin@acme.test"
# What clients say the claim is meant for, wherever they send it.
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = 3599
_SCOPE = "https://www.googleapis.com/auth/admin.directory.{}.readonly"
USERS, GROUPS = _SCOPE.format("user"), _SCOPE.format("group")
DELEGATED = frozenset({USERS, GROUPS})
UNAUTHORIZED = (
    "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of "
    "the scopes requested."
)


class RefusedError(Exception):
    """A claim is not accepted; `code` is the OAuth error word."""

    def __init__(self, code: str, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.code, self.status = code, status


@dataclass
class Desk:
    """The tokens that are valid: each with its scopes and the moment it ends."""

    tokens: dict[str, tuple[frozenset[str], float]] = field(default_factory=dict)


def desk(world: World) -> Desk:
    """Return the desk of this world."""
    held: Desk = world.hold("google_oauth", lambda _company: Desk())
    return held


def issue(world: World, request: Request) -> Reply:
    """Trade a signed claim for a token."""
    form = dict(parse_qsl(request.body.decode()))
    try:
        scopes = _delegated(form)
    except RefusedError as refused:
        return json_reply({"error": refused.code, "error_description": str(refused)}, refused.status)
    token = f"ya29.{secrets.token_urlsafe(40)}"
    desk(world).tokens[token] = scopes, world.limits.clock() + LIFETIME
    return json_reply({"access_token": token, "expires_in": LIFETIME, "token_type": "Bearer"})


def _delegated(form: dict[str, str]) -> frozenset[str]:
    """Return the scopes a claim asks for, once it is seen that all were delegated."""
    if form.get("grant_type") != GRANT:
        raise RefusedError("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type')}")
    try:
        claim: dict[str, Any] = jwt.decode(
            form.get("assertion", ""), _public(), ["RS256"], audience=AUDIENCE, issuer=SERVICE_ACCOUNT
        )
    except jwt.PyJWTError as wrong:
        raise RefusedError("invalid_grant", f"Invalid JWT: {wrong}") from None
    scopes = frozenset(claim.get("scope", "").split())
    if not scopes or scopes - DELEGATED:
        raise RefusedError("unauthorized_client", UNAUTHORIZED, 401)
    if claim.get("sub") != ADMIN:
        raise RefusedError("invalid_grant", "Invalid email or User ID")
    return scopes


@cache
def _public() -> Any:
    return load_pem_private_key(PEM.encode(), None).public_key()


def scopes_of(world: World, request: Request) -> frozenset[str] | None:
    """Return what the token of a request may do; None where it is not valid."""
    scopes, until = desk(world).tokens.get(request.bearer, (frozenset(), 0.0))
    return scopes if until > world.limits.clock() else None


def invalidate(world: World, request: Request) -> None:
    """Make the token of a request invalid."""
    desk(world).tokens.pop(request.bearer, None)


def _error(_world: World, _request: Request, status: int) -> Reply:
    code = {401: "unauthorized_client", 503: "temporarily_unavailable"}.get(status, "invalid_request")
    return json_reply({"error": code, "error_description": f"simulated {status}"}, status)


OAUTH = Face(
    name="google_oauth",
    prefix="/google-oauth",
    routes=(Route("POST", "/token", issue, reads=True),),
    error=_error,
)
