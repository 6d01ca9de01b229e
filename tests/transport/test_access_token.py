"""An access token is asked for once, shared, and renewed before it ends or when it is refused."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from requests import PreparedRequest

from transport.access_token import AccessToken, IssuedToken
from transport.auth import ApiKey, Bearer
from transport.redact import redact


class Counting(AccessToken):
    """Issues numbered tokens."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds, self.issued, self.discarded = seconds, 0, 0

    def request_token(self) -> IssuedToken:
        self.issued += 1
        return IssuedToken(f"issued-token-{self.issued}", self.seconds)

    def discard_token(self) -> None:
        self.discarded += 1


def _sign(auth) -> PreparedRequest:
    request = PreparedRequest()
    request.prepare_headers({})
    return auth(request)


def test_a_token_is_asked_for_once_and_concealed():
    token = Counting(3600)

    signed = [_sign(token).headers["Authorization"] for _ in range(3)]

    assert signed == ["Bearer issued-token-1"] * 3
    assert "issued-token-1" not in redact("it was issued-token-1")


def test_a_token_near_its_end_is_not_used_again():
    token = Counting(0)

    assert [_sign(token).headers["Authorization"][-1] for _ in range(2)] == ["1", "2"]


def test_a_token_of_a_minute_is_used_for_most_of_it():
    """Some servers issue no longer ones; to ask before each request would double the requests."""
    token = Counting(60)

    assert [_sign(token).headers["Authorization"][-1] for _ in range(2)] == ["1", "1"]


def test_a_refused_token_is_dropped_once_however_many_threads_were_refused():
    token = Counting(3600)
    _sign(token)

    assert token.renew(0)
    assert token.renew(0)

    assert _sign(token).headers["Authorization"] == "Bearer issued-token-2"
    assert (token.issued, token.discarded, token.generation) == (2, 1, 1)


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (ApiKey("X-API-Key", SecretStr("key-12345")), "X-API-Key", "key-12345"),
        (ApiKey("Authorization", SecretStr("key-12345"), prefix="SSWS "), "authorization", "SSWS key-12345"),
        (Bearer(SecretStr("key-12345")), "Authorization", "Bearer key-12345"),
    ],
)
def test_a_key_stands_in_the_header_of_its_service(auth, header, value):
    assert _sign(auth).headers[header] == value
    assert "key-12345" not in f"{auth!r} {redact(value)}"
