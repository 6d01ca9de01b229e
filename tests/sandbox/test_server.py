"""The server: its own doors, the faults, the limits, the command."""

from __future__ import annotations

import http.client
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.kit.world import Face, Reply, Request, Route, World, json_reply
from sandbox.policy import SECRETS
from sandbox.running import Running
from tests.sandbox.okta.client import TOKEN, admin, call, rows

USERS = "/okta/api/v1/users"
GONE = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def _fault(sandbox: Running, **facts: Any) -> None:
    assert admin(sandbox, "POST", "/faults", {"path": USERS, **facts}).status_code == 200


# Clock and people


def test_advance_moves_the_clock_and_the_people(fresh: Running) -> None:
    """A day by request is a day in every face."""
    before = admin(fresh, "GET", "/state").json()

    answer = admin(fresh, "POST", "/advance", {"days": 2}).json()

    assert answer["day"] == 2
    assert answer["changes"]["sign_ins"] > 0
    assert admin(fresh, "GET", "/state").json()["now"] > before["now"]


def test_people_are_hired_moved_let_go_and_taken_back(fresh: Running) -> None:
    """Each order shows at once in Okta."""

    def status() -> str:
        return str(call(fresh, "/users/zed@acme.test").json()["status"])

    hired = admin(fresh, "POST", "/people", {"do": "hire", "email": "zed@acme.test", "groups": ["zeds"]})
    assert hired.json()["groups"] == ["everyone", "zeds"]
    assert status() == "ACTIVE"

    admin(fresh, "POST", "/people", {"do": "move", "email": "zed@acme.test", "title": "Wizard"})
    assert call(fresh, "/users/zed@acme.test").json()["profile"]["title"] == "Wizard"

    admin(fresh, "POST", "/people", [{"do": "leave", "email": "zed@acme.test", "how": "suspended"}])
    assert status() == "SUSPENDED"
    admin(fresh, "POST", "/people", {"do": "leave", "email": "zed@acme.test"})
    assert status() == "DEPROVISIONED"
    admin(fresh, "POST", "/people", {"do": "rehire", "email": "zed@acme.test"})
    assert status() == "ACTIVE"


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/people", {"do": "fire"}, "hire, move, leave or rehire"),
        ("/people", {"do": "leave", "email": "nobody@acme.test"}, "nobody@acme.test"),
        ("/people", {"do": "move"}, "email"),
        ("/advance", {"days": 0}, "days=0"),
        ("/faults", {"kind": "earthquake"}, "earthquake"),
        ("/faults", {"prefix": "/x"}, "prefix"),
        ("/limits", {"mode": "strict"}, "off, relaxed, documented"),
        ("/limits", {"speed": 1}, "speed"),
    ],
)
def test_a_wrong_order_is_refused_in_words(acme: Running, path: str, body: Any, word: str) -> None:
    """A mistake in a request to the sandbox is a 400 that names it."""
    answer = admin(acme, "POST", path, body)

    assert answer.status_code == 400
    assert word in answer.json()["error"]


def test_reset_brings_back_the_first_day(fresh: Running) -> None:
    """After a reset company, faults and counts are as they were; size and seed may be new."""
    before = rows(fresh, "/users")
    admin(fresh, "POST", "/advance", {"days": 5})
    _fault(fresh, kind="reset")

    admin(fresh, "POST", "/reset", {})

    assert rows(fresh, "/users") == before
    assert admin(fresh, "GET", "/faults").json() == []

    assert admin(fresh, "POST", "/reset", {"people": 25, "seed": 2}).json()["people"] == 25
    assert len(rows(fresh, "/users")) == 25


def test_requests_are_counted_by_path_method_and_status(fresh: Running) -> None:
    """Counting sees every answer of a face and none of the sandbox's own doors."""
    call(fresh, "/users")
    call(fresh, "/users")
    call(fresh, "/users", token="wrong")

    counted = admin(fresh, "GET", "/requests").json()

    assert counted["total"] == 3
    assert counted["requests"] == [
        {"path": USERS, "method": "GET", "status": 200, "count": 2},
        {"path": USERS, "method": "GET", "status": 401, "count": 1},
    ]
    assert admin(fresh, "DELETE", "/requests").status_code == 204
    assert admin(fresh, "GET", "/requests").json()["total"] == 0


# Faults


