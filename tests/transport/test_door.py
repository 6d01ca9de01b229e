"""The door: what may leave, where to, and what is counted."""

from __future__ import annotations

from contextlib import suppress

import pytest
from pydantic import SecretStr
from requests.auth import AuthBase

from tests.transport.service import Answer, serving
from transport.auth import ApiKey, Basic, Bearer, Renewable
from transport.door import Door, by_shape
from transport.errors import (
    CredentialRefused,
    ForeignHost,
    Moved,
    PageLoop,
    ReadOnly,
    TransportError,
    Unavailable,
    UnknownOutcome,
)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post"])
def test_a_door_reads_only_unless_opened_for_writing(method, door, open_client):
    """A write is refused before any request."""
    with serving(Answer()) as service, pytest.raises(ReadOnly) as caught:
        open_client(door, service.url).write(method, "/things", {"a": 1})

    assert service.asked == []
    assert door.meter.counts() == {}
    assert method.upper() in str(caught.value)


def test_a_search_is_a_read(door, open_client):
    """A POST that only reads passes a read-only door and is counted as a read."""
    with serving(Answer(body={"found": 1})) as service:
        reply = open_client(door, service.url).search("/search", {"query": "x"})

    assert reply.json() == {"found": 1}
    assert service.asked[0].body == b'{"query":"x"}'
    assert service.asked[0].headers["content-type"] == "application/json"
    assert {service.host: {"read": 1, "write": 0, "retried": 0}} == door.meter.counts()


def test_a_search_may_send_a_form(door, open_client):
    """Token endpoints take forms; special characters arrive as they were."""
    with serving(Answer(body={})) as service:
        open_client(door, service.url).search("/token", form={"secret": "a&b=c ü", "n": 1})

    assert service.asked[0].body == b"secret=a%26b%3Dc+%C3%BC&n=1"
    assert service.asked[0].headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_writable_door_writes_and_counts_it(writable, open_client):
    """Method, parameters, body and headers arrive; the meter counts a write by host and port."""
    with serving(Answer(201, {"id": "1"})) as service:
        reply = open_client(writable, service.url + "/base").write(
            "patch", "/things/1", {"a": 1}, {"notify": "no"}, {"Content-Type": "application/scim+json"}
        )

    asked = service.asked[0]
    assert (reply.status, reply.json()) == (201, {"id": "1"})
    assert (asked.method, asked.path, asked.query) == ("PATCH", "/base/things/1", {"notify": ["no"]})
    assert (asked.body, asked.headers["content-type"]) == (b'{"a":1}', "application/scim+json")
    assert {service.host: {"read": 0, "write": 1, "retried": 0}} == writable.meter.counts()


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (Bearer(SecretStr("token-1")), "Bearer token-1"),
        (ApiKey("Authorization", SecretStr("token-1"), prefix="SSWS "), "SSWS token-1"),
        (Basic("ann", SecretStr("token-1")), "Basic YW5uOnRva2VuLTE="),
    ],
)
def test_each_credential_signs_in_its_own_way(auth, header, door):
    """The Authorization header is the scheme's."""
    with serving(Answer()) as service:
        door.client(service.url, auth, token_id="t").get("/")

    assert header == service.asked[0].headers["authorization"]


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:{port}/next",
        "http://127.0.0.1:1/next",
        "https://127.0.0.1:{port}/next",
        "http://127.0.0.1:{port}@evil.test/next",
        "http://evil.test\\@127.0.0.1:{port}/next",
    ],
)
def test_an_address_on_another_host_is_refused_before_any_request(address, door, open_client):
    """Neither another host, port nor scheme is ever asked, so the credential stays."""
    with serving(Answer()) as service:
        client = open_client(door, service.url)
        with pytest.raises(ForeignHost):
            client.get(address.format(port=service.host.split(":")[1]))

    assert service.asked == []


def test_an_absolute_address_on_the_same_host_is_read(door, open_client):
    """The upper case and the written-out default port of a host make no other host of it."""
    with serving(Answer(body=[1])) as service:
        client = open_client(door, service.url + "/base")
        assert client.get(service.url.replace("http", "HTTP") + "/elsewhere?a=b%2Fc").json() == [1]

    assert service.asked[0].path == "/elsewhere"
    assert service.asked[0].query == {"a": ["b/c"]}


def test_a_redirect_within_the_host_is_followed_and_one_away_is_not(door, open_client):
    """A read follows its own host; it never takes the credential to another."""
    moved = Answer(302, headers=(("Location", "/new?x=1"),))
    away = Answer(302, headers=(("Location", "http://localhost:1/"),))
    with serving(moved, Answer(body={"here": True}), away) as service:
        client = open_client(door, service.url)
        assert client.get("/old", {"x": "1"}).json() == {"here": True}
        assert service.asked[1].path == "/new"
        with pytest.raises(ForeignHost):
            client.get("/old")

    assert len(service.asked) == 3


