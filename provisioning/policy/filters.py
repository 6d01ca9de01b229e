"""SCIM filters (RFC 7644 §3.4.2.2) over Identities, column by column.

What is known of a last sign-in may not decide a comparison, and then the filter may be undecided about
somebody, as Kleene's logic has it: `and` with what is false is false, `or` with what is true is true.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import pandas as pd
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from provisioning.model import sign_ins
from provisioning.model.frames import Identities, columns, empty
from provisioning.model.terms import State
from provisioning.policy.values import read_duration

_SCIM_NAMES = {
    "id": "source_id",
    "externalid": "source_id",
    "username": "user_name",
    "emails": "email",
    "emails.value": "email",
    "displayname": "display_name",
    "name.givenname": "given_name",
    "givenname": "given_name",
    "name.familyname": "family_name",
    "familyname": "family_name",
    "usertype": "user_type",
    "costcenter": "cost_center",
    "employeenumber": "employee_number",
    "manager.value": "manager",
    "manager.displayname": "manager",
    "meta.created": "created_on",
    "hiredate": "hired_on",
}
"""SCIM's attribute names (lower case) for the columns of Identities that are named otherwise."""
_TEXT_ONLY: Mapping[str, Callable[[Any, Any], Any]] = {
    "co": lambda values, text: values.str.contains(text, regex=False),
    "sw": lambda values, text: values.str.startswith(text),
    "ew": lambda values, text: values.str.endswith(text),
}
_TESTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.eq,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    **_TEXT_ONLY,
}
"""How values compare; `ne` is what is left of `eq`, so that unknown values satisfy it."""
_TIMES = {"hired_on", "leaves_on", "created_on", sign_ins.LAST}
_SAID_WITH = {sign_ins.NEVER, sign_ins.STALENESS}
"""Columns that are a part of what `last_sign_in` says."""
_AGO = re.compile(r"(.+?)\s+ago", re.IGNORECASE)


class Known(NamedTuple):
    """What a filter is asked of.

    Attributes:
        people: Identities.
        at: the moment their facts are of; `60d ago` counts back from it.
    """

    people: pd.DataFrame
    at: datetime


def matches(text: str, identities: pd.DataFrame, known_at: datetime) -> pd.Series[bool]:
    """Which identities satisfy a filter; strings compare without regard to case.

    An attribute that is unknown satisfies `ne` and `not pr` only; but an unknown last sign-in, or one too
    stale to decide, leaves the filter undecided.

    Args:
        text: a filter that `Filter` accepted.
        identities: Identities frame.
        known_at: the moment the facts are of.

    Returns:
        One nullable boolean a row, with the index of `identities`; null where the filter is undecided.
    """
    return _evaluate(_parse(text), Known(identities, known_at)).astype("boolean")


def asks_sign_in(text: str) -> bool:
    """Whether a filter asks for the last sign-in."""
    return sign_ins.LAST in text.lower()


def _checked(text: str) -> str:
    try:
        matches(text, empty(Identities), datetime.now(UTC))
    except ValueError as error:
        problem = {"problem": str(error)}
        raise PydanticCustomError("filter", "a SCIM filter is expected: {problem}", problem) from None
    return text


Filter = Annotated[str, AfterValidator(_checked)]
"""A SCIM filter in words, such as `userType eq "Employee" and not (department eq "Test")`."""


def _parse(text: str) -> Any:
    # Building the parser's tables takes a while; policies without a filter do not pay for it.
    from scim2_filter_parser.lexer import SCIMLexer
    from scim2_filter_parser.parser import SCIMParser, SCIMParserError

    try:
        return SCIMParser().parse(SCIMLexer().tokenize(text))
    except SCIMParserError as error:
        at = re.search(r"value=('.*?')", str(error))
        where = f"near {at[1]}" if at else "at the end"
        raise ValueError(f"{where} it cannot be read (numbers and times stand in double quotes)") from None


def _evaluate(node: Any, known: Known) -> pd.Series[bool]:
    """Truth of a Filter node of the parsed tree."""
    if node.namespace is not None:
        raise ValueError("square brackets have nothing to select in here; name the attribute alone")
    kind = type(node.expr).__name__
    if kind == "LogExpr":
        found = _any_of_all(_chain(node), known)
    elif kind == "Filter":
        found = _evaluate(node.expr, known)
    else:
        found = _compare(node.expr, known)
    return ~found if node.negated else found


