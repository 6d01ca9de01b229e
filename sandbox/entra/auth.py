"""The login authority: discovery and the token endpoint, for client secrets and certificates.

The addresses in the discovery document are https, as msal demands; a client on loopback sends them
over http. Register an application with `POST /_sandbox/entra/client`
`{"client_id": …, "secret": …, "certificate": PEM, "roles": […]}` or with the option
`entra_clients=[…]` of the same shape. Without the option there are two applications, `CLIENT` with
every role and `BASIC` without licence-bound ones. The option `entra_token_seconds` shortens the life
of tokens.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import NAMESPACE_OID, uuid5

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from sandbox.kit.world import Reply, Request, World, json_reply

TENANT = "5e1f0a52-0000-4000-8000-0000000000e1"
TENANT_NAMES = (TENANT, "acme.test", "acme.onmicrosoft.com")
CLIENT = "5e1f0a52-0000-4000-8000-0000000000c1"
BASIC = "5e1f0a52-0000-4000-8000-0000000000c2"
ROLES = frozenset(
    {
        "Application.Read.All",
        "AuditLog.Read.All",
        "Group.Read.All",
        "User.Read.All",
        "User-LifeCycleInfo.Read.All",
    }
)
CLIENTS = (
    {"client_id": CLIENT, "secret": "sandbox-entra-secret", "roles": sorted(ROLES)},
    {
        "client_id": BASIC,
        "secret": "sandbox-entra-basic-secret",
        "roles": ["User.Read.All", "GroupMember.Read.All"],
    },
)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["RS256", "PS256"]
LIFETIME = 3599
GRAPH_SCOPES = ("https://graph.microsoft.com/.default",)


class DeniedError(Exception):
    """A token is not given; `number` is Entra's AADSTS number, `code` the OAuth error word."""

    def __init__(self, number: int, code: str, why: str, status: int = 400) -> None:
        """Keep what the answer will say."""
        super().__init__(why)
        self.number, self.code, self.status = number, code, status


@dataclass
class Token:
    """An access token."""

    client: str
    roles: frozenset[str]
    expires: float


@dataclass
class Desk:
    """What the tenant remembers: the tokens it gave, and which page tokens are valid."""

    tokens: dict[str, Token] = field(default_factory=dict)
    pages: int = 1


def desk(world: World) -> Desk:
    """Return the desk of this world."""
    held: Desk = world.hold("entra", lambda _company: Desk())
    return held


def clients(world: World) -> dict[str, Mapping[str, Any]]:
    """Return the registered applications by client id."""
    known = world.options.setdefault("entra_clients", [dict(client) for client in CLIENTS])
    return {client["client_id"]: client for client in known}


def register(world: World, request: Request) -> Reply:
    """Register an application; a second registration replaces the first."""
    facts = request.json()
    if not isinstance(facts, dict) or "client_id" not in facts or not {"secret", "certificate"} & set(facts):
        return json_reply(
            {"error": 'expected {"client_id": …, "secret" or "certificate": …, "roles": […]}'}, 400
        )
    others = [client for client in clients(world).values() if client["client_id"] != facts["client_id"]]
    world.options["entra_clients"] = [*others, facts]
    return json_reply(facts, 201)


def authority(request: Request) -> str:
    """Return the tenant's address as https, the only scheme an authority has."""
    return f"https://{request.base.partition('://')[2]}/entra/{TENANT}"


def discover(_world: World, request: Request) -> Reply:
    """Answer the OpenID configuration of the tenant."""
    if request.params["tenant"] not in TENANT_NAMES:
        return denied(_no_tenant(request))
    here = authority(request)
    return json_reply(
        {
            "token_endpoint": f"{here}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{here}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{here}/v2.0",
            "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{here}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "msgraph_host": "graph.microsoft.com",
        }
    )


def issue(world: World, request: Request) -> Reply:
    """Answer the token endpoint."""
    try:
        return _issue(world, request)
    except DeniedError as why:
        return denied(why)


