"""Who may come in, how much, how deep and how often; and what of it is written down."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from werkzeug.test import Client

from receive import Connection, make_app
from receive.gate import presented
from receive.server import Server
from tests.receive.service import CORE, Service


def ask(service: Service, header: str | None, name: str = "idp") -> requests.Response:
    headers = {"Authorization": header} if header else {}
    return requests.get(f"{service.base(name)}/Users", headers=headers, timeout=10)


def test_without_a_valid_token_nothing_is_told(service: Service) -> None:
    """No token, a wrong one, one behind another word: the same answer, with the standard's body."""
    token = service.tokens["idp"]
    for header in (None, "Bearer", "Bearer x", token, f"Basic {token}", f"Bearer {token[:-1]}"):
        reply = ask(service, header)

        assert reply.status_code == 401, header
        assert reply.json()["status"] == "401"
        assert reply.json()["detail"]
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(service, f"Bearer {token}", name="nobody").status_code == 401
    assert ask(service, f"bearer {token}").status_code == 200


def test_a_token_opens_its_own_connection_alone(tmp_path: Path) -> None:
    with Service(f"sqlite:///{tmp_path / 'x.db'}", Connection("one"), Connection("two")) as service:
        service.add_user()
        assert ask(service, f"Bearer {service.tokens['one']}", name="two").status_code == 401
        other = ask(service, f"Bearer {service.tokens['two']}", name="two")

        assert other.json()["totalResults"] == 0


def test_a_revoked_token_is_refused_at_once(service: Service) -> None:
    service.inbox.revoke_tokens("idp", datetime.now(UTC))

    assert service.send("GET", "/Users").status_code == 401


def test_the_ways_a_connection_allows(tmp_path: Path) -> None:
    """Okta's Header mode sends the token alone, some send it as a password."""
    connection = Connection("idp", authentication=("raw", "basic"))
    with Service(f"sqlite:///{tmp_path / 'x.db'}", connection) as service:
        token = service.tokens["idp"]
        pair = base64.b64encode(f"anybody:{token}".encode()).decode()

        assert ask(service, token).status_code == 200
        assert ask(service, f"Basic {pair}").status_code == 200
        assert ask(service, f"Bearer {token}").status_code == 401
    assert presented("Basic %%%", ("basic",)) is None


def test_clear_text_from_elsewhere_is_refused(service: Service) -> None:
    """This machine may; another only by https, which a proxy in front tells."""
    client = Client(make_app(service.inbox, service.connections))
    headers = {"Authorization": f"Bearer {service.tokens['idp']}"}

    def status(address: str, scheme: str) -> int:
        environ = {"REMOTE_ADDR": address, "wsgi.url_scheme": scheme}
        return client.get("/idp/scim/v2/Users", headers=headers, environ_overrides=environ).status_code

    assert status("127.0.0.1", "http") == status("::1", "http") == status("203.0.113.9", "https") == 200
    assert status("203.0.113.9", "http") == 403


@pytest.fixture
def behind_proxy(service: Service) -> Iterator[str]:
    import threading

    server = Server(make_app(service.inbox, service.connections), proxy="127.0.0.1")
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://{server.address}/idp/scim/v2"
    server.stop()
    thread.join(20)


def test_a_proxy_s_word_is_taken_where_it_is_named(service: Service, behind_proxy: str) -> None:
    """Its scheme and the client's address; a service without a proxy takes no notice of such headers."""
    said = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "scim.acme.test",
    }
    token = {"Authorization": f"Bearer {service.tokens['idp']}"}
    user = service.add_user()

    told = requests.get(f"{behind_proxy}/Users/{user}", headers={**token, **said}, timeout=10)
    plain = {**token, **said, "X-Forwarded-Proto": "http"}

    assert told.json()["meta"]["location"] == f"https://scim.acme.test/idp/scim/v2/Users/{user}"
    assert [one.used_from for one in service.inbox.tokens("idp")] == ["203.0.113.9"]
    assert requests.get(f"{behind_proxy}/Users", headers=plain, timeout=10).status_code == 403
    ignored = service.send("GET", f"/Users/{user}", headers=said).json()["meta"]["location"]
    assert ignored.startswith(service.url)


def test_too_many_requests_are_told_when_to_come_again(tmp_path: Path) -> None:
    """As many as in a minute at once; then a whole number of seconds, and one more after it."""
    moment = [0.0]
    connection = Connection("idp", requests_per_minute=30)
    with Service(f"sqlite:///{tmp_path / 'x.db'}", connection) as service:
        app = make_app(service.inbox, [connection])
        app._gate._clock = lambda: moment[0]  # type: ignore[attr-defined]
        client = Client(app)

        def status() -> tuple[int, str | None]:
            headers = {"Authorization": f"Bearer {service.tokens['idp']}"}
            reply = client.get("/idp/scim/v2/Users?count=0", headers=headers, base_url="https://x")
            return reply.status_code, reply.headers.get("Retry-After")

        assert [status()[0] for _ in range(31)] == [200] * 30 + [429]
        assert status() == (429, "2")
        moment[0] += 2
        assert [status()[0] for _ in range(2)] == [200, 429]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "is no JSON"),
        (b"[]", 400, "no JSON object"),
        (b'{"userName": "a", "userName": "b"}', 400, "twice"),
        (b'{"userName": NaN}', 400, "JSON does not know"),
        (b"[" * 100_000, 400, "is no JSON"),
        (b'{"a":' * 11 + b"1" + b"}" * 11, 400, "deeper than 10"),
        (b'{"displayName": "nobody"}', 400, "userName"),
        (b'{"userName": {"a": 1}}', 400, "userName takes a text"),
        (b'{"userName": "' + b"x" * (1 << 20) + b'"}', 413, "1 MiB"),
        (b"\xff\xfe", 400, "is no JSON"),
    ],
)
def test_bodies_that_are_refused(service: Service, body: bytes, status: int, words: str) -> None:
    """In one sentence that says what to do."""
    reply = service.send("POST", "/Users", data=body)

    assert reply.status_code == status
    assert words in reply.json()["detail"]
    assert service.count("Users", "active eq true") == 0


