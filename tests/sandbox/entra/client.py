"""A few lines to call the Entra face with."""

from __future__ import annotations

import datetime as dt
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sandbox.entra.auth import BASIC, CLIENT, TENANT
from sandbox.running import Running

SECRETS = {CLIENT: "sandbox-entra-secret", BASIC: "sandbox-entra-basic-secret"}
SCOPE = "https://graph.microsoft.com/.default"


def ask_token(sandbox: Running, client: str = CLIENT, tenant: str = TENANT, **form: Any) -> requests.Response:
    """Return the answer of the token endpoint."""
    usual = {"grant_type": "client_credentials", "client_id": client, "scope": SCOPE}
    proof = {} if "client_assertion" in form else {"client_secret": SECRETS.get(client, "none")}
    url = f"{sandbox.url}/entra/{tenant}/oauth2/v2.0/token"
    return requests.post(url, data=usual | proof | form, timeout=10)


def bearer(sandbox: Running, client: str = CLIENT) -> dict[str, str]:
    """Return the header of a fresh token."""
    return {"Authorization": f"Bearer {ask_token(sandbox, client).json()['access_token']}"}


class Tenant:
    """Graph, called with one token."""

    def __init__(self, sandbox: Running, client: str = CLIENT) -> None:
        self.url = f"{sandbox.url}/entra/v1.0"
        self.session = requests.Session()
        self.session.headers.update(bearer(sandbox, client))

    def call(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        """Return the answer to one GET; an absolute address is taken as it is."""
        return self.session.get(path if "://" in path else self.url + path, headers=headers, timeout=10)

    def walk(self, path: str) -> list[dict[str, Any]]:
        """Return every page of a listing, following the next links to their end."""
        pages = [self.call(path).json()]
        while link := pages[-1].get("@odata.nextLink"):
            pages.append(self.call(link).json())
        return pages

    def rows(self, path: str) -> list[dict[str, Any]]:
        """Return every row of a listing."""
        return [row for page in self.walk(path) for row in page["value"]]

    def groups(self) -> dict[str, str]:
        """Return the identifiers of the groups by name."""
        return {row["displayName"]: row["id"] for row in self.rows("/groups?$select=id,displayName&$top=999")}

    def batch(self, *inner: dict[str, Any]) -> requests.Response:
        """Return the answer to a batch."""
        return self.session.post(f"{self.url}/$batch", json={"requests": list(inner)}, timeout=10)


def certificate() -> str:
    """Return PEM text with a fresh private key and its certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seatwise")])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode() + made.public_bytes(serialization.Encoding.PEM).decode()


def public_part(pem: str) -> str:
    """Return the certificate without its key."""
    return pem[pem.index("-----BEGIN CERTIFICATE") :]
