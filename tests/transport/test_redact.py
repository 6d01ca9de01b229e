"""No secret gets into a log line, an error or a picture of an object."""

from __future__ import annotations

import json
import logging
import traceback

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.transport.service import Answer, free_port, serving
from transport.auth import ApiKey, Basic, Bearer
from transport.errors import TransportError
from transport.redact import HIDDEN, RedactingFilter, Redactor, redact


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hunter2-abc",
        "authorization: SSWS hunter2-abc",
        "DPoP: hunter2-abc",
        "{'Authorization': 'Bearer hunter2-abc'}",
        '{"access_token": "hunter2-abc", "expires_in": 3600}',
        "https://a.test/x?token=hunter2-abc&limit=2",
        "https://a.test/x?limit=2&client_secret=hunter2-abc",
        "https://ann:hunter2-abc@a.test/x",
        "client_assertion=hunter2-abc",
        "Cookie: hunter2-abc",
        "password='hunter2-abc'",
        "eyJhbGciOiJSUzI1NiJ9.hunter2-abc.c2ln",
    ],
)
def test_what_stands_where_a_credential_stands_is_hidden_unannounced(text):
    """Headers, query, JSON, user info and JSON Web Tokens hide their values."""
    clean = redact(text)

    assert "hunter2-abc" not in clean
    assert HIDDEN in clean


@pytest.mark.parametrize(
    "text",
    [
        "GET https://a.test/api/v1/users?limit=200&after=00u1abc answered 500 (page 7)",
        "the token of the next page came before",
        "E0000011 Invalid token provided",
        "Basic plan and bearer of news",
        "Basic authentication has been disabled",
    ],
)
def test_ordinary_words_stay(text):
    """A text that only speaks of credentials is left alone."""
    assert redact(text) == text


def test_json_stays_json():
    """Hiding keeps the quotes, so that an error's body can still be read."""
    assert json.loads(redact('{"token": "abc", "n": 1}')) == {"token": HIDDEN, "n": 1}


@given(st.text(min_size=4), st.text(), st.text())
def test_an_announced_secret_is_hidden_wherever_it_stands(secret, before, after):
    """Whatever surrounds it, an announced value is gone from the text."""
    assume(secret not in HIDDEN * 3)
    redactor = Redactor()
    redactor.conceal(secret)

    assert secret not in redactor.redact(f"{before}{secret}{after}").replace(HIDDEN, "\0")


@pytest.mark.parametrize("order", [("key-17", "my-key-17-of-two"), ("my-key-17-of-two", "key-17")])
def test_a_secret_that_holds_another_is_hidden_whole(order):
    """In whichever order they were announced, no end of the longer one stays."""
    redactor = Redactor()
    for secret in order:
        redactor.conceal(secret)

    assert redactor.redact("first my-key-17-of-two, then key-17") == f"first {HIDDEN}, then {HIDDEN}"


def _everything(error: BaseException) -> str:
    told = "".join(traceback.format_exception(error))
    return f"{told} {error!r} {error} {vars(error)}"


def test_no_failure_shows_the_credential(caplog, secret, writable, open_client):
    """A refusal that echoes it, a cut, a refused connection: error, traceback, repr and log are clean."""
    echo = Answer(401, {"message": f"bad token {secret}", "sent": f"Bearer {secret}"}, (("X-Echo", secret),))
    errors = []
    with caplog.at_level(logging.DEBUG), serving(echo, Answer(behave="reset")) as service:
        client = open_client(writable, service.url)
        for url in (service.url, service.url, f"http://127.0.0.1:{free_port()}"):
            with pytest.raises(TransportError) as caught:
                open_client(writable, url).write("POST", f"/do?token={secret}&x={secret}", {"a": secret})
            errors.append(caught.value)
        logging.getLogger("any").warning("%s has %s", client, f"Bearer {secret}")
        try:
            int(secret)
        except ValueError:
            logging.getLogger("any").exception("it failed")

    assert secret not in "".join(map(_everything, errors))
    assert all(error.__context__ is None and error.__cause__ is None for error in errors)
    assert secret not in caplog.text
    assert "any" in caplog.text
    assert "127.0.0.1" in caplog.text


def test_no_credential_shows_itself(secret):
    """Repr and str name the kind alone."""
    keys = SecretStr(secret)
    for auth in (Bearer(keys), ApiKey("X-API-Key", keys), Basic("ann", keys)):
        assert f"{auth!r} {auth}" == f"{type(auth).__name__}() {type(auth).__name__}()"


def test_a_basic_pair_is_hidden_as_it_is_sent():
    """The base64 of name and password is as secret as the password."""
    Basic("ann", SecretStr("correct-horse"))

    assert redact("sent YW5uOmNvcnJlY3QtaG9yc2U= there") == f"sent {HIDDEN} there"


def test_the_filter_keeps_arguments_for_formatters_that_want_them(secret):
    """An access log's own formatter still finds its five arguments."""
    Bearer(SecretStr(secret))
    record = logging.LogRecord("a", logging.INFO, "f", 1, "%s %s %d", ("GET", f"/x?q={secret}", 200), None)

    assert RedactingFilter().filter(record)
    assert record.args == ("GET", f"/x?q={HIDDEN}", 200)
