"""The shape of an answer, checked where it is read.

An answer with status 200 may still be a login page, an error in an envelope, or null. Whoever reads
rows, texts or numbers out of one asks here, so that an odd answer raises `Malformed` with its host, path
and page, and never a `KeyError` far from the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from transport.errors import Malformed
from transport.reply import Reply

Row = dict[str, Any]
_KINDS = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def object_of(reply: Reply) -> Row:
    """Return the answer, which must be one object.

    Raises:
        Malformed: it is not.
    """
    body = reply.json()
    if not isinstance(body, dict):
        raise malformed(f"the answer is {_kind(body)} where an object is expected", reply)
    return body


def rows_of(reply: Reply, key: str | None = None) -> list[Row]:
    """Return the rows of an answer: a list of objects, or such a list in a field of an object.

    Args:
        reply: the answer.
        key: the field that holds the list; None where the answer itself is the list.

    Raises:
        Malformed: the list is missing, or is no list of objects.
    """
    if key is not None:
        return rows_in(object_of(reply), key, reply)
    return _rows(reply.json(), "the answer", reply)


def rows_in(body: Mapping[str, Any], key: str, reply: Reply) -> list[Row]:
    """Return a list of objects that a part of an answer must hold.

    Raises:
        Malformed: it is missing, or is no list of objects.
    """
    return _rows(_required(body, key, reply), f"`{key}`", reply)


def object_in(body: Mapping[str, Any], key: str, reply: Reply) -> Row:
    """Return an object that a part of an answer must hold.

    Raises:
        Malformed: it is missing, or is no object.
    """
    value = _required(body, key, reply)
    if not isinstance(value, dict):
        raise malformed(f"`{key}` is {_kind(value)} where an object is expected", reply)
    return value


def text_in(body: Mapping[str, Any], key: str, reply: Reply) -> str:
    """Return a text that a part of an answer must hold.

    Raises:
        Malformed: it is missing, empty, or no text.
    """
    value = _required(body, key, reply)
    if not isinstance(value, str) or not value:
        what = "empty" if value == "" else _kind(value)
        raise malformed(f"`{key}` is {what} where a text is expected", reply)
    return value


def number_in(body: Mapping[str, Any], key: str, reply: Reply) -> int:
    """Return a whole number, not below zero, that a part of an answer must hold.

    Raises:
        Malformed: it is missing, or is no such number; a number written as text is none.
    """
    value = _required(body, key, reply)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise malformed(f"`{key}` is {value!r} where a number is expected", reply)
    return value


def number_in_header(reply: Reply, name: str) -> int:
    """Return a whole number that a header of an answer must hold.

    Raises:
        Malformed: it is missing, or is no such number.
    """
    return number_in_text(reply.headers.get(name), f"the header `{name}`", reply)


def number_in_text(text: Any, what: str, reply: Reply) -> int:
    """Return a whole number that is, or is written as, decimal digits.

    Args:
        text: the digits.
        what: what they are, for the message.
        reply: the answer they come from.

    Raises:
        Malformed: they are none.
    """
    digits = str(text).strip()
    if isinstance(text, bool) or not (digits.isascii() and digits.isdigit()):
        raise malformed(f"{what} is {text!r} where a number is expected", reply)
    return int(digits)


def values_of(rows: Iterable[Mapping[str, Any]], key: str, reply: Reply) -> list[Any]:
    """Return one field of each row, which every row must have.

    Raises:
        Malformed: a row lacks it.
    """
    try:
        return [row[key] for row in rows]
    except KeyError:
        raise malformed(f"a row of the answer lacks `{key}`", reply) from None


def malformed(message: str, reply: Reply, remedy: str | None = None) -> Malformed:
    """Return the error of an answer that is not what was asked for, with where it came from."""
    error = Malformed(
        message,
        method=reply.method,
        url=reply.url,
        status=reply.status,
        headers=reply.headers,
        remedy=remedy,
    )
    error.page = reply.page
    return error


def _rows(value: Any, what: str, reply: Reply) -> list[Row]:
    if not isinstance(value, list):
        raise malformed(f"{what} is {_kind(value)} where a list is expected", reply)
    if not set(map(type, value)) <= {dict}:
        odd = next(row for row in value if type(row) is not dict)
        raise malformed(f"{what} holds {_kind(odd)} where a row is expected", reply)
    return value


def _required(body: Mapping[str, Any], key: str, reply: Reply) -> Any:
    if key not in body:
        raise malformed(f"the answer holds no `{key}`", reply)
    return body[key]


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), type(value).__name__)
