"""Crowd's search restrictions: a line of its query language, or the same as a tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from sandbox.kit.datacenter_state import Account, WrongError

Test = Callable[[Account], bool]
FIELDS: dict[str, Callable[[Account], str]] = {
    "name": lambda a: a.name,
    "email": lambda a: a.email,
    "active": lambda a: str(a.active),
    "firstName": lambda a: a.given_name,
    "lastName": lambda a: a.family_name,
    "displayName": lambda a: a.display_name,
}
_TERM = re.compile(r"(\w+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([\w*@.-]+))")


def fitting(accounts: Iterable[Account], restriction: Any) -> list[Account]:
    """Accounts that satisfy a restriction; none means all."""
    if not restriction:
        return list(accounts)
    test = _tree(restriction) if isinstance(restriction, dict) else _line(str(restriction))
    return [account for account in accounts if test(account)]


def _line(text: str) -> Test:
    """Terms joined with `and`, and those with `or`; brackets are not known here."""
    either = [
        [_term(part) for part in re.split(r"\s+and\s+", terms, flags=re.IGNORECASE)]
        for terms in re.split(r"\s+or\s+", text, flags=re.IGNORECASE)
    ]
    return lambda account: any(all(test(account) for test in tests) for tests in either)


def _term(text: str) -> Test:
    found = _TERM.fullmatch(text.strip())
    if found is None or found[1] not in FIELDS:
        raise WrongError(400, "ILLEGAL_ARGUMENT", f"Cannot parse the restriction at <{text}>")
    wanted = found[3] if found[2] is None else re.sub(r"\\(.)", r"\1", found[2])
    return _test(found[1], wanted)


def _test(field: str, wanted: str) -> Test:
    pattern = re.sub(r"[\[\]?]", lambda m: f"[{m[0]}]", wanted.lower())
    return lambda account: fnmatchcase(FIELDS[field](account).lower(), pattern)


def _tree(node: dict[str, Any]) -> Test:
    if node.get("restriction-type") == "boolean-search-restriction":
        tests = [_tree(part) for part in node.get("restrictions", [])]
        both = node.get("boolean-logic", "and").lower() == "and"
        return lambda account: (all if both else any)(test(account) for test in tests)
    value = str(node.get("value", ""))
    forms = {"CONTAINS": f"*{value}*", "STARTS_WITH": f"{value}*"}
    return _test(node["property"]["name"], forms.get(node.get("match-mode", "EXACTLY_MATCHES"), value))