def test_redirects_without_end_stop(door, open_client):
    """A circle of redirects is an error, and a redirect to nowhere says where it stood."""
    with serving(Answer(302, headers=(("Location", "/again"),))) as service, pytest.raises(PageLoop):
        open_client(door, service.url).get("/again")
    with serving(Answer(304, b"")) as service, pytest.raises(Moved):
        open_client(door, service.url).get("/again")


def test_a_redirected_write_is_not_repeated(writable, open_client):
    """A write that is pointed elsewhere may have happened: it is settled by reading."""
    moved = Answer(303, headers=(("Location", "/done"),))
    with serving(moved) as service, pytest.raises(UnknownOutcome):
        open_client(writable, service.url).write("POST", "/do")

    assert len(service.asked) == 1


def test_connections_are_kept_and_never_more_than_workers(door, open_client):
    """Two hundred requests side by side travel over as many connections as there are workers."""
    with serving(Answer()) as service:
        client = open_client(door, service.url, workers=3)
        replies = list(client.in_parallel(lambda i=i: client.get(f"/{i}") for i in range(200)))

    assert [f"{service.url}/{i}" for i in range(200)] == [reply.url for reply in replies]
    assert 1 <= len(service.peers) <= 3
    assert "gzip" in service.asked[0].headers["accept-encoding"]


def test_cookies_are_not_kept(door, open_client):
    """One answer's session never rides along with the next request."""
    with serving(Answer(headers=(("Set-Cookie", "session=1; Path=/"),))) as service:
        client = open_client(door, service.url)
        client.get("/")
        client.get("/")

    assert "cookie" not in service.asked[1].headers


@pytest.mark.parametrize("address", ["ftp://a.test", "a.test", "https://", "https://ann:pw123@a.test"])
def test_an_unusable_base_address_is_refused_at_once(address):
    """Only http addresses without a password in them open a client."""
    with pytest.raises(ValueError, match="address") as caught:
        Door().client(address, Bearer(SecretStr("token-1")), token_id="t")

    assert "pw123" not in str(caught.value)


def test_a_credential_renews_itself_once_and_the_request_is_sent_again(writable):
    """After a 401 an expiring credential signs anew; a second 401 is the end. Writes too."""

    class Expiring(Bearer, Renewable):
        generation = 1

        def renew(self, generation: int) -> bool:
            if generation == self.generation:
                self.generation += 1
                self._value = f"Bearer fresh-{self.generation}"
            return True

    with serving(Answer(401), Answer(body=[1]), Answer(401)) as service:
        client = writable.client(service.url, Expiring(SecretStr("stale-1")), token_id="t")
        assert client.write("POST", "/do").json() == [1]
        with pytest.raises(CredentialRefused):
            client.get("/")

    sent = [asked.headers["authorization"] for asked in service.asked]
    assert sent == ["Bearer stale-1", "Bearer fresh-2", "Bearer fresh-2", "Bearer fresh-3"]


def test_a_credential_that_cannot_be_had_fails_the_request_before_it_is_sent(writable):
    """What fetching a token raises is raised as it is, at once, even for a write; nothing was sent."""

    class Unfetched(AuthBase):
        def __call__(self, _):
            raise Unavailable("no token now").about("POST", "http://login.test/token")

    with serving(Answer()) as service:
        client = writable.client(service.url, Unfetched(), token_id="t", workers=1)
        for _ in range(2):
            with pytest.raises(Unavailable, match="no token now"):
                client.write("POST", "/do")

    assert service.asked == []
    assert writable.meter.counts() == {}


def test_a_bucket_is_by_default_the_path_without_identifiers():
    """Requests for different things of one kind share a pace, other kinds do not."""
    assert by_shape("GET", "/api/v1/groups/00g1abc/users") == by_shape("GET", "/api/v1/groups/00g9xyz/users")
    assert by_shape("GET", "/api/v1/groups") != by_shape("GET", "/api/v1/users")
    assert by_shape("GET", "/api/v1/users/ann@acme.test") == "GET /api/v1/users/*"


@pytest.mark.parametrize("answer", [Answer(204, b""), Answer(200, b""), Answer(404, b""), Answer(304, b"")])
def test_an_answer_without_a_body_gives_its_connection_back(answer, door, open_client):
    """One worker reads again and again over one connection; none is lost to an empty answer."""
    with serving(answer) as service:
        client = open_client(door, service.url, workers=1)
        for _ in range(3):
            with suppress(TransportError):
                client.get("/")

    assert len(service.asked) == 3
    assert len(service.peers) == 1
