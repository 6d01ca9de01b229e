"""Entra's tokens: msal asks and keeps them, our transport carries.

msal takes only https authorities. A plain-http one, where the door lets it through, is told to msal as https,
and the scheme is put back before a request leaves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msal
import orjson
from jwt import PyJWTError

from transport.access_token import AccessToken, IssuedToken
from transport.auth import Unsigned
from transport.door import Door
from transport.errors import BadRequest, CredentialRefused, Malformed, TransportError
from transport.redact import conceal
from transport.shape import object_of

_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----", re.DOTALL)
Credential = str | dict[str, str]


def from_pem(text: str) -> Credential:
    """Return msal's form of a certificate with its private key, both in one PEM text."""
    blocks = {found[1]: found[0] for found in _PEM.finditer(text)}
    key = next((block for label, block in blocks.items() if label.endswith("PRIVATE KEY")), "")
    return {"private_key": key, "public_certificate": blocks.get("CERTIFICATE", "")}


class EntraToken(AccessToken):
    """The access token of an application, which msal asks for and keeps.

    Args:
        door: the connection's door.
        authority: address of the tenant at its login authority.
        client_id: the application.
        credential: its secret, or its certificate as msal takes it.
        scope: what the token is for.
    """

    def __init__(
        self, door: Door, authority: str, client_id: str, credential: Credential, *, scope: str
    ) -> None:
        super().__init__()
        self._client_id, self._credential, self._scope = client_id, credential, scope
        conceal(*([credential] if isinstance(credential, str) else [credential["private_key"]]))
        self._authority = authority.replace("http://", "https://", 1)
        self._carrier = _Carrier(door, authority, client_id)
        self._app: msal.ConfidentialClientApplication | None = None

    def request_token(self) -> IssuedToken:
        """Ask msal, which answers from its cache where it can."""
        self._app = self._app or self._open()
        try:
            answer = self._app.acquire_token_for_client([self._scope])
        except (ValueError, TypeError, PyJWTError) as wrong:
            raise CredentialRefused(
                f"the private key cannot sign ({type(wrong).__name__})",
                remedy="Give the unencrypted RSA key that belongs to the certificate.",
            ) from None
        if "access_token" not in answer:
            raise self._refusal(answer)
        return IssuedToken(str(answer["access_token"]), float(answer.get("expires_in") or 0))

    def discard_token(self) -> None:
        """Take the refused token out of msal's cache."""
        if self._app is not None:
            self._app.remove_tokens_for_client()

    def _open(self) -> msal.ConfidentialClientApplication:
        """Make msal's application, which reads the tenant's discovery document."""
        try:
            return msal.ConfidentialClientApplication(
                self._client_id,
                client_credential=self._credential,
                authority=self._authority,
                instance_discovery=False,
                http_client=self._carrier,
            )
        except (ValueError, KeyError) as wrong:
            raise Malformed(
                f"the login authority or the certificate is not understood ({wrong})",
                url=self._authority,
                remedy="Check `tenant`, `authority` and `certificate` of the connection.",
            ) from None

    def _refusal(self, answer: Mapping[str, Any]) -> CredentialRefused:
        words = f"{answer.get('error', 'no token')}: {answer.get('error_description', '')}"
        return CredentialRefused(
            words.splitlines()[0],
            method="POST",
            url=self._authority,
            body=dict(answer),
            remedy="Check tenant, client_id and the secret or certificate of the connection; both expire.",
        )


@dataclass(frozen=True)
class _Answer:
    """What msal wants to know of an answer."""

    status_code: int
    text: str
    headers: Mapping[str, str]


class _Carrier:
    """The `http_client` of msal: our transport, to the host of the authority alone."""

    def __init__(self, door: Door, authority: str, client_id: str) -> None:
        self._plain = urlsplit(authority).scheme == "http"
        self._client = door.client(
            authority, Unsigned(), token_id=f"{client_id} token", bucket=lambda *_: "token"
        )

    def get(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> _Answer:
        """Read a document; a failure raises as it does everywhere."""
        reply = self._client.get(self._address(url), params, headers)
        object_of(reply)
        return _Answer(reply.status, reply.content.decode(), reply.headers)

    def post(
        self,
        url: str,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> _Answer:
        """Ask for a token; a refusal with a reason is an answer to msal, which words it."""
        try:
            reply = self._client.search(self._address(url), headers=headers, form=data or {})
        except (BadRequest, CredentialRefused) as error:
            return _Answer(int(error.status or 400), _json(error), error.headers)
        object_of(reply)  # msal takes for granted that it is one.
        return _Answer(reply.status, reply.content.decode(), reply.headers)

    def close(self) -> None:
        """Keep the connections; they end with the process."""

    def _address(self, url: str) -> str:
        return url.replace("https://", "http://", 1) if self._plain else url


def _json(error: TransportError) -> str:
    """Return a refusal as the OAuth error it is, or as one."""
    body = error.body if isinstance(error.body, dict) and isinstance(error.body.get("error"), str) else None
    return orjson.dumps(body or {"error": "refused", "error_description": error.message}).decode()