def test_a_status_fault_skips_then_strikes_then_ends(fresh: Running) -> None:
    """With skip some pass, times bounds the strikes, another path is untouched."""
    _fault(fresh, kind="status", status=503, method="GET", skip=1, times=2)

    got = [call(fresh, path).status_code for path in ("/users", "/groups", "/users", "/users", "/users")]

    assert got == [200, 200, 503, 503, 200]
    seen = admin(fresh, "GET", "/faults").json()[0]
    assert (seen["seen"], seen["struck"], seen["spent"]) == (3, 2, True)


def test_a_fault_for_ever_ends_when_cleared(fresh: Running) -> None:
    """With times 0 it strikes until the faults are deleted."""
    _fault(fresh, times=0)

    assert [call(fresh, "/users").status_code for _ in range(5)] == [500] * 5

    admin(fresh, "DELETE", "/faults")
    assert call(fresh, "/users").status_code == 200


def test_a_status_fault_speaks_the_dialect_or_what_it_is_told(fresh: Running) -> None:
    """Without a body the answer is the vendor's own; body and headers replace it."""
    _fault(fresh, status=429)
    _fault(fresh, status=502, body="<html>bad gateway</html>", headers={"Retry-After": "7"})

    first, second = call(fresh, "/users"), call(fresh, "/users")

    assert first.json()["errorCode"] == "E0000047"
    assert first.headers["X-Rate-Limit-Remaining"] == "0"
    assert (second.status_code, second.text) == (502, "<html>bad gateway</html>")
    assert second.headers["Retry-After"] == "7"


def test_repeat_answers_like_the_first_time(fresh: Running) -> None:
    """The page that is struck first comes again, whatever page is asked for, its links included."""
    _fault(fresh, kind="repeat", times=0)

    first, second = call(fresh, "/users?limit=3"), call(fresh, "/groups?limit=5")
    third = call(fresh, first.links["next"]["url"].partition("/api/v1")[2])

    assert len(first.json()) == 3
    assert second.status_code == 200
    assert third.json() == first.json()
    assert third.links["next"] == first.links["next"]


def test_a_method_bounds_a_fault(fresh: Running) -> None:
    """A fault for POST does not strike a GET."""
    _fault(fresh, method="post", times=0)

    assert call(fresh, "/users").status_code == 200


def test_reset_cuts_the_connection_without_an_answer(fresh: Running) -> None:
    """The client sees a reset connection, the counts a status 0, the next request nothing."""
    _fault(fresh, kind="reset")

    with pytest.raises(GONE):
        call(fresh, "/users")

    assert fresh.world.counters.total(USERS, status=0) == 1
    assert call(fresh, "/users").status_code == 200


def test_truncate_promises_more_than_it_sends(fresh: Running) -> None:
    """Content-Length says all, half arrives, then the connection closes."""
    _fault(fresh, kind="truncate")
    link = http.client.HTTPConnection(fresh.url.removeprefix("http://"), timeout=10)
    link.request("GET", USERS, headers=TOKEN)
    answer = link.getresponse()

    with pytest.raises(http.client.IncompleteRead) as short:
        answer.read()

    promised = int(answer.headers["Content-Length"])
    assert len(short.value.partial) == promised // 2
    link.close()


def test_timeout_holds_the_answer_back(fresh: Running) -> None:
    """An impatient client gives up; the request was served all the same."""
    _fault(fresh, kind="timeout", seconds=0.4)

    with pytest.raises(requests.ReadTimeout):
        requests.get(fresh.url + USERS, headers=TOKEN | {"Connection": "close"}, timeout=0.1)

    _fault(fresh, kind="timeout", seconds=0.2)
    begun = time.monotonic()
    assert call(fresh, "/users").status_code == 200
    assert time.monotonic() - begun >= 0.2


def test_expire_token_refuses_in_the_dialect(fresh: Running) -> None:
    """An API token is refused once and then works again."""
    _fault(fresh, kind="expire_token")

    refused, again = call(fresh, "/users"), call(fresh, "/users")

    assert (refused.status_code, refused.json()["errorCode"]) == (401, "E0000011")
    assert again.status_code == 200