def _chain(node: Any) -> list[Any]:
    """Operands and operators of `a and b or c` in writing order.

    The parser gives `and` and `or` the same precedence; brackets stay visible as a Filter in a Filter.
    """
    if type(node.expr).__name__ != "LogExpr" or node.negated:
        return [node]
    return [*_chain(node.expr.expr1), node.expr.op.lower(), *_chain(node.expr.expr2)]


def _any_of_all(chain: list[Any], known: Known) -> pd.Series[bool]:
    """Evaluate a chain with `and` binding tighter than `or`."""
    total = pd.Series(False, index=known.people.index)
    run = _evaluate(chain[0], known)
    for word, operand in zip(chain[1::2], chain[2::2], strict=True):
        truth = _evaluate(operand, known)
        if word == "or":
            total, run = total | run, truth
        else:
            run = run & truth
    return total | run


def _compare(node: Any, known: Known) -> pd.Series[bool]:
    """Truth of one comparison."""
    path = node.attr_path.attr_name
    if type(path).__name__ == "Filter":
        raise ValueError("square brackets have nothing to select in here; name the attribute alone")
    if node.attr_path.sub_attr is not None:
        path = f"{path}.{node.attr_path.sub_attr.value}"
    word = node.value.lower()
    if path.lower() == "active":
        return _active(word, node, known.people)
    column = _column(path)
    wanted = None if word == "pr" else node.comp_value.value
    if wanted in {None, "null"}:
        told = _is_told(column, known.people)
        return ~told if word == "eq" else told
    if column in _TIMES:
        return _test_time(column, word, wanted, known)
    values = known.people[column].str.lower()
    return _negate_ne(word, _TESTS[word](values, wanted.lower()).fillna(value=False).astype("bool"))


def _is_told(column: str, people: pd.DataFrame) -> pd.Series[bool]:
    return sign_ins.has_signed_in(people) if column == sign_ins.LAST else people[column].notna()


def _active(word: str, node: Any, identities: pd.DataFrame) -> pd.Series[bool]:
    value = "true" if word == "pr" else node.comp_value.value.lower()
    if word not in {"eq", "ne", "pr"} or value not in {"true", "false"}:
        raise ValueError("active compares with eq or ne to true or false")
    active = identities["state"] == State.ACTIVE.value
    return active if (value == "true") == (word != "ne") else ~active


def _test_time(column: str, word: str, wanted: str, known: Known) -> pd.Series[bool]:
    if word in _TEXT_ONLY:
        raise ValueError(f"{column} is a time; compare it with eq, ne, gt, ge, lt or le")
    limit = _time(wanted, known.at)
    if column == sign_ins.LAST:
        return _negate_ne(word, sign_ins.compare(known.people, word, limit, known.at))
    return _negate_ne(word, _TESTS[word](known.people[column], limit).fillna(value=False).astype("bool"))


def _negate_ne(word: str, truth: pd.Series[bool]) -> pd.Series[bool]:
    return ~truth if word == "ne" else truth


def _time(text: str, at: datetime) -> pd.Timestamp:
    try:
        if ago := _AGO.fullmatch(text):
            return pd.Timestamp(at - read_duration(ago[1])).tz_convert("UTC")
        found = pd.Timestamp(text)
    except ValueError:
        expected = "a time such as 2026-03-01, 2026-03-01T00:00:00Z or 60d ago"
        raise ValueError(f"{text!r} is not {expected}") from None
    return found.tz_localize("UTC") if found.tzinfo is None else found.tz_convert("UTC")


def _column(path: str) -> str:
    """The column a SCIM attribute names."""
    known = [name for name in columns(Identities) if name not in _SAID_WITH]
    word = path.lower()
    if word in _SCIM_NAMES:
        return _SCIM_NAMES[word]
    if word in known:
        return word
    nearest = difflib.get_close_matches(word, [*known, *_SCIM_NAMES], n=1)
    hint = f"; did you mean {_SCIM_NAMES.get(nearest[0], nearest[0])}?" if nearest else ""
    raise ValueError(f"{path} is no attribute of an identity{hint}")
