"""OAuth at the Okta face: the assertion and the DPoP proofs are really verified."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.running import Running
from tests.sandbox.okta.client import admin

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _public(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return dict(json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())))


@pytest.fixture
def org() -> Iterator[Running]:
    """Serve an org with one application for bearer tokens and one for DPoP."""
    clients = [
        {
            "client_id": name,
            "jwks": {"keys": [_public(KEY) | {"kid": "k1"}]},
            "scopes": ["okta.users.read", "okta.groups.read"],
            "dpop": name == "bound",
        }
        for name in ("plain", "bound")
    ]
    with Running(people=10, okta_clients=clients) as sandbox:
        yield sandbox


def _assertion(sandbox: Running, client: str, *, key: Any = KEY, **claims: Any) -> str:
    body = {
        "iss": client,
        "sub": client,
        "aud": f"{sandbox.url}/okta/oauth2/v1/token",
        "exp": int(time.time()) + 300,
        "jti": uuid.uuid4().hex,
    }
    return jwt.encode(body | claims, key, algorithm="ES256", headers={"kid": "k1"})


def _token(
    sandbox: Running, assertion: str, scope: str = "okta.users.read", proof: str | None = None
) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": TYPE,
        "client_assertion": assertion,
    }
    headers = {"DPoP": proof} if proof else {}
    return requests.post(f"{sandbox.url}/okta/oauth2/v1/token", data=form, headers=headers, timeout=10)


def _proof(url: str, method: str, *, key: Any = KEY, token: str | None = None, **claims: Any) -> str:
    body: dict[str, Any] = {"htm": method, "htu": url, "iat": int(time.time()), "jti": uuid.uuid4().hex}
    if token:
        digest = hashlib.sha256(token.encode()).digest()
        body["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return jwt.encode(body | claims, key, "ES256", headers={"typ": "dpop+jwt", "jwk": _public(key)})


def _get(sandbox: Running, path: str, authorization: str, proof: str | None = None) -> int:
    headers = {"Authorization": authorization} | ({"DPoP": proof} if proof else {})
    return requests.get(f"{sandbox.url}/okta/api/v1{path}", headers=headers, timeout=10).status_code


def test_a_signed_assertion_buys_a_token_for_its_scopes(org: Running) -> None:
    """The token reads what was asked for and nothing else."""
    answer = _token(org, _assertion(org, "plain"))

    granted = answer.json()
    assert (answer.status_code, granted["token_type"], granted["expires_in"]) == (200, "Bearer", 3600)
    assert granted["scope"] == "okta.users.read"
    assert _get(org, "/users", f"Bearer {granted['access_token']}") == 200
    assert _get(org, "/groups", f"Bearer {granted['access_token']}") == 403
    assert _get(org, "/users", f"SSWS {granted['access_token']}") == 401


@pytest.mark.parametrize(
    ("claims", "key"),
    [
        ({}, OTHER),
        ({"aud": "https://elsewhere.test/oauth2/v1/token"}, KEY),
        ({"exp": int(time.time()) - 60}, KEY),
        ({"exp": int(time.time()) + 7200}, KEY),
        ({"sub": "somebody"}, KEY),
        ({"iss": "stranger", "sub": "stranger"}, KEY),
        ({"jti": None}, KEY),
    ],
    ids=["wrong key", "wrong audience", "expired", "too long", "sub is not iss", "unknown client", "no jti"],
)
def test_a_false_assertion_is_refused(org: Running, claims: dict[str, Any], key: Any) -> None:
    """Signature, audience, times, subject and client are all checked."""
    answer = _token(org, _assertion(org, "plain", key=key, **claims))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_an_assertion_is_used_once(org: Running) -> None:
    """The same jti buys no second token."""
    assertion = _assertion(org, "plain")

    assert [_token(org, assertion).status_code for _ in range(2)] == [200, 401]


@pytest.mark.parametrize("scope", ["okta.apps.read", "okta.users.read okta.users.manage", ""])
def test_scopes_that_were_not_granted_are_refused(org: Running, scope: str) -> None:
    """Asking for more than the application has is invalid_scope."""
    answer = _token(org, _assertion(org, "plain"), scope)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")


def test_the_nonce_dance_ends_in_a_bound_token(org: Running) -> None:
    """First the nonce, then a DPoP token, then one fresh proof a call."""
    url = f"{org.url}/okta/oauth2/v1/token"
    without = _token(org, _assertion(org, "bound"))
    first = _token(org, _assertion(org, "bound"), proof=_proof(url, "POST"))
    nonce = first.headers["dpop-nonce"]
    second = _token(org, _assertion(org, "bound"), proof=_proof(url, "POST", nonce=nonce))

    assert without.json()["error"] == "invalid_dpop_proof"
    assert (first.status_code, first.json()["error"]) == (400, "use_dpop_nonce")
    assert second.json()["token_type"] == "DPoP"

    token, users = second.json()["access_token"], f"{org.url}/okta/api/v1/users"
    proof = _proof(users, "GET", token=token)
    assert _get(org, "/users?limit=5", f"DPoP {token}", proof) == 200
    assert _get(org, "/users?limit=5", f"DPoP {token}", proof) == 401
    assert _get(org, "/users", f"Bearer {token}") == 401
    assert _get(org, "/users", f"DPoP {token}") == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"htm": "POST"},
        {"htu": "https://elsewhere.test/"},
        {"iat": 1_000_000_000},
        {"ath": "x"},
        {"key": OTHER},
    ],
    ids=["method", "address", "age", "token", "key"],
)
def test_a_proof_that_does_not_fit_is_refused(org: Running, wrong: dict[str, Any]) -> None:
    """Method, address, age, token and key of the proof are checked on every call."""
    url, users = f"{org.url}/okta/oauth2/v1/token", f"{org.url}/okta/api/v1/users"
    nonce = _token(org, _assertion(org, "bound"), proof=_proof(url, "POST")).headers["dpop-nonce"]
    granted = _token(org, _assertion(org, "bound"), proof=_proof(url, "POST", nonce=nonce))
    token = granted.json()["access_token"]

    claims = {"token": token} | wrong
    assert _get(org, "/users", f"DPoP {token}", _proof(users, "GET", **claims)) == 401
    assert _get(org, "/users", f"DPoP {token}", _proof(users, "GET", token=token)) == 200


def test_an_expired_oauth_token_stays_expired(org: Running) -> None:
    """The fault invalidates the token itself; a new one works."""
    bearer = f"Bearer {_token(org, _assertion(org, 'plain')).json()['access_token']}"
    admin(org, "POST", "/faults", {"path": "/okta/api/v1/users", "kind": "expire_token"})

    assert [_get(org, "/users", bearer) for _ in range(2)] == [401, 401]

    renewed = _token(org, _assertion(org, "plain")).json()["access_token"]
    assert _get(org, "/users", f"Bearer {renewed}") == 200


def test_a_token_ends_after_an_hour(org: Running) -> None:
    """Tokens live 3,600 seconds."""
    bearer = f"Bearer {_token(org, _assertion(org, 'plain')).json()['access_token']}"

    org.world.limits.clock = lambda: time.time() + 3601

    assert _get(org, "/users", bearer) == 401


def test_applications_are_registered_by_request_and_survive_a_reset(org: Running) -> None:
    """The sandbox's own door takes a public key."""
    client = {"client_id": "late", "jwks": {"keys": [_public(OTHER)]}}

    assert admin(org, "POST", "/okta/client", client).status_code == 201
    admin(org, "POST", "/reset", {})

    assertion = _assertion(org, "late", key=OTHER)
    assert _token(org, assertion, "okta.users.read okta.logs.read").status_code == 200
    assert admin(org, "POST", "/okta/client", {"client_id": "x"}).status_code == 400