def test_stale_read_answers_from_before_the_latest_write(fresh: Running) -> None:
    """One read lags behind the write made since the fault was set; the next is up to date."""
    _fault(fresh, kind="stale_read")
    admin(fresh, "POST", "/people", {"do": "hire", "email": "first@acme.test"})
    admin(fresh, "POST", "/people", {"do": "hire", "email": "second@acme.test"})

    def logins() -> set[str]:
        return {row["profile"]["login"] for row in call(fresh, "/users").json()}

    stale, current = logins(), logins()

    assert "first@acme.test" in stale
    assert "second@acme.test" not in stale
    assert "second@acme.test" in current


# A face of one box: what is put in can be read, so it shows whether an operation took place.


def _put(world: World, request: Request) -> Reply:
    world.hold("box", lambda _company: []).append(request.json())
    return json_reply({"held": len(world.held["box"])}, 201)


def _look(world: World, _request: Request) -> Reply:
    return json_reply(world.hold("box", lambda _company: []))


BOX = Face("box", "/box", (Route("POST", "/things", _put), Route("GET", "/things", _look)))


@pytest.fixture
def box() -> Iterator[Running]:
    """Serve the box alone."""
    with Running(people=5, faces=(BOX,)) as sandbox:
        yield sandbox


def _store(sandbox: Running, thing: str, timeout: float = 10) -> requests.Response:
    return requests.post(
        f"{sandbox.url}/box/things", json=thing, headers={"Connection": "close"}, timeout=timeout
    )


def _stored(sandbox: Running) -> list[str]:
    return list(requests.get(f"{sandbox.url}/box/things", timeout=10).json())


@pytest.mark.parametrize(
    ("kind", "took_place"),
    [
        ("lost_write", True),
        ("reset", False),
        ("status", False),
        ("expire_token", False),
        ("truncate", True),
        ("timeout", True),
    ],
)
def test_a_fault_says_whether_the_operation_takes_place(box: Running, kind: str, took_place: bool) -> None:
    """A lost, late or truncated answer hides a write that was made; the other faults prevent it."""
    admin(box, "POST", "/faults", {"path": "/box", "method": "POST", "kind": kind, "seconds": 5})

    failed = False
    try:
        failed = _store(box, "x", timeout=0.3).status_code >= 400
    except (*GONE, requests.ReadTimeout):
        failed = True

    assert failed
    assert _stored(box) == (["x"] if took_place else [])
    assert _store(box, "y").status_code == 201


def test_a_lagging_read_of_a_face_forgets_the_latest_write_alone(box: Running) -> None:
    """The state of faces lags like that of people, and writing on top of it loses nothing."""
    admin(box, "POST", "/faults", {"path": "/box", "method": "GET", "kind": "stale_read", "times": 2})
    _store(box, "a")
    _store(box, "b")

    assert _stored(box) == ["a"]
    _store(box, "c")
    assert _stored(box) == ["a", "b"]
    assert _stored(box) == ["a", "b", "c"]


# Limits


def test_documented_limits_give_each_token_half_a_bucket() -> None:
    """Two tokens share the org's 120 log requests a minute, 60 each, told by the headers."""
    clock = [1_000_000.0]
    tokens = {name: ["okta.logs.read"] for name in ("a", "b", "c")}
    with Running(people=10, limits="documented", okta_tokens=tokens) as sandbox:
        sandbox.world.limits.clock = lambda: clock[0]

        def spend(token: str) -> list[int]:
            return [call(sandbox, "/logs", {"limit": 1}, token).status_code for _ in range(61)]

        assert spend("a") == [200] * 60 + [429]
        assert spend("b") == [200] * 60 + [429]
        assert call(sandbox, "/logs", token="c").status_code == 429

        refused = call(sandbox, "/logs", token="a")
        assert refused.json()["errorCode"] == "E0000047"
        assert refused.headers["X-Rate-Limit-Limit"] == "60"
        assert refused.headers["X-Rate-Limit-Remaining"] == "0"
        date = parsedate_to_datetime(refused.headers["Date"])
        assert int(refused.headers["X-Rate-Limit-Reset"]) == date.timestamp() + 60

        clock[0] += 60
        fresh_window = call(sandbox, "/logs", {"limit": 1}, "a")
        assert fresh_window.status_code == 200
        assert fresh_window.headers["X-Rate-Limit-Remaining"] == "59"