def denied(why: DeniedError) -> Reply:
    """Return a refusal the way the authority writes it."""
    now = datetime.now(UTC)
    trace = str(uuid5(NAMESPACE_OID, f"{why} {now}"))
    words = f"AADSTS{why.number}: {why} Trace ID: {trace} Timestamp: {now:%Y-%m-%d %H:%M:%SZ}"
    body = {
        "error": why.code,
        "error_description": words,
        "error_codes": [why.number],
        "timestamp": f"{now:%Y-%m-%d %H:%M:%SZ}",
        "trace_id": trace,
        "correlation_id": trace,
        "error_uri": f"https://login.microsoftonline.com/error?code={why.number}",
    }
    return json_reply(body, why.status)


def principal(world: World, request: Request) -> Token | None:
    """Return the valid token a request bears."""
    token = desk(world).tokens.get(request.bearer)
    return token if token and token.expires > world.limits.clock() else None


def invalidate(world: World, request: Request) -> None:
    """Make the token of a request invalid."""
    desk(world).tokens.pop(request.bearer, None)


def _no_tenant(request: Request) -> DeniedError:
    return DeniedError(90002, "invalid_request", f"Tenant '{request.params['tenant']}' not found.")


def _issue(world: World, request: Request) -> Reply:
    form = dict(parse_qsl(request.body.decode()))
    if request.params["tenant"] not in TENANT_NAMES:
        raise _no_tenant(request)
    if form.get("grant_type") != "client_credentials":
        raise DeniedError(70003, "unsupported_grant_type", "The app requested an unsupported grant type.")
    client = _client(world, request, form)
    scope = form.get("scope", "")
    if scope not in (*GRAPH_SCOPES, f"{request.base}/entra/.default"):
        raise DeniedError(70011, "invalid_scope", f"The provided value for scope {scope} is not valid.")
    token = secrets.token_urlsafe(48)
    lifetime = int(world.options.get("entra_token_seconds", LIFETIME))
    roles = frozenset(client.get("roles", ROLES))
    desk(world).tokens[token] = Token(client["client_id"], roles, world.limits.clock() + lifetime)
    return json_reply(
        {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": token,
        }
    )


def _client(world: World, request: Request, form: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the application that proved itself by its secret or by its certificate."""
    name = form.get("client_id", "")
    client = clients(world).get(name)
    if client is None:
        why = f"Application with identifier '{name}' was not found in the directory 'Acme'."
        raise DeniedError(700016, "unauthorized_client", why)
    if "client_secret" in form:
        if not client.get("secret") or form["client_secret"] != client["secret"]:
            raise DeniedError(7000215, "invalid_client", "Invalid client secret provided.", 401)
    elif form.get("client_assertion_type") == ASSERTION_TYPE and client.get("certificate"):
        _check_assertion(request, client, form.get("client_assertion", ""))
    else:
        why = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise DeniedError(7000218, "invalid_client", why, 401)
    return client


def _check_assertion(request: Request, client: Mapping[str, Any], assertion: str) -> None:
    """Verify the signature by the registered certificate, whose thumbprint the header must name."""
    certificate = x509.load_pem_x509_certificate(client["certificate"].encode())
    audience = f"{authority(request)}/oauth2/v2.0/token"
    must = ["aud", "exp", "iss", "sub", "jti"]
    key: Any = certificate.public_key()
    try:
        head = jwt.get_unverified_header(assertion)
        if not _names(head, certificate):
            raise jwt.InvalidKeyError("the thumbprint is of another certificate")
        claims = jwt.decode(assertion, key, ALGORITHMS, audience=audience, options={"require": must})
    except jwt.PyJWTError as error:
        why = f"The certificate with identifier used to sign the client assertion is not valid: {error}."
        raise DeniedError(700027, "invalid_client", why, 401) from error
    if {claims["iss"], claims["sub"]} != {client["client_id"]}:
        raise DeniedError(
            700021, "invalid_client", "Client assertion application identifier doesn't match.", 401
        )


def _names(head: Mapping[str, Any], certificate: x509.Certificate) -> bool:
    """Whether the header of an assertion names this certificate."""
    # SHA-1 is what the older of the two headers is defined with.
    algorithms = {"x5t": hashes.SHA1(), "x5t#S256": hashes.SHA256()}  # noqa: S303
    named = {name: str(head.get(name, "")).rstrip("=") for name in algorithms}
    return any(named[name] == _digest(certificate, algorithm) for name, algorithm in algorithms.items())


def _digest(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm) -> str:
    return base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).rstrip(b"=").decode()
