"""OAuth's client credentials (RFC 6749, 4.4): a client id and a secret are traded for a token."""

from __future__ import annotations

from pydantic import SecretStr

from transport.access_token import AccessToken, IssuedToken
from transport.auth import Basic
from transport.door import Door
from transport.shape import number_in_text, object_of, text_in


class ClientCredentials(AccessToken):
    """The access token of a client, proven by HTTP Basic as every such server must take it.

    Args:
        door: the connection's door.
        token_url: address of the token endpoint, which may be on a host of its own.
        client_id: names the client.
        secret: proves it.
        scope: what the token is for; None where the server asks for none.
    """

    def __init__(
        self, door: Door, token_url: str, client_id: str, secret: SecretStr, *, scope: str | None = None
    ) -> None:
        super().__init__()
        self._token_url = token_url
        self._form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
        self._client = door.client(
            token_url, Basic(client_id, secret), token_id=f"{client_id} token", bucket=lambda *_: "token"
        )

    def request_token(self) -> IssuedToken:
        """Ask for a token."""
        reply = self._client.search(self._token_url, form=self._form)
        body = object_of(reply)
        seconds = number_in_text(body.get("expires_in"), "`expires_in`", reply)
        return IssuedToken(text_in(body, "access_token", reply), seconds)
