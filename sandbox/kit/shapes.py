"""Answers that succeed and are wrong: what a listing may be turned into, by request.

| shape         | what the client gets instead of the listing                                      |
|---------------|-----------------------------------------------------------------------------------|
| object        | `{}`                                                                              |
| null          | `null`                                                                            |
| error         | an error document under the status of success                                     |
| login         | the page of a sign-in portal, which is HTML                                       |
| text          | its rows as plain words                                                           |
| rowless       | the same document without its list of rows                                        |
| null_rows     | the same document with `null` for its list of rows                                |
| empty         | the same document without any row, and totals of nothing                          |
| half          | half of the rows, totals as they were; a listing without totals stays whole       |
| more, fewer   | all rows, and totals one larger, or one smaller, than they are                    |
| strangers     | all rows, each identifier one that names nobody                                   |
| nameless      | all rows without identifiers, names alone                                         |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ROWS = ("Resources", "value", "data", "values", "results", "users", "groups", "responses", "memberships")
"""Names under which vendors list rows, the likelier first."""
TOTALS = ("totalResults", "total", "totalSize", "totalCount", "size", "itemsPerPage", "@odata.count")
IDENTIFIERS = ("id", "value", "accountId", "account_id", "key", "name", "user_id", "userKey", "slug", "$ref")
ERROR = {"error": {"code": "upstream", "message": "the service behind the gateway did not answer"}}
LOGIN = "<html><title>Sign in</title><body>Your session has ended.</body></html>"


def reshape(body: Any, shape: str) -> Any:
    """Return an answer in another shape.

    Args:
        body: the answer as JSON; it is not changed.
        shape: one of `SHAPES`.

    Returns:
        What is sent as JSON, or a text that is sent as it is.
    """
    return SHAPES[shape](body)


def _where(body: Any) -> str | None:
    """Under which name a document keeps its rows; None where it is a list, or no listing."""
    if not isinstance(body, dict):
        return None
    lists = [name for name, value in body.items() if isinstance(value, list) and name != "schemas"]
    return next((name for name in ROWS if name in lists), lists[0] if lists else None)


def _rows(body: Any) -> list[Any]:
    name = _where(body)
    found = body if name is None else body[name]
    return found if isinstance(found, list) else []


def _with_rows(body: Any, rows: list[Any] | None) -> Any:
    name = _where(body)
    if name is None:
        return rows if isinstance(body, list) else body
    return {**body, name: rows}


def _total(body: Any, total: Callable[[int], int]) -> Any:
    if not isinstance(body, dict):
        return body
    return {k: total(v) if k in TOTALS and isinstance(v, int) else v for k, v in body.items()}


def _rowless(body: Any) -> Any:
    name = _where(body)
    return {} if name is None else {k: v for k, v in body.items() if k != name}


def _half(body: Any) -> Any:
    stated = isinstance(body, dict) and any(name in body for name in TOTALS)
    return _with_rows(body, _rows(body)[: len(_rows(body)) // 2]) if stated else body


def _strange(row: Any) -> Any:
    """The same row about nobody: each identifier is one that no list holds."""
    if not isinstance(row, dict):
        return f"stranger-{row}"
    return {k: f"stranger-{v}" if k in IDENTIFIERS and v is not None else v for k, v in row.items()}


def _nameless(row: Any) -> Any:
    return {k: v for k, v in row.items() if k not in IDENTIFIERS} if isinstance(row, dict) else row


SHAPES: dict[str, Callable[[Any], Any]] = {
    "object": lambda _body: {},
    "null": lambda _body: None,
    "error": lambda _body: ERROR,
    "login": lambda _body: LOGIN,
    "text": lambda body: _with_rows(body, ["a row"] * len(_rows(body))),
    "rowless": _rowless,
    "null_rows": lambda body: _with_rows(body, None),
    "empty": lambda body: _total(_with_rows(body, []), lambda _n: 0),
    "half": _half,
    "more": lambda body: _total(body, lambda n: n + 1),
    "fewer": lambda body: _total(body, lambda n: max(0, n - 1)),
    "strangers": lambda body: _with_rows(body, [_strange(row) for row in _rows(body)]),
    "nameless": lambda body: _with_rows(body, [_nameless(row) for row in _rows(body)]),
}
