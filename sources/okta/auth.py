"""Okta's OAuth: the okta SDK signs, our transport carries.

A service app proves itself with a JWT signed by its private key and gets an access token of one
hour from the org's own authorization server. With DPoP (on by default for new apps) each request
also bears a proof signed by a key of this process. Signing takes about 0.1 s, so DPoP holds a
connection to some ten requests a second; Okta's own limits are of that order.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from okta.dpop import DPoPProofGenerator
from okta.jwt import JWT
from requests import PreparedRequest
from requests.auth import AuthBase

from transport.auth import Renewable
from transport.door import Door
from transport.errors import BadRequest
from transport.redact import conceal

TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - the path of the endpoint
RENEW_EARLY = 300.0
NOT_GRANTED = ("invalid_scope", "consent_required")
MOST_REFUSALS = 2
"""The first proof of a process lacks the nonce, and one scope is optional; a third refusal is final."""
OPTIONAL = "okta.logs.read"
"""A scope to do without where the app is not granted it: then there are only whole reads."""
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class _Application(AuthBase):
    """Fills the token request; each attempt is signed anew because an assertion is good for one use."""

    def __init__(
        self, url: str, client_id: str, private_key: str, *, kid: str | None, scopes: list[str], proofs: Any
    ) -> None:
        self._url, self._client_id, self._private_key, self._kid = url, client_id, private_key, kid
        self._scopes, self._proofs = list(scopes), proofs

    def ask_for_less(self) -> bool:
        """Leave out the optional scope from now on; False when it was not asked for."""
        if OPTIONAL not in self._scopes:
            return False
        self._scopes.remove(OPTIONAL)
        return True

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        assertion = JWT.create_token(  # type: ignore[no-untyped-call]
            self._url, self._client_id, self._private_key, self._kid
        )
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(self._scopes),
            "client_assertion_type": ASSERTION,
            "client_assertion": assertion,
        }
        request.headers["Content-Type"] = "application/x-www-form-urlencoded"
        request.prepare_body(form, None)
        if self._proofs:
            request.headers["DPoP"] = self._proofs.generate_proof_jwt("POST", request.url)
        return request


class AccessToken(Renewable):
    """Signs requests with an access token that it gets, shares among threads and renews.

    Args:
        door: the connection's door; the token is asked of the same host.
        url: address of the org.
        client_id: the service app.
        private_key: its key, PEM or JWK.
        kid: name of the key, when the app has several.
        scopes: what is asked for.
        dpop: whether requests bear proofs of possession.
    """

    def __init__(
        self,
        door: Door,
        url: str,
        client_id: str,
        private_key: str,
        *,
        kid: str | None,
        scopes: list[str],
        dpop: bool,
    ) -> None:
        self._proofs = DPoPProofGenerator({}) if dpop else None
        self._application = _Application(
            url, client_id, private_key, kid=kid, scopes=scopes, proofs=self._proofs
        )
        conceal(private_key)
        self._client = door.client(
            url, self._application, token_id=f"{client_id} token", bucket=lambda *_: "token"
        )
        self._lock = threading.Lock()
        self._token, self._type, self._until = "", "", 0.0
        self.generation = 0

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the token, and the proof that it is ours, on a request."""
        token, kind = self._current()
        request.headers["Authorization"] = f"{kind} {token}"
        if self._proofs and kind == "DPoP":
            request.headers["DPoP"] = self._proofs.generate_proof_jwt(
                str(request.method), str(request.url), token
            )
        return request

    def renew(self, generation: int) -> bool:
        """Drop the token of that generation, unless another thread has done so; the next request gets one."""
        with self._lock:
            if generation == self.generation:
                self.generation += 1
                self._until = 0.0
        return True

    def _current(self) -> tuple[str, str]:
        with self._lock:
            if time.monotonic() >= self._until:
                given = self._ask()
                self._token, self._type = given["access_token"], given["token_type"]
                conceal(self._token)
                self._until = time.monotonic() + max(0.0, float(given["expires_in"]) - RENEW_EARLY)
            return self._token, self._type

    def _ask(self) -> dict[str, Any]:
        """One access token, asked for anew where the refusal tells how."""
        refusals = 0
        while True:
            try:
                given: dict[str, Any] = self._client.search(TOKEN_PATH, None).json()
            except BadRequest as error:
                refusals += 1
                if refusals > MOST_REFUSALS or not self._heed(error):
                    raise
            else:
                return given

    def _heed(self, refusal: BadRequest) -> bool:
        """Mend what a refusal names: a proof without the server's nonce, or a scope that is not granted."""
        code = refusal.body.get("error") if isinstance(refusal.body, dict) else None
        nonce = refusal.headers.get("dpop-nonce")
        if self._proofs is not None and nonce is not None and code == "use_dpop_nonce":
            self._proofs.set_nonce(nonce)
            return True
        return code in NOT_GRANTED and self._application.ask_for_less()