def test_buckets_are_apart() -> None:
    """Listing groups does not use up what listing users may."""
    with Running(people=10, limits="documented") as sandbox:
        assert call(sandbox, "/users").headers["X-Rate-Limit-Limit"] == "300"
        assert call(sandbox, "/groups").headers["X-Rate-Limit-Limit"] == "250"
        assert call(sandbox, "/users").headers["X-Rate-Limit-Remaining"] == "298"


def test_too_many_at_once_are_told_limit_zero() -> None:
    """The concurrency limit answers 429 with a limit of 0."""
    with Running(people=10, limits="documented") as sandbox:
        sandbox.world.limits.in_flight["okta"] = 75

        refused = call(sandbox, "/users")

        assert refused.status_code == 429
        assert refused.headers["X-Rate-Limit-Limit"] == "0"


def test_limits_latency_and_page_sizes_change_by_request(fresh: Running) -> None:
    """A running sandbox is made stricter and slower, and its pages shorter, without a restart."""
    admin(fresh, "POST", "/limits", {"mode": "documented", "latency": 0.1})
    admin(fresh, "POST", "/options", {"okta_page_size": 25})

    begun = time.monotonic()
    answer = call(fresh, "/users")

    assert time.monotonic() - begun >= 0.1
    assert answer.headers["X-Rate-Limit-Remaining"] == "299"
    assert len(answer.json()) == 25
    assert len(rows(fresh, "/users")) == 60

    admin(fresh, "POST", "/options", {"okta_page_size": None})
    assert len(call(fresh, "/users").json()) == 60


def test_limits_off_say_nothing(acme: Running) -> None:
    """Without limits there are no limit headers."""
    assert "X-Rate-Limit-Limit" not in call(acme, "/users").headers


def test_an_unknown_mode_is_refused() -> None:
    """The modes are named."""
    with pytest.raises(ValueError, match="off, relaxed, documented"):
        Running(people=5, limits="strict")


# The process


def test_the_command_says_where_it_listens_and_prints_a_policy(tmp_path: Path) -> None:
    """The first line is the address; the policy it writes points there."""
    command = [sys.executable, "-m", "sandbox", "--people", "20", "--port", "0", "--write", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
        printed = [process.stdout.readline() for _ in range(len(SECRETS) + 2)]
        assert url is not None
        people = requests.get(f"{url[1]}{USERS}", headers=TOKEN, timeout=10).json()
        process.terminate()

    assert len(people) == 20
    assert printed[0] == f"export SANDBOX_OKTA_TOKEN={SECRETS['SANDBOX_OKTA_TOKEN']}\n"
    assert printed[-1] == "ready\n"
    assert f"url: {url[1]}/okta," in (tmp_path / "policy.yaml").read_text()
    assert (tmp_path / "prices.yaml").exists()


def test_the_policy_is_one_the_product_accepts() -> None:
    """What the sandbox prints loads without a mistake, prices too."""
    from provisioning.licensing import price_book
    from provisioning.policy import policy
    from sandbox.policy import PRICES
    from sandbox.policy import policy as printed

    loaded = policy.load(printed("http://127.0.0.1:1"), origin="policy.yaml")

    assert set(loaded.connections) == {"okta-main", "acme-cloud"}
    assert price_book.load(PRICES, origin="prices.yaml").names


def test_a_sandbox_stops_at_once_whatever_hangs() -> None:
    """A held answer does not keep the server alive."""
    with Running(people=5) as sandbox:
        _fault(sandbox, kind="timeout")
        with pytest.raises(requests.ReadTimeout):
            requests.get(sandbox.url + USERS, headers=TOKEN, timeout=0.05)
        begun = time.monotonic()
    assert time.monotonic() - begun < 2


def test_all_goes_on_without_a_module_that_is_missing_and_says_so() -> None:
    """Whoever asks for such a source by name is told what installs the module."""
    said = """
import sys
sys.modules["ldap"] = None
from sandbox import policy
print(policy.chosen("all", policy.SOURCES))
print(policy.say_left_out("all"))
print(policy.say_left_out("okta-main"))
try:
    policy.chosen("acme-ad", policy.SOURCES)
except ValueError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)

    chosen, left_out, nothing, refused = ran.stdout.splitlines()
    assert "'okta-main'" in chosen
    assert "acme-ad" not in chosen
    assert "acme-ad, acme-openldap, for Python has no module ldap here; `make ldap`" in left_out
    assert nothing == "None"
    assert refused.startswith("acme-ad, for Python has no module ldap")
