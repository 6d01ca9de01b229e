"""The shape of what a Jira Data Center server answers: pages and application roles."""

from __future__ import annotations

from transport.reply import Reply
from transport.shape import Row, malformed, number_in, object_of, rows_in, text_in


def next_cursor(reply: Reply) -> str | None:
    """Return the cursor of the next page of users; None on the last."""
    return None if _is_last(reply) else text_in(object_of(reply), "nextCursor", reply)


def next_member(reply: Reply) -> int | None:
    """Return the row at which the next page of members starts; None on the last."""
    if _is_last(reply):
        return None
    body = object_of(reply)
    return number_in(body, "startAt", reply) + len(rows_in(body, "values", reply))


def _is_last(reply: Reply) -> bool:
    last = object_of(reply).get("isLast")
    if not isinstance(last, bool):
        raise malformed("the page does not say whether it is the last", reply)
    return last


def check_role(role: Row, reply: Reply) -> None:
    """Raise where a role lacks what is read of it.

    Raises:
        Malformed: it does.
    """
    _require_names(role, "groups", reply)
    if role.get("selectedByDefault"):
        _require_names(role, "defaultGroups", reply)
    if role.get("userCount") is not None:
        number_in(role, "userCount", reply)
    if not isinstance(role.get("numberOfSeats"), int | None):
        raise malformed(f"`numberOfSeats` is {role['numberOfSeats']!r} where a number is expected", reply)


def _require_names(row: Row, key: str, reply: Reply) -> None:
    names = row.get(key)
    if not isinstance(names, list) or not set(map(type, names)) <= {str}:
        raise malformed(f"`{key}` is {names!r} where a list of names is expected", reply)
