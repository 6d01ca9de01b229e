"""Google's tokens: google-auth signs and asks, our transport carries.

Google knows the service account by its key and lets it act as an administrator. One scope that was not
delegated fails the whole request, so the refusal says which were asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson
from google.auth.exceptions import RefreshError
from google.auth.transport import Request
from google.oauth2.service_account import Credentials
from pydantic import SecretStr

from transport.access_token import AccessToken, IssuedToken
from transport.auth import Unsigned
from transport.door import Door
from transport.errors import BadRequest, CredentialRefused, Forbidden
from transport.redact import conceal
from transport.shape import object_of

SCOPES = tuple(
    f"https://www.googleapis.com/auth/admin.directory.{what}.readonly" for what in ("user", "group")
)
DELEGATE = (
    "In the Admin console, under Security, API controls, Domain-wide delegation, authorise client id "
    "{client} for {scopes}."
)
WHOLE_FILE = "Give the whole JSON file that Google made with the key."
ACT_AS = "Let `subject` be the address of an administrator who may read users and groups, in this customer."


def read_key(secret: SecretStr) -> dict[str, Any]:
    """Return the key of a service account.

    Raises:
        CredentialRefused: it is not the JSON file that Google makes.
    """
    try:
        key = orjson.loads(secret.get_secret_value())
        missing = [name for name in ("client_email", "private_key", "token_uri") if not key.get(name)]
    except (orjson.JSONDecodeError, AttributeError):
        key, missing = {}, ["the form of JSON"]
    if missing:
        raise CredentialRefused(
            f"the key of the service account lacks {', '.join(missing)}", remedy=WHOLE_FILE
        )
    return dict(key)


class GoogleToken(AccessToken):
    """The access token of a service account that acts as an administrator.

    Args:
        door: the connection's door.
        key: the service account's key as Google's JSON file holds it.
        subject: address of the administrator.
        token_url: where tokens are asked for.
    """

    def __init__(self, door: Door, key: Mapping[str, Any], subject: str, token_url: str) -> None:
        super().__init__()
        conceal(str(key["private_key"]))
        self._key, self._subject, self._token_url = key, subject, token_url
        self._carrier = _Carrier(door, token_url, f"{key['client_email']} token")
        self._credentials: Credentials | None = None

    def request_token(self) -> IssuedToken:
        """Ask Google for a token of an hour."""
        credentials = self._credentials = self._credentials or self._read_key()
        try:
            credentials.refresh(self._carrier)  # type: ignore[no-untyped-call]
        except RefreshError as refused:
            raise self._refusal(refused) from None
        until = credentials.expiry
        left = (until.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds() if until else 0.0
        return IssuedToken(str(credentials.token), left)

    def _read_key(self) -> Credentials:
        info = {**self._key, "token_uri": self._token_url}
        try:
            made: Credentials = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                info, scopes=SCOPES, subject=self._subject
            )
        except ValueError:
            raise CredentialRefused(
                "the private key of the service account cannot be read", remedy=WHOLE_FILE
            ) from None
        return made

    def _refusal(self, refused: RefreshError) -> CredentialRefused:
        body = refused.args[1] if len(refused.args) > 1 else {}
        delegation = isinstance(body, dict) and body.get("error") == "unauthorized_client"
        client = self._key.get("client_id") or self._key["client_email"]
        remedy = DELEGATE.format(client=client, scopes=", ".join(SCOPES)) if delegation else ACT_AS
        words = str(refused.args[0])
        return CredentialRefused(words, method="POST", url=self._token_url, body=body, remedy=remedy)


@dataclass(frozen=True)
class _Answer:
    """What google-auth wants to know of an answer."""

    status: int
    data: bytes
    headers: Mapping[str, str]


class _Carrier(Request):
    """How google-auth sends: by our transport, to the token endpoint alone."""

    def __init__(self, door: Door, token_url: str, token_id: str) -> None:
        self._client = door.client(token_url, Unsigned(), token_id=token_id, bucket=lambda *_: "token")

    def __call__(
        self,
        url: str,
        method: str = "POST",
        body: Any = None,
        headers: Any = None,
        timeout: Any = None,  # noqa: ARG002 - the door's bounds hold
        **_: Any,
    ) -> _Answer:
        """Ask for a token; a refusal with a reason is an answer to google-auth, which words it."""
        try:
            assert method == "POST"
            reply = self._client.search(url, headers=headers, form=dict(parse_qsl(body.decode())))
        except (BadRequest, CredentialRefused, Forbidden) as error:
            said = error.body if isinstance(error.body, dict) else {"error": error.message}
            return _Answer(int(error.status or 400), orjson.dumps(said), error.headers)
        object_of(reply)
        return _Answer(reply.status, reply.content, reply.headers)
