"""SCIM filters over resources: `userName eq "ada" and emails[type eq "work"].value ew "@acme.test"`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from sandbox.scim.errors import ScimError

Test = Callable[[dict[str, Any]], bool]
_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>[()\[\]])|(?P<word>[^\s()\[\]"]+))')
_ORDER = {"gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "co": lambda have, want: want in have,
    "sw": str.startswith,
    "ew": str.endswith,
}
OPERATORS = {"eq", "ne", "pr", *_ORDER, *_TEXT}
_EXACT = {"id", "externalid"}


def parse(text: str) -> Test:
    """Return a test for resources.

    Raises:
        ScimError: 400 invalidFilter.
    """
    tokens = _tokens(text)
    test = _either(tokens)
    if tokens:
        raise _bad(f"unexpected {tokens[0]}")
    return test


def _bad(why: str) -> ScimError:
    return ScimError(400, f"The filter is not valid: {why}.", "invalidFilter")


def _tokens(text: str) -> list[str]:
    tokens, at, text = [], 0, text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise _bad("a quote is not closed")
        tokens.append(found.group(found.lastgroup or 0))
        at = found.end()
    return tokens


def _either(tokens: list[str]) -> Test:
    tests = [_both(tokens)]
    while tokens and tokens[0].lower() == "or":
        tokens.pop(0)
        tests.append(_both(tokens))
    return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)


def _both(tokens: list[str]) -> Test:
    tests = [_one(tokens)]
    while tokens and tokens[0].lower() == "and":
        tokens.pop(0)
        tests.append(_one(tokens))
    return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)


def _take(tokens: list[str], wanted: str | None = None) -> str:
    if not tokens or (wanted is not None and tokens[0] != wanted):
        raise _bad(f"expected {wanted or 'more'}")
    return tokens.pop(0)


def _one(tokens: list[str]) -> Test:
    word = _take(tokens)
    if word.lower() == "not" and tokens and tokens[0] == "(":
        inner = _group(tokens)
        return lambda row: not inner(row)
    if word == "(":
        tokens.insert(0, word)
        return _group(tokens)
    if tokens and tokens[0] == "[":
        return _within(word, tokens)
    return _compared(word, tokens)


def _group(tokens: list[str]) -> Test:
    _take(tokens, "(")
    test = _either(tokens)
    _take(tokens, ")")
    return test


def _within(name: str, tokens: list[str]) -> Test:
    """`emails[type eq "work"]`, alone or with `.value eq …` behind it."""
    _take(tokens, "[")
    inner = _either(tokens)
    _take(tokens, "]")
    rest = None
    if tokens and tokens[0].startswith("."):
        rest = _compared(tokens.pop(0)[1:], tokens)

    def test(row: dict[str, Any]) -> bool:
        items = [item for item in values(row, name) if isinstance(item, dict) and inner(item)]
        return any(rest is None or rest(item) for item in items)

    return test


def _compared(name: str, tokens: list[str]) -> Test:
    op = _take(tokens).lower()
    if op not in OPERATORS or name.startswith('"'):
        raise _bad(f"{name} {op} is not understood")
    if op == "pr":
        return lambda row: bool(_plain(row, name))
    want = _value(_take(tokens))
    exact = name.lower() in _EXACT
    if op == "ne":
        return lambda row: not any(_fits(have, "eq", want, exact) for have in _plain(row, name))
    return lambda row: any(_fits(have, op, want, exact) for have in _plain(row, name))


def _value(token: str) -> Any:
    try:
        return orjson.loads(token)
    except orjson.JSONDecodeError as wrong:
        raise _bad(f"{token} is no value") from wrong


def _fits(have: Any, op: str, want: Any, exact: bool) -> bool:
    if isinstance(have, bool) or isinstance(want, bool):
        return op == "eq" and str(have).lower() == str(want).lower()
    if not isinstance(want, str):
        return op in (*_ORDER, "eq") and isinstance(have, type(want)) and _ordered(have, op, want)
    left, right = str(have), want
    if op in _ORDER and (have_at := _time(left)) is not None and (want_at := _time(right)) is not None:
        return bool(_ORDER[op](have_at, want_at))
    if not exact:
        left, right = left.casefold(), right.casefold()
    return _TEXT[op](left, right) if op in _TEXT else _ordered(left, op, right)


def _ordered(have: Any, op: str, want: Any) -> bool:
    return bool(have == want if op == "eq" else _ORDER[op](have, want))


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _plain(row: dict[str, Any], path: str) -> list[Any]:
    """Return the values a path leads to; of complex ones their `value`."""
    found = [item.get("value") if isinstance(item, dict) else item for item in values(row, path)]
    return [item for item in found if item not in (None, "")]


def values(row: dict[str, Any], path: str) -> list[Any]:
    """Return what an attribute path leads to, whatever the case of its names; lists are spread."""
    for schema in row.get("schemas", ()):
        if path.lower().startswith(schema.lower() + ":"):
            path = path[len(schema) + 1 :]
            row = row.get(schema, row)
            break
    found: list[Any] = [row]
    for name in path.split("."):
        nested = [own(item, name) for item in found if isinstance(item, dict)]
        found = [item for held in nested for item in (held if isinstance(held, list) else [held])]
    return [item for item in found if item is not None]


def own(row: dict[str, Any], name: str) -> Any:
    """Return an attribute whatever the case of its name, None when it is not there."""
    if name in row:
        return row[name]
    return next((value for key, value in row.items() if key.lower() == name.lower()), None)
