"""What a row of an answer must hold."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from sinks.kit.required import require_texts, rows_within, texts_of
from transport.errors import Malformed
from transport.reply import Reply
from transport.shape import rows_of


def _reply(rows: Any) -> Reply:
    return Reply(200, {}, orjson.dumps(rows), "http://target.test/groups", page=2)


def test_texts_are_returned_in_order() -> None:
    """One for each row."""
    reply = _reply([{"id": "a"}, {"id": "b"}])

    assert texts_of(rows_of(reply), "id", reply) == ["a", "b"]


@pytest.mark.parametrize("row", [{}, {"id": None}, {"id": 7}, {"id": ["a"]}])
def test_a_row_without_its_text_is_named_with_its_page(row: dict[str, Any]) -> None:
    """A missing identifier, or one of another type, makes the page unusable."""
    reply = _reply([{"id": "a"}, row])

    with pytest.raises(Malformed, match="id") as failure:
        require_texts(rows_of(reply), ("id",), reply)

    assert (failure.value.url, failure.value.page) == ("http://target.test/groups", 2)
    assert failure.value.remedy


def test_lists_within_rows_are_joined() -> None:
    """A row without the list has none."""
    reply = _reply([{"members": [{"value": "a"}]}, {}, {"members": None}, {"members": [{"value": "b"}]}])

    assert rows_within(rows_of(reply), "members", reply) == [{"value": "a"}, {"value": "b"}]


@pytest.mark.parametrize("members", ["a", {"value": "a"}, ["a"], [None]])
def test_a_list_within_a_row_that_is_none_is_refused(members: Any) -> None:
    """Anything but a list of objects."""
    reply = _reply([{"members": members}])

    with pytest.raises(Malformed, match="members"):
        rows_within(rows_of(reply), "members", reply)
