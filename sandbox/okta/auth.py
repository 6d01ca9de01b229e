"""Who may call Okta: API tokens, and OAuth service applications with private-key JWT and DPoP.

Register a service application with `POST /_sandbox/okta/client`
`{"client_id": …, "jwks": {"keys": [public JWK]}, "scopes": […], "dpop": false}` or with the option
`okta_clients=[…]` of the same shape.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import jwt
import orjson

from sandbox.kit.world import Reply, Request, World, json_reply

READ_SCOPES = frozenset(
    f"okta.{what}.read" for what in ("users", "groups", "apps", "logs", "schemas", "principalRateLimits")
)
# SSWS tokens and what their creators may read.
TOKENS = {
    "sandbox-okta-token": READ_SCOPES,
    "sandbox-okta-users-token": frozenset({"okta.users.read"}),
}
ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"]
TOKEN_PATH = "/okta/oauth2/v1/token"  # noqa: S105
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 3600
_THUMBPRINT = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}


class RefusedError(Exception):
    """A credential is not accepted; `code` is the OAuth error word."""

    def __init__(self, code: str, why: str, status: int = 400) -> None:
        """Keep the OAuth error word, a sentence and the HTTP status."""
        super().__init__(why)
        self.code, self.status = code, status


@dataclass
class Token:
    """An access token; `thumb` binds it to a DPoP key."""

    client: str
    scopes: frozenset[str]
    expires: float
    thumb: str | None = None


@dataclass
class Desk:
    """What Okta remembers of tokens it issued, nonces it gave and JWTs it has seen."""

    tokens: dict[str, Token] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    nonces: set[str] = field(default_factory=set)

    def once(self, kind: str, identifier: str) -> bool:
        """Whether an identifier is seen for the first time."""
        fresh = f"{kind} {identifier}" not in self.seen
        self.seen.add(f"{kind} {identifier}")
        return fresh


def desk(world: World) -> Desk:
    """Return the desk of this world."""
    held: Desk = world.hold("okta", lambda _company: Desk())
    return held


def clients(world: World) -> dict[str, dict[str, Any]]:
    """Return the registered service applications by client id."""
    return {client["client_id"]: client for client in world.options.setdefault("okta_clients", [])}


def register(world: World, request: Request) -> Reply:
    """Register a service application; a second registration replaces the first."""
    facts = request.json()
    if not isinstance(facts, dict) or not {"client_id", "jwks"} <= set(facts):
        return json_reply(
            {"error": 'expected {"client_id": …, "jwks": {"keys": […]}, "scopes", "dpop"}'}, 400
        )
    others = [c for c in clients(world).values() if c["client_id"] != facts["client_id"]]
    world.options["okta_clients"] = [*others, facts]
    return json_reply(facts, 201)


def issue(world: World, request: Request) -> Reply:
    """Answer the token endpoint."""
    try:
        return _issue(world, request)
    except RefusedError as refused:
        headers = [("dpop-nonce", _nonce(world))] if refused.code == "use_dpop_nonce" else []
        return json_reply({"error": refused.code, "error_description": str(refused)}, refused.status, headers)


def scopes_of(world: World, request: Request) -> tuple[str, frozenset[str]] | None:
    """Return a name for the caller's credential and its scopes, or None when it is not valid."""
    sent = request.headers.get("authorization", "")
    scheme, _, token = sent.partition(" ")
    if sent.startswith("SSWS"):
        # The vendor's own Python SDK leaves the space out and is understood.
        token = sent.removeprefix("SSWS").strip()
        scopes = world.options.get("okta_tokens", TOKENS).get(token)
        return None if scopes is None else (token, frozenset(scopes))
    known = desk(world).tokens.get(token)
    if known is None or known.expires <= world.limits.clock():
        return None
    if scheme != ("DPoP" if known.thumb else "Bearer"):
        return None
    if known.thumb:
        try:
            _, thumb = _proof(world, request, token)
        except RefusedError:
            return None
        if thumb != known.thumb:
            return None
    return known.client, known.scopes


def invalidate(world: World, request: Request) -> None:
    """Make the OAuth token of a request invalid; an API token stays."""
    desk(world).tokens.pop(request.headers.get("authorization", "").partition(" ")[2], None)


