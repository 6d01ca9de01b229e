"""An answer that is not what was asked for is said to be so, with where it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import pytest

from transport.errors import Malformed
from transport.reply import Reply, decode_ids
from transport.shape import (
    number_in,
    number_in_header,
    number_in_text,
    object_in,
    object_of,
    rows_in,
    rows_of,
    text_in,
    values_of,
)

LOGIN_PAGE = {"title": "Sign in", "html": "<form>…</form>"}
NO_LISTS = [{}, None, "Please sign in", 7, True, LOGIN_PAGE, [1, 2], [{"id": 1}, None], ["a"], [[]]]


def _reply(body: Any, **headers: str) -> Reply:
    return Reply(200, headers, orjson.dumps(body), "https://idp.test/api/users?limit=2").numbered(7)


def _refused(read: Callable[[], object]) -> Malformed:
    with pytest.raises(Malformed) as caught:
        read()
    return caught.value


@pytest.mark.parametrize("body", NO_LISTS)
def test_what_is_no_list_of_rows_is_refused(body):
    """The error names host, path, page and what came, and says what to do."""
    error = _refused(lambda: rows_of(_reply(body)))

    assert "https://idp.test/api/users" in str(error)
    assert "(page 7)" in str(error)
    assert "expected" in error.args[0]
    assert error.remedy
    assert error.status == 200


@pytest.mark.parametrize("body", [*NO_LISTS, *({"value": body} for body in NO_LISTS)])
def test_what_holds_no_list_of_rows_is_refused(body):
    """An object with the named list alone will do, neither a bare list nor another object."""
    error = _refused(lambda: rows_of(_reply(body), "value"))

    assert "(page 7)" in str(error)


def test_rows_are_returned_as_they_are():
    """An empty list is a list."""
    rows = [{"id": 1}, {}]

    assert rows_of(_reply(rows)) == rows
    assert rows_of(_reply({"value": rows}), "value") == rows
    assert rows_of(_reply([])) == []


@pytest.mark.parametrize("body", [None, "x", 1, [], [{}]])
def test_what_is_no_object_is_refused(body):
    """Null is not an object without fields."""
    _refused(lambda: object_of(_reply(body)))
    _refused(lambda: object_in({"found": body}, "found", _reply({})))


@pytest.mark.parametrize("number", ["12", "", None, True, -1, 1.5, [], {}])
def test_a_total_that_is_no_number_is_refused(number):
    """A text that looks like one is none, and null is not nought."""
    error = _refused(lambda: number_in({"total": number}, "total", _reply({})))

    assert "`total`" in error.args[0]


def test_a_total_that_is_missing_is_refused():
    """What is not said is unknown, not nought."""
    assert "no `total`" in _refused(lambda: number_in({}, "total", _reply({}))).args[0]
    assert number_in({"total": 0}, "total", _reply({})) == 0


@pytest.mark.parametrize("text", ["many", "", "-1", "1.5", "١٢", None])
def test_a_header_that_is_no_number_is_refused(text):
    """Headers write numbers as texts, so digits will do, and nothing else."""
    headers = {} if text is None else {"total-count": text}

    assert "total-count" in _refused(lambda: number_in_header(_reply([], **headers), "total-count")).args[0]
    assert number_in_header(_reply([], **{"total-count": "12"}), "total-count") == 12


@pytest.mark.parametrize("value", [True, None, [], 1.5])
def test_digits_may_be_written_and_nothing_else(value):
    """XML knows texts alone."""
    _refused(lambda: number_in_text(value, "totalResults", _reply({})))

    assert number_in_text(3, "totalResults", _reply({})) == number_in_text(" 3 ", "totalResults", _reply({}))


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": None}, {"token": 5}])
def test_a_text_that_is_missing_is_refused(body):
    """An empty one counts as missing."""
    _refused(lambda: text_in(body, "token", _reply(body)))


def test_a_row_without_a_field_it_must_have_is_refused():
    """No row is passed over because it lacks its identifier."""
    assert values_of([{"id": 1}, {"id": 2}], "id", _reply([])) == [1, 2]
    assert "lacks `id`" in _refused(lambda: values_of([{"id": 1}, {}], "id", _reply([]))).args[0]


def test_a_part_of_an_answer_is_checked_likewise():
    """Several listings in one answer are read from its parts."""
    assert rows_in({"value": [{}]}, "value", _reply({})) == [{}]
    _refused(lambda: rows_in({"value": {}}, "value", _reply({})))


def test_identifiers_are_decoded_alone():
    """Whatever else a row holds is left out, so a page of whole users is read in a tenth of the time."""
    rows = [{"profile": {"id": "inner"}, "id": "00u1"}, {"id": "00u2", "odd": None}]

    assert rows_of(replace(_reply(rows), decode=decode_ids)) == [{"id": "00u1"}, {"id": "00u2"}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[",
        b'[{"id": "1"}',
        b'[{"id": "1"}] and more',
        b'[{"name": "a"}]',
        b'[{"id": 1}]',
        b'{"id": "1"}',
    ],
)
def test_what_is_no_list_of_identifiers_is_refused(body):
    """A cut body, another shape and a row without identifier are all told with where they came from."""
    error = _refused(replace(_reply([]), content=body, decode=decode_ids).json)

    assert "https://idp.test/api/users" in str(error)
    assert error.remedy
