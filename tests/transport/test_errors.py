"""Every failure has one class, and the class says what to do next."""

from __future__ import annotations

import inspect
import pickle
from http import HTTPStatus

import pytest
import requests.exceptions
import urllib3.exceptions
from hypothesis import given
from hypothesis import strategies as st

from tests.transport.service import Answer, serving
from transport import errors
from transport.errors import TransportError, error_class, words_of
from transport.failures import FAILURES, translate_failure

CLASSES = [
    each for _, each in inspect.getmembers(errors, inspect.isclass) if issubclass(each, TransportError)
]
EXPECTED = {
    400: errors.BadRequest,
    401: errors.CredentialRefused,
    402: errors.PaymentRequired,
    403: errors.Forbidden,
    404: errors.NotFound,
    408: errors.Unavailable,
    409: errors.Conflict,
    410: errors.NotFound,
    412: errors.Conflict,
    422: errors.BadRequest,
    425: errors.Unavailable,
    429: errors.RateLimited,
    500: errors.Unavailable,
    501: errors.BadRequest,
    503: errors.Unavailable,
}


@pytest.mark.parametrize("status", [status.value for status in HTTPStatus if status >= 400])
def test_each_error_status_becomes_its_error_with_status_body_and_headers(status, door, open_client):
    """A read that is answered by an error raises the class of its status, and keeps the answer."""
    refusal = Answer(status, {"errorSummary": "why it failed"}, (("X-Request-Id", "r1"),))
    with serving(refusal) as service, pytest.raises(TransportError) as caught:
        open_client(door, service.url).get("/things")

    error = caught.value
    default = errors.BadRequest if status < 500 else errors.Unavailable
    if status in EXPECTED:
        assert EXPECTED[status] is type(error)
    assert isinstance(error, EXPECTED.get(status, (default, errors.Conflict)))
    assert status == error.status
    assert error.body == {"errorSummary": "why it failed"}
    assert error.headers["x-request-id"] == "r1"
    assert f"GET {service.url}/things answered {status}: why it failed" == error.message


@given(st.integers(min_value=100, max_value=999).filter(lambda status: not 200 <= status < 300))
def test_no_status_outside_success_is_without_an_error(status):
    """Any number a server can send has its class."""
    assert issubclass(error_class(status), TransportError)


def test_the_docstring_draws_every_class_once():
    """The tree in the docstring is the tree in the code."""
    drawn = [line.split("─ ")[-1].split()[0] for line in (errors.__doc__ or "").splitlines() if "─ " in line]
    assert sorted(each.__name__ for each in CLASSES if each is not TransportError) == sorted(drawn)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_class_has_a_remedy_of_its_own_and_travels_between_processes(kind):
    """A remedy is a sentence; an error survives pickling with all it knows."""
    error = kind("words", status=500, url="https://a.test/x", body={"a": 1})
    error.page = 7
    copy = pickle.loads(pickle.dumps(error))

    assert error.remedy.endswith(".")
    assert str(error) == str(copy)
    assert "(page 7)" in str(copy)
    assert copy.remedy == error.remedy


def _subclasses(kind):
    return [kind, *(each for sub in kind.__subclasses__() for each in _subclasses(sub))]


LEAVES = [
    each
    for each in _subclasses(requests.exceptions.RequestException)
    if each.__module__ == "requests.exceptions" and each is not requests.exceptions.RequestException
]


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
def test_everything_the_layer_below_raises_is_mapped_on_purpose(kind):
    """Each exception of requests meets a line of the table that is not the last resort."""
    last_resort = {OSError, urllib3.exceptions.HTTPError}
    kinds = [listed for listed, _ in FAILURES if issubclass(kind, listed)]

    assert kinds
    assert kinds[0] not in last_resort
    assert isinstance(translate_failure(kind.__new__(kind)), TransportError)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"errorCode": "E0000011", "errorSummary": "Invalid token provided"},
            "E0000011 Invalid token provided",
        ),
        ({"error": {"code": "Forbidden", "message": "No consent"}}, "Forbidden No consent"),
        ({"errors": [{"code": "ADMIN-403-3", "title": "Not allowed"}]}, "ADMIN-403-3 Not allowed"),
        ({"errorMessages": ["The group does not exist"], "errors": {}}, "The group does not exist"),
        ({"error": "invalid_client", "error_description": "Secret expired"}, "Secret expired"),
        ({"status": "409", "scimType": "uniqueness", "detail": "Taken"}, "uniqueness Taken"),
        ("<html>Bad gateway</html>", ""),
        (None, ""),
    ],
)
def test_the_service_s_own_words_are_found_wherever_it_puts_them(body, words):
    """Each vendor's error body gives one sentence."""
    assert words == words_of(body)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)
    )
)
def test_no_error_body_breaks_the_search_for_words(body):
    """Whatever JSON a service sends, its words are a text."""
    assert isinstance(words_of(body), str)
