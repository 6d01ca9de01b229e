"""What a row of an answer must hold to be of use: identifiers, names, and lists where lists are expected."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from transport.reply import Reply
from transport.shape import Row, malformed, rows_in, values_of


def texts_of(rows: Sequence[Row], key: str, reply: Reply) -> list[str]:
    """Return one field of each row, which must be a text in every row.

    Raises:
        Malformed: a row lacks it, or it is no text.
    """
    values = values_of(rows, key, reply)
    if not set(map(type, values)) <= {str}:
        odd = next(value for value in values if type(value) is not str)
        raise malformed(f"`{key}` of a row is {odd!r} where a text is expected", reply)
    return values


def require_texts(rows: list[Row], keys: Sequence[str], reply: Reply) -> list[Row]:
    """Return the rows, each of which must hold these texts.

    Raises:
        Malformed: one does not.
    """
    for key in keys:
        texts_of(rows, key, reply)
    return rows


def rows_within(rows: Sequence[Row], key: str, reply: Reply) -> list[Row]:
    """Return the rows of all the lists that some rows hold in one field; absent or null is an empty list.

    Raises:
        Malformed: the field of a row is no list of objects.
    """
    lists = [row.get(key) or [] for row in rows]
    if not set(map(type, lists)) <= {list}:
        odd = next(value for value in lists if type(value) is not list)
        raise malformed(f"`{key}` of a row is {odd!r} where a list is expected", reply)
    return rows_in({key: list(chain.from_iterable(lists))}, key, reply)
