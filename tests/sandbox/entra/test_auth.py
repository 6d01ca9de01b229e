"""The login authority: secrets and certificates are verified, and msal itself gets its tokens there."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from sandbox.entra.auth import BASIC, CLIENT, TENANT
from sandbox.entra.face import FACE
from sandbox.running import Running
from tests.sandbox.entra.client import SCOPE, Tenant, ask_token, bearer, certificate, public_part
from tests.sandbox.okta.client import admin

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def pem() -> str:
    return certificate()


@pytest.fixture
def tenant(pem: str) -> Iterator[Running]:
    """Serve a tenant that knows an application with a certificate besides the usual two."""
    with Running(people=10, faces=(FACE,)) as sandbox:
        client = {"client_id": "signed", "certificate": public_part(pem), "roles": ["User.Read.All"]}
        assert admin(sandbox, "POST", "/entra/client", client).status_code == 201
        yield sandbox


class Plain:
    """An http_client for msal that sends https addresses over http."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def get(self, url: str, **more: Any) -> requests.Response:
        return self._send("GET", url, more)

    def post(self, url: str, **more: Any) -> requests.Response:
        return self._send("POST", url, more)

    def close(self) -> None:
        pass

    def _send(self, method: str, url: str, more: dict[str, Any]) -> requests.Response:
        assert url.startswith("https://")
        self.sent.append(method)
        return requests.request(method, url.replace("https", "http", 1), timeout=10, **more)


def _msal(sandbox: Running, client: str, credential: Any) -> tuple[Any, Plain]:
    carrier = Plain()
    authority = f"{sandbox.url}/entra/{TENANT}".replace("http", "https", 1)
    app = msal.ConfidentialClientApplication(
        client,
        client_credential=credential,
        authority=authority,
        instance_discovery=False,
        http_client=carrier,
    )
    return app, carrier


def _assertion(sandbox: Running, pem: str, thumb: str = "x5t#S256", **claims: Any) -> str:
    body = {
        "aud": f"https://{sandbox.url.partition('://')[2]}/entra/{TENANT}/oauth2/v2.0/token",
        "exp": time.time() + 300,
        "iss": "signed",
        "sub": "signed",
        "jti": uuid.uuid4().hex,
    }
    made = x509.load_pem_x509_certificate(public_part(pem).encode())
    digest = made.fingerprint(hashes.SHA1() if thumb == "x5t" else hashes.SHA256())
    head = {thumb: jwt.utils.base64url_encode(digest).decode()}
    algorithm = "RS256" if thumb == "x5t" else "PS256"
    return jwt.encode(body | claims, pem, algorithm=algorithm, headers=head)


def test_msal_gets_a_token_by_secret_and_keeps_it(tenant: Running) -> None:
    """Discovery and one token request are all that msal sends for any number of calls."""
    app, carrier = _msal(tenant, CLIENT, "sandbox-entra-secret")

    first = app.acquire_token_for_client([SCOPE])
    second = app.acquire_token_for_client([SCOPE])

    assert (first["token_source"], second["token_source"]) == ("identity_provider", "cache")
    assert carrier.sent == ["GET", "POST"]
    answer = requests.get(
        f"{tenant.url}/entra/v1.0/organization",
        headers={"Authorization": f"Bearer {second['access_token']}"},
        timeout=10,
    )
    assert answer.json()["value"][0]["id"] == TENANT


@pytest.mark.parametrize("thumb", [False, True], ids=["x5t#S256", "x5t"])
def test_msal_gets_a_token_by_certificate(tenant: Running, pem: str, thumb: bool) -> None:
    """The assertion that msal signs is verified, in both of its forms."""
    made = x509.load_pem_x509_certificate(public_part(pem).encode())
    named = {"thumbprint": made.fingerprint(hashes.SHA1()).hex()} if thumb else {}
    credential = {"private_key": pem, "public_certificate": public_part(pem)} | named
    app, _ = _msal(tenant, "signed", credential)

    given = app.acquire_token_for_client([SCOPE])

    assert given.get("token_type") == "Bearer", given


