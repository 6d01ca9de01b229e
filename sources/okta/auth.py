"""Okta's OAuth: the okta SDK signs, our transport carries.

A service app proves itself with a JWT signed by its private key and gets an access token of one
hour from the org's own authorization server. With DPoP (on by default for new apps) each request
also bears a proof signed by a key of this process. Signing takes about 0.1 s, so DPoP holds a
connection to some ten requests a second; Okta's own limits are of that order.
"""

from __future__ import annotations

from typing import Any

from okta.dpop import DPoPProofGenerator
from okta.jwt import JWT
from requests import PreparedRequest
from requests.auth import AuthBase

from transport.access_token import AccessToken, IssuedToken
from transport.door import Door
from transport.errors import BadRequest
from transport.redact import conceal
from transport.reply import Reply
from transport.shape import number_in_text, object_of, text_in

TOKEN_PATH = "/oauth2/v1/token"  # noqa: S105 - the path of the endpoint
NOT_GRANTED = ("invalid_scope", "consent_required")
MOST_REFUSALS = 2
"""The first proof of a process lacks the nonce, and one scope is optional; a third refusal is final."""
OPTIONAL = "okta.logs.read"
"""A scope to do without where the app is not granted it: then there are only whole reads."""
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class _Application(AuthBase):
    """Fills the token request; each attempt is signed anew because an assertion is good for one use only."""

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


class OktaToken(AccessToken):
    """The access token of a service app, and the proof of possession where the app demands one.

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
        super().__init__()
        self._proofs = DPoPProofGenerator({}) if dpop else None
        self._application = _Application(
            url, client_id, private_key, kid=kid, scopes=scopes, proofs=self._proofs
        )
        conceal(private_key)
        self._client = door.client(
            url, self._application, token_id=f"{client_id} token", bucket=lambda *_: "token"
        )

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the token, and the proof that it is ours, on a request."""
        issued = self.current()
        request.headers["Authorization"] = f"{issued.scheme} {issued.value}"
        if self._proofs and issued.scheme == "DPoP":
            request.headers["DPoP"] = self._proofs.generate_proof_jwt(
                str(request.method), str(request.url), issued.value
            )
        return request

    def request_token(self) -> IssuedToken:
        """Ask for a token, anew where the refusal tells how."""
        reply = self._ask()
        body = object_of(reply)
        return IssuedToken(
            text_in(body, "access_token", reply),
            number_in_text(body.get("expires_in"), "`expires_in`", reply),
            text_in(body, "token_type", reply),
        )

    def _ask(self) -> Reply:
        refusals = 0
        while True:
            try:
                return self._client.search(TOKEN_PATH, None)
            except BadRequest as error:
                refusals += 1
                if refusals > MOST_REFUSALS or not self._heed(error):
                    raise

    def _heed(self, refusal: BadRequest) -> bool:
        """Mend what a refusal names: a proof without the server's nonce, or a scope that is not granted."""
        code = refusal.body.get("error") if isinstance(refusal.body, dict) else None
        nonce = refusal.headers.get("dpop-nonce")
        if self._proofs is not None and nonce is not None and code == "use_dpop_nonce":
            self._proofs.set_nonce(nonce)
            return True
        return code in NOT_GRANTED and self._application.ask_for_less()
