"""OneLogin's tokens: a pair of client id and secret is traded for a token of ten hours."""

from __future__ import annotations

import threading
import time
from typing import Any

from pydantic import SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase

from transport.auth import Basic, Renewable
from transport.door import Door
from transport.errors import Malformed
from transport.redact import conceal

TOKEN_PATH = "/auth/oauth2/v2/token"  # noqa: S105 - the path of the endpoint
RENEW_EARLY = 300.0


class Pair(AuthBase):
    """OneLogin's own header for a pair of client id and secret."""

    def __init__(self, client_id: str, secret: SecretStr) -> None:
        """Take both; the secret is concealed from now on."""
        conceal(secret.get_secret_value())
        self._value = f"client_id:{client_id}, client_secret:{secret.get_secret_value()}"

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign the request."""
        request.headers["Authorization"] = self._value
        return request


class AccessToken(Renewable):
    """Signs requests with a token that it gets, shares among threads and renews.

    Args:
        door: the connection's door; the token is asked of the same host.
        url: address of the account.
        client_id: names the pair.
        secret: proves it.
        own_header: whether the pair goes into OneLogin's own header instead of HTTP Basic.
    """

    def __init__(self, door: Door, url: str, client_id: str, secret: SecretStr, *, own_header: bool) -> None:
        pair = Pair(client_id, secret) if own_header else Basic(client_id, secret)
        self._client = door.client(url, pair, token_id=f"{client_id} token", bucket=lambda *_: "token")
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0
        self.generation = 0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the token on a request."""
        request.headers["Authorization"] = f"bearer {self._current()}"
        return request

    def renew(self, generation: int) -> bool:
        """Drop the token of that generation, unless another thread has done so; the next request gets one."""
        with self._lock:
            if generation == self.generation:
                self.generation += 1
                self._until = 0.0
        return True

    def _current(self) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                given = self._ask()
                self._token = given["access_token"]
                conceal(self._token)
                self._until = time.monotonic() + max(0.0, float(given["expires_in"]) - RENEW_EARLY)
            return self._token

    def _ask(self) -> dict[str, Any]:
        """One token; accounts answer flat, older ones in an envelope with a list of one."""
        reply = self._client.search(TOKEN_PATH, {"grant_type": "client_credentials"})
        given = reply.json()
        if isinstance(given.get("data"), list) and given["data"]:
            given = given["data"][0]
        if not {"access_token", "expires_in"} <= set(given):
            raise Malformed("the answer holds no token").about("POST", reply.url)
        answer: dict[str, Any] = given
        return answer