def test_a_group_may_be_larger_and_is_bounded_too(service: Service) -> None:
    """All of a large company at once, and no more than 10 MiB."""
    members = [{"value": f"{number:036}"} for number in range(20_000)]
    good = service.send("POST", "/Groups", {"displayName": "all", "members": members})
    bad = service.send("POST", "/Groups", data=b'{"displayName": "' + b"x" * (10 << 20) + b'"}')

    assert good.status_code == 201
    assert bad.status_code == 413


@pytest.mark.parametrize(
    "filter_",
    [
        'userName eq "' + "x" * 2_048 + '"',
        "(" * 11 + 'userName eq "x"' + ")" * 11,
        'favouriteColour eq "x"',
        'phoneNumbers eq "x"',
        "userName gt",
        'active gt "x"',
        'meta.created gt "yesterday"',
        'emails[type eq "home"].value eq "a@acme.test"',
        'members eq "x"',
        'userName re "x"',
    ],
)
def test_filters_that_are_refused(service: Service, filter_: str) -> None:
    reply = service.send("GET", "/Users", params={"filter": filter_})

    assert (reply.status_code, reply.json()["scimType"]) == (400, "invalidFilter")


def test_signs_of_a_pattern_in_a_filter_mean_themselves(service: Service) -> None:
    """A per cent sign is no wildcard, and a quote ends nothing."""
    service.add_user("100%sure")

    assert service.count("Users", 'userName co "%s"') == 1
    assert service.count("Users", 'userName co "_00"') == 0
    assert service.count("Users", r'userName eq "x\" or userName pr or userName eq \"y"') == 0


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "move", "path": "title"}, "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "emails[", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type co "w"].value', "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "title.part", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'name[type eq "x"].givenName', "value": "x"}, "invalidPath"),
        ({"op": "replace", "value": "x"}, "invalidValue"),
        ({"op": "replace", "path": "title", "value": ["x", "y"]}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": ""}, "invalidValue"),
        ({"op": "remove", "path": "userName"}, "invalidValue"),
    ],
)
def test_patches_that_are_refused_change_nothing(service: Service, operation: dict, kind: str) -> None:
    user = service.add_user(title="Countess")
    before = service.user(user)

    reply = service.patch(f"/Users/{user}", {"op": "replace", "path": "displayName", "value": "x"}, operation)

    assert (reply.status_code, reply.json()["scimType"]) == (400, kind)
    assert service.user(user) == before


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "members", "value": [{"display": "nobody"}]},
        {"op": "remove", "path": 'members[display eq "x"]'},
        {"op": "remove", "path": "members.value"},
        {"op": "remove", "path": "displayName"},
        {"op": "replace", "path": "displayName", "value": {"a": 1}},
    ],
)
def test_patches_of_groups_that_are_refused_change_nothing(service: Service, operation: dict) -> None:
    user = service.add_user()
    group = service.add_group("g", user)

    reply = service.patch(f"/Groups/{group}", {"op": "remove", "path": "members"}, operation)

    assert reply.status_code == 400
    assert service.members(group) == [user]


def test_neither_values_nor_tokens_are_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Method, path and status are; what a body or a query holds is not."""
    with caplog.at_level(logging.DEBUG, "receive"):
        user = service.add_user("secret-name@acme.test", title="secret-title")
        service.count("Users", 'userName eq "secret-name@acme.test"')
        service.send("POST", "/Users", {"userName": "secret-name@acme.test"})
        ask(service, "Bearer secret-token")

    assert "POST /idp/scim/v2/Users 201" in caplog.text
    assert "secret" not in caplog.text
    assert service.tokens["idp"] not in caplog.text
    assert user


def test_a_database_that_is_gone_is_told_in_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A 503 that says when to come again, and no word of the database; an identity provider tries again."""
    with Service(f"sqlite:///{tmp_path / 'x.db'}") as service:
        service.add_user()
        for path in tmp_path.glob("x.db*"):
            path.unlink()
        service.inbox._engine.dispose()
        reply = service.send("GET", "/Users")

    assert reply.status_code == 503
    assert reply.headers["Retry-After"] == "30"
    assert "sqlite" not in reply.text


def test_a_fault_of_our_own_shows_where_and_no_value(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody foresaw is a 500 in SCIM's words; the log has the lines of code and no message."""
    secret = "secret-" + str(len(service.url))

    def broken(*_: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(type(service.inbox), "add_user", broken)
    reply = service.send("POST", "/Users", {"schemas": [CORE], "userName": "ada"})

    assert reply.status_code == 500
    assert json.loads(reply.text)["status"] == "500"
    assert "RuntimeError" in caplog.text
    assert secret not in caplog.text + reply.text
