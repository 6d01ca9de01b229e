"""A client we did not write reads the Okta face: the vendor's SDK, in its three ways to sign in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.running import Running

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "k1"}
SCOPES = ["okta.users.read", "okta.groups.read"]

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::pydantic.warnings.PydanticDeprecationWarning"
)


@pytest.fixture(scope="module")
def org() -> Iterator[Running]:
    """Serve 450 well-formed people; the SDK fails a page for one odd record."""
    clients = [
        {"client_id": name, "jwks": {"keys": [PUBLIC]}, "scopes": SCOPES, "dpop": name == "bound"}
        for name in ("plain", "bound")
    ]
    with Running(people=450, seed=3, odd=False, okta_clients=clients) as sandbox:
        yield sandbox


def _signed_in(client: str) -> dict[str, Any]:
    return {
        "authorizationMode": "PrivateKey",
        "clientId": client,
        "scopes": SCOPES,
        "privateKey": PEM,
        "kid": "k1",
        "dpopEnabled": client == "bound",
    }


WAYS = {"token": {"token": "sandbox-okta-token"}, "bearer": _signed_in("plain"), "dpop": _signed_in("bound")}


async def _logins(config: dict[str, Any]) -> list[str]:
    from okta.client import Client
    from okta.pagination import paginate_all

    async with Client(config) as client:
        return [user.profile.login async for user in paginate_all(client.list_users, limit=200)]


@pytest.mark.parametrize("way", WAYS)
def test_the_sdk_lists_everybody(org: Running, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """450 people in three pages, each once, whichever way the SDK signs in."""
    monkeypatch.setenv("OKTA_TESTING_TESTINGDISABLEHTTPSCHECK", "true")

    logins = asyncio.run(_logins({"orgUrl": f"{org.url}/okta"} | WAYS[way]))

    assert logins == [person.login for person in org.world.company.present()]