def _issue(world: World, request: Request) -> Reply:
    form = dict(parse_qsl(request.body.decode()))
    if form.get("grant_type") != "client_credentials":
        raise RefusedError("unsupported_grant_type", "Only client_credentials is offered.")
    client = _client(world, request, form)
    asked = frozenset(form.get("scope", "").split())
    granted = frozenset(client.get("scopes", READ_SCOPES))
    if not asked or asked - granted:
        raise RefusedError("invalid_scope", f"One or more scopes are not granted: {sorted(asked - granted)}.")
    thumb = _bound_key(world, request, required=bool(client.get("dpop")))
    token = secrets.token_urlsafe(48)
    expires = world.limits.clock() + LIFETIME
    desk(world).tokens[token] = Token(client["client_id"], asked, expires, thumb)
    kind = "DPoP" if thumb else "Bearer"
    body = {
        "token_type": kind,
        "expires_in": LIFETIME,
        "access_token": token,
        "scope": " ".join(sorted(asked)),
    }
    return json_reply(body)


def _client(world: World, request: Request, form: Mapping[str, str]) -> dict[str, Any]:
    """Return the application whose key signed the assertion."""
    bad = "invalid_client"
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise RefusedError(bad, "The client_assertion of private_key_jwt is missing.", 401)
    assertion = form["client_assertion"]
    try:
        head = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, options={"verify_signature": False})
        client = clients(world)[claims["iss"]]
        key = _key(client["jwks"]["keys"], head.get("kid"))
        must = ["iss", "sub", "aud", "exp", "jti"]
        audience = [request.base + TOKEN_PATH, world.base + TOKEN_PATH]
        jwt.decode(assertion, key, ALGORITHMS, audience=audience, options={"require": must})
    except (jwt.PyJWTError, KeyError, LookupError) as error:
        raise RefusedError(bad, f"The client_assertion is not valid: {error}.", 401) from error
    if claims["sub"] != claims["iss"] or claims["exp"] > world.limits.clock() + LIFETIME:
        raise RefusedError(bad, "sub must be iss, and exp at most an hour ahead.", 401)
    if not desk(world).once("assertion", str(claims["jti"])):
        raise RefusedError(bad, "The client_assertion was used before.", 401)
    return client


def _key(keys: list[dict[str, Any]], kid: str | None) -> jwt.PyJWK:
    fitting = [key for key in keys if kid is None or key.get("kid", kid) == kid]
    if not fitting:
        raise KeyError(f"no key {kid} is registered")
    return jwt.PyJWK.from_dict(fitting[0])


def _bound_key(world: World, request: Request, *, required: bool) -> str | None:
    """Return the thumbprint of the DPoP key a token is asked for, None without DPoP."""
    if "dpop" not in request.headers:
        if required:
            raise RefusedError("invalid_dpop_proof", "The DPoP proof JWT header is missing.")
        return None
    claims, thumb = _proof(world, request, None)
    if claims.get("nonce") not in desk(world).nonces:
        raise RefusedError("use_dpop_nonce", "Authorization server requires nonce in DPoP proof.")
    return thumb


def _nonce(world: World) -> str:
    nonce = secrets.token_urlsafe(16)
    desk(world).nonces.add(nonce)
    return nonce


def _proof(world: World, request: Request, token: str | None) -> tuple[dict[str, Any], str]:
    """Return the claims and the key's thumbprint of a valid DPoP proof for this request."""
    bad = "invalid_dpop_proof"
    proof = request.headers.get("dpop", "")
    try:
        head = jwt.get_unverified_header(proof)
        public = head["jwk"]
        claims = jwt.decode(
            proof,
            jwt.PyJWK.from_dict(public),
            ALGORITHMS,
            options={"require": ["iat", "jti"], "verify_aud": False},
        )
    except (jwt.PyJWTError, KeyError) as error:
        raise RefusedError(bad, f"The DPoP proof JWT is not valid: {error}.") from error
    where = {request.base + request.path, world.base + request.path}
    if head.get("typ") != "dpop+jwt" or claims.get("htm") != request.method or claims.get("htu") not in where:
        raise RefusedError(bad, "typ, htm or htu of the DPoP proof do not fit the request.")
    if abs(claims["iat"] - world.limits.clock()) > 300:
        raise RefusedError(bad, "iat of the DPoP proof is more than five minutes off.")
    if token is not None and claims.get("ath") != _digest(token.encode()):
        raise RefusedError(bad, "ath of the DPoP proof does not fit the token.")
    if not desk(world).once("proof", str(claims["jti"])):
        raise RefusedError(bad, "The DPoP proof JWT was used before.")
    return claims, thumbprint(public)


def thumbprint(public: Mapping[str, Any]) -> str:
    """Return the RFC 7638 thumbprint of a public key."""
    members = {name: public[name] for name in _THUMBPRINT[public["kty"]]}
    return _digest(orjson.dumps(members, option=orjson.OPT_SORT_KEYS))


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
