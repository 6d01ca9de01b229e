"""Okta's `filter` and `search`: `status eq "ACTIVE" and lastUpdated gt "2026-01-01T00:00:00.000Z"`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

Test = Callable[[Any], bool]
Reader = Callable[[Any], Any]

_TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<sign>[()])|(?P<word>[^\s()"]+))')
_TIME = re.compile(r"\d{4}-\d\d-\d\d")
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_TEXT: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "sw": lambda have, want: str(have).startswith(str(want)),
    "co": lambda have, want: str(want) in str(have),
}


class BadFilterError(ValueError):
    """The expression cannot be understood or asks for what the endpoint does not offer."""


def parse(text: str, readers: Mapping[str, Reader], operators: Mapping[str, Collection[str]]) -> Test:
    """Return a test for rows.

    Args:
        text: The expression.
        readers: How to read each attribute of a row; times as Okta writes them.
        operators: Which operators each attribute allows; `*` stands for the others.

    Raises:
        BadFilterError: Malformed, or an attribute or operator is not offered.
    """
    tokens = _tokens(text)
    test = _either(tokens, readers, operators)
    if tokens:
        raise BadFilterError(f"unexpected {tokens[0]!r}")
    return test


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadFilterError(f"unbalanced quotes at {at}")
        tokens.append(found.group(found.lastgroup or 0))
        at = found.end()
    return tokens


def _either(
    tokens: list[str], readers: Mapping[str, Reader], operators: Mapping[str, Collection[str]]
) -> Test:
    tests = [_both(tokens, readers, operators)]
    while tokens and tokens[0].lower() == "or":
        tokens.pop(0)
        tests.append(_both(tokens, readers, operators))
    return tests[0] if len(tests) == 1 else lambda row: any(test(row) for test in tests)


def _both(tokens: list[str], readers: Mapping[str, Reader], operators: Mapping[str, Collection[str]]) -> Test:
    tests = [_one(tokens, readers, operators)]
    while tokens and tokens[0].lower() == "and":
        tokens.pop(0)
        tests.append(_one(tokens, readers, operators))
    return tests[0] if len(tests) == 1 else lambda row: all(test(row) for test in tests)


def _one(tokens: list[str], readers: Mapping[str, Reader], operators: Mapping[str, Collection[str]]) -> Test:
    if tokens and tokens[0] == "(":
        tokens.pop(0)
        test = _either(tokens, readers, operators)
        if not tokens or tokens.pop(0) != ")":
            raise BadFilterError("a parenthesis is not closed")
        return test
    if len(tokens) < 2:
        raise BadFilterError("the expression ends too early")
    name, op = tokens.pop(0), tokens.pop(0).lower()
    read = readers.get(name)
    if read is None or op not in operators.get(name, operators.get("*", ())):
        raise BadFilterError(f"{name} {op} is not supported")
    if op == "pr":
        return lambda row: read(row) is not None
    if not tokens:
        raise BadFilterError(f"{name} {op} needs a value")
    return _compare(read, op, _value(tokens.pop(0)))


def _value(token: str) -> Any:
    if not token.startswith('"'):
        raise BadFilterError(f"{token} must be in double quotes")
    text = re.sub(r"\\(.)", r"\1", token[1:-1])
    if not _TIME.match(text):
        return text
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _compare(read: Reader, op: str, want: Any) -> Test:
    compare = _ORDER.get(op) or _TEXT[op]
    if op == "ne":
        return lambda row: read(row) != want

    def test(row: Any) -> bool:
        have = read(row)
        return have is not None and compare(have, want)

    return test