@pytest.mark.parametrize(
    ("form", "status", "word", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client": "nobody"}, 400, "unauthorized_client", 700016),
        ({"tenant": "nowhere"}, 400, "invalid_request", 90002),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "https://elsewhere.test/.default"}, 400, "invalid_scope", 70011),
        ({"client": "signed", "client_assertion": "x"}, 401, "invalid_client", 7000218),
    ],
    ids=["secret", "client", "tenant", "grant", "scope", "no assertion type"],
)
def test_refusals_bear_their_numbers(
    tenant: Running, form: dict[str, str], status: int, word: str, number: int
) -> None:
    """Every refusal says an OAuth word and Entra's own number."""
    answer = ask_token(tenant, **form)

    assert (answer.status_code, answer.json()["error"]) == (status, word)
    assert answer.json()["error_codes"] == [number]
    assert answer.json()["error_description"].startswith(f"AADSTS{number}: ")


def _by(tenant: Running, assertion: str) -> requests.Response:
    return ask_token(tenant, "signed", client_assertion=assertion, client_assertion_type=TYPE)


@pytest.mark.parametrize(
    "claims",
    [{"aud": "https://login.test/"}, {"exp": time.time() - 7200}, {"iss": "other"}, {"jti": None}],
    ids=["audience", "expired", "issuer", "no jti"],
)
def test_a_false_assertion_is_refused(tenant: Running, pem: str, claims: dict[str, Any]) -> None:
    """Audience, times, issuer and identifier are checked; the same without the flaw is accepted."""
    assert _by(tenant, _assertion(tenant, pem)).status_code == 200

    answer = _by(tenant, _assertion(tenant, pem, **claims))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_another_key_is_refused(tenant: Running, pem: str) -> None:
    """A signature by another key fails, under its own thumbprint and under the registered one."""
    stranger = certificate()
    key = stranger[: stranger.index("-----BEGIN CERTIFICATE")]

    assert _by(tenant, _assertion(tenant, stranger)).status_code == 401
    assert _by(tenant, _assertion(tenant, key + public_part(pem))).status_code == 401


def test_the_discovery_document_speaks_https(tenant: Running) -> None:
    """Every endpoint is https, as msal demands, also under the tenant's domain; others are unknown."""
    here = f"{tenant.url}/entra/{{}}/v2.0/.well-known/openid-configuration"
    document = requests.get(here.format("acme.test"), timeout=10).json()

    assert all(
        document[name].startswith("https://127.0.0.1:") for name in document if name.endswith("endpoint")
    )
    assert document["issuer"].endswith(f"{TENANT}/v2.0")
    assert requests.get(here.format("nowhere"), timeout=10).status_code == 400


def test_tokens_expire_and_are_missed(tenant: Running) -> None:
    """Without a token, with a stranger's, and after its life: 401 with Graph's words."""
    url = f"{tenant.url}/entra/v1.0/users"
    token = bearer(tenant)
    none = requests.get(url, timeout=10)
    false = requests.get(url, headers={"Authorization": "Bearer x"}, timeout=10)
    alive = requests.get(url, headers=token, timeout=10)
    tenant.world.limits.clock = lambda: time.time() + 3600
    late = requests.get(url, headers=token, timeout=10)

    assert [none.status_code, false.status_code, alive.status_code, late.status_code] == [401, 401, 200, 401]
    assert none.json()["error"]["message"] == "Access token is empty."
    assert late.json()["error"]["code"] == "InvalidAuthenticationToken"


def test_an_expired_token_stays_expired(tenant: Running) -> None:
    """The fault invalidates the token itself."""
    graph = Tenant(tenant)
    tenant.world.faults.add(path="/entra/v1.0/users", kind="expire_token")

    assert [graph.call("/users").status_code for _ in range(2)] == [401, 401]
    assert Tenant(tenant).call("/users").status_code == 200


def test_rights_are_told_apart(tenant: Running) -> None:
    """An application reads what its roles allow, property by property where Graph asks for more."""
    graph = Tenant(tenant, BASIC)
    answers = {
        path: graph.call(path).status_code
        for path in (
            "/users?$select=id",
            "/groups",
            "/users?$select=employeeLeaveDateTime",
            "/users?$select=signInActivity",
            "/users?$filter=signInActivity/lastSignInDateTime ge 2020-01-01T00:00:00Z",
            "/servicePrincipals",
        )
    }

    assert list(answers.values()) == [200, 200, 403, 403, 403, 403]
    refusal = graph.call("/servicePrincipals").json()["error"]
    assert refusal["code"] == "Authorization_RequestDenied"
    assert set(refusal["innerError"]) == {"date", "request-id", "client-request-id"}
