"""SCIM filters (RFC 7644 §3.4.2.2) over Identities, column by column."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import pandas as pd
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from provisioning.model.frames import Identities, columns
from provisioning.model.terms import State

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
_TIMES = {"hired_on", "leaves_on", "created_on", "last_sign_in"}


def matches(text: str, identities: pd.DataFrame) -> pd.Series[bool]:
    """Which identities satisfy a filter; strings compare without regard to case.

    An attribute that is unknown satisfies `ne` and `not pr` only.

    Args:
        text: a filter that `Filter` accepted.
        identities: Identities frame.

    Returns:
        One boolean a row, with the index of `identities`.
    """
    return _evaluate(_parse(text), identities)


def _checked(text: str) -> str:
    try:
        matches(text, pd.DataFrame({name: pd.Series([], dtype="str") for name in columns(Identities)}))
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


def _evaluate(node: Any, identities: pd.DataFrame) -> pd.Series[bool]:
    """Truth of a Filter node of the parsed tree."""
    if node.namespace is not None:
        raise ValueError("square brackets have nothing to select in here; name the attribute alone")
    kind = type(node.expr).__name__
    if kind == "LogExpr":
        found = _any_of_all(_chain(node), identities)
    elif kind == "Filter":
        found = _evaluate(node.expr, identities)
    else:
        found = _compare(node.expr, identities)
    return ~found if node.negated else found


def _chain(node: Any) -> list[Any]:
    """Operands and operators of `a and b or c` in writing order.

    The parser gives `and` and `or` the same precedence; brackets stay visible as a Filter in a Filter.
    """
    if type(node.expr).__name__ != "LogExpr" or node.negated:
        return [node]
    return [*_chain(node.expr.expr1), node.expr.op.lower(), *_chain(node.expr.expr2)]


def _any_of_all(chain: list[Any], identities: pd.DataFrame) -> pd.Series[bool]:
    """Evaluate a chain with `and` binding tighter than `or`."""
    total = pd.Series(False, index=identities.index)
    run = _evaluate(chain[0], identities)
    for word, operand in zip(chain[1::2], chain[2::2], strict=True):
        truth = _evaluate(operand, identities)
        if word == "or":
            total, run = total | run, truth
        else:
            run = run & truth
    return total | run


def _compare(node: Any, identities: pd.DataFrame) -> pd.Series[bool]:
    """Truth of one comparison."""
    path = node.attr_path.attr_name
    if type(path).__name__ == "Filter":
        raise ValueError("square brackets have nothing to select in here; name the attribute alone")
    if node.attr_path.sub_attr is not None:
        path = f"{path}.{node.attr_path.sub_attr.value}"
    word = node.value.lower()
    if path.lower() == "active":
        return _active(word, node, identities)
    values = identities[_column(path)]
    if word == "pr":
        return values.notna()
    wanted = node.comp_value.value
    if wanted == "null":
        return values.isna() if word == "eq" else values.notna()
    return _test(values, word, wanted, time=values.name in _TIMES)


def _active(word: str, node: Any, identities: pd.DataFrame) -> pd.Series[bool]:
    value = "true" if word == "pr" else node.comp_value.value.lower()
    if word not in {"eq", "ne", "pr"} or value not in {"true", "false"}:
        raise ValueError("active compares with eq or ne to true or false")
    active = identities["state"] == State.ACTIVE.value
    return active if (value == "true") == (word != "ne") else ~active


def _test(values: pd.Series, word: str, wanted: str, *, time: bool) -> pd.Series[bool]:
    if time and word in _TEXT_ONLY:
        raise ValueError(f"{values.name} is a time; compare it with eq, ne, gt, ge, lt or le")
    stated: Any = pd.to_datetime(values, utc=True) if time else values.str.lower()
    limit: Any = _time(wanted) if time else wanted.lower()
    truth: pd.Series = _TESTS[word](stated, limit).fillna(value=False).astype("bool")
    return ~truth if word == "ne" else truth


def _time(text: str) -> pd.Timestamp:
    try:
        found = pd.Timestamp(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time such as 2026-03-01 or 2026-03-01T00:00:00Z") from None
    return found.tz_localize("UTC") if found.tzinfo is None else found.tz_convert("UTC")


def _column(path: str) -> str:
    """The column a SCIM attribute names."""
    known = columns(Identities)
    word = path.lower()
    if word in _SCIM_NAMES:
        return _SCIM_NAMES[word]
    if word in known:
        return word
    nearest = difflib.get_close_matches(word, [*known, *_SCIM_NAMES], n=1)
    hint = f"; did you mean {_SCIM_NAMES.get(nearest[0], nearest[0])}?" if nearest else ""
    raise ValueError(f"{path} is no attribute of an identity{hint}")
