"""OneLogin's tokens: a pair of client id and secret is traded for a token of ten hours."""

from __future__ import annotations

from pydantic import SecretStr
from requests.auth import AuthBase

from transport.access_token import AccessToken, IssuedToken
from transport.auth import ApiKey, Basic
from transport.door import Door
from transport.shape import number_in_text, object_of, rows_in, text_in

TOKEN_PATH = "/auth/oauth2/v2/token"  # noqa: S105 - the path of the endpoint


class OneLoginToken(AccessToken):
    """The access token of a pair of client id and secret.

    Args:
        door: the connection's door; the token is asked of the same host.
        url: address of the account.
        client_id: names the pair.
        secret: proves it.
        own_header: whether the pair goes into OneLogin's own header instead of HTTP Basic.
    """

    def __init__(self, door: Door, url: str, client_id: str, secret: SecretStr, *, own_header: bool) -> None:
        super().__init__()
        pair: AuthBase = Basic(client_id, secret)
        if own_header:
            pair = ApiKey("Authorization", secret, prefix=f"client_id:{client_id}, client_secret:")
        self._client = door.client(url, pair, token_id=f"{client_id} token", bucket=lambda *_: "token")

    def request_token(self) -> IssuedToken:
        """Ask for a token; accounts answer flat, older ones in an envelope with a list of one."""
        reply = self._client.search(TOKEN_PATH, {"grant_type": "client_credentials"})
        body = object_of(reply)
        if body.get("data"):
            body = rows_in(body, "data", reply)[0]
        token, seconds = (
            text_in(body, "access_token", reply),
            number_in_text(body.get("expires_in"), "`expires_in`", reply),
        )
        return IssuedToken(token, seconds, "bearer")
