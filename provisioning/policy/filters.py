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
from functools import partial, reduce
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from provisioning.model.attributes import ATTRIBUTES, LAST, TIMES
from provisioning.model.terms import State
from provisioning.policy.values import read_duration

if TYPE_CHECKING:
    import pandas as pd


class Known(NamedTuple):
    """What a filter is asked of.

    Attributes:
        people: Identities.
        at: the moment their facts are of; `60d ago` counts back from it.
    """

    people: pd.DataFrame
    at: datetime


Test = Callable[[Known], "pd.Series[bool]"]
"""Which identities satisfy a part of a filter; null where it is undecided."""
Moment = Callable[[datetime], datetime]
"""A moment, from the one that facts are of."""
_AGO = re.compile(r"(.+?)\s+ago", re.IGNORECASE)

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
    return _test_of(_parse(text))(Known(identities, known_at)).astype("boolean")


def asks_sign_in(text: str) -> bool:
    """Whether a filter asks for the last sign-in."""
    return LAST in text.lower()


def _checked(text: str) -> str:
    try:
        _test_of(_parse(text))
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


def _test_of(node: Any) -> Test:
    """What a Filter node of the parsed tree asks of an identity.

    Raises:
        ValueError: nobody could be asked that.
    """
    if node.namespace is not None:
        raise ValueError("square brackets have nothing to select in here; name the attribute alone")
    kind = type(node.expr).__name__
    if kind == "LogExpr":
        test = _any_of_all(_chain(node))
    elif kind == "Filter":
        test = _test_of(node.expr)
    else:
        test = _comparison(node.expr)
    return (lambda known: ~test(known)) if node.negated else test


def _chain(node: Any) -> list[Any]:
    """Operands and operators of `a and b or c` in writing order.

    The parser gives `and` and `or` the same precedence; brackets stay visible as a Filter in a Filter.
    """
    if type(node.expr).__name__ != "LogExpr" or node.negated:
        return [node]
    return [*_chain(node.expr.expr1), node.expr.op.lower(), *_chain(node.expr.expr2)]


def _any_of_all(chain: list[Any]) -> Test:
    """A chain with `and` binding tighter than `or`."""
    runs = [[_test_of(chain[0])]]
    for word, operand in zip(chain[1::2], chain[2::2], strict=True):
        if word == "or":
            runs.append([])
        runs[-1].append(_test_of(operand))

    def test(known: Known) -> pd.Series[bool]:
        satisfied = (reduce(operator.and_, (part(known) for part in run)) for run in runs)
        return reduce(operator.or_, satisfied)

    return test


def _comparison(node: Any) -> Test:
    """What one comparison asks."""
    path = node.attr_path.attr_name
    if type(path).__name__ == "Filter":
        raise ValueError("square brackets have nothing to select in here; name the attribute alone")
    if node.attr_path.sub_attr is not None:
        path = f"{path}.{node.attr_path.sub_attr.value}"
    word = node.value.lower()
    if path.lower() == "active":
        return _active(word, node)
    column = _column(path)
    wanted = None if word == "pr" else node.comp_value.value
    if wanted in {None, "null"}:
        return (lambda known: ~_is_told(column, known)) if word == "eq" else partial(_is_told, column)
    return _time_test(column, word, wanted) if column in TIMES else _text_test(column, word, wanted)


def _is_told(column: str, known: Known) -> pd.Series[bool]:
    if column != LAST:
        return known.people[column].notna()
    from provisioning.model.sign_ins import has_signed_in

    return has_signed_in(known.people)


def _active(word: str, node: Any) -> Test:
    value = "true" if word == "pr" else node.comp_value.value.lower()
    if word not in {"eq", "ne", "pr"} or value not in {"true", "false"}:
        raise ValueError("active compares with eq or ne to true or false")
    if (value == "true") == (word != "ne"):
        return lambda known: known.people["state"] == State.ACTIVE.value
    return lambda known: known.people["state"] != State.ACTIVE.value


def _text_test(column: str, word: str, wanted: str) -> Test:
    return lambda known: _compare(known.people[column].str.lower(), word, wanted.lower())


def _time_test(column: str, word: str, wanted: str) -> Test:
    if word in _TEXT_ONLY:
        raise ValueError(f"{column} is a time; compare it with eq, ne, gt, ge, lt or le")
    limit = _moment(wanted)
    if column == LAST:
        return lambda known: _compare_sign_ins(known, word, limit(known.at))
    return lambda known: _compare(known.people[column], word, limit(known.at))


def _compare(stated: pd.Series, word: str, limit: Any) -> pd.Series[bool]:
    truth: pd.Series = _TESTS[word](stated, limit).fillna(value=False).astype("bool")
    return ~truth if word == "ne" else truth


def _compare_sign_ins(known: Known, word: str, limit: datetime) -> pd.Series[bool]:
    from provisioning.model.sign_ins import compare

    truth = compare(known.people, word, limit, known.at)
    return ~truth if word == "ne" else truth


def _moment(text: str) -> Moment:
    try:
        if ago := _AGO.fullmatch(text):
            before = read_duration(ago[1])
            return lambda at: at - before
        found = datetime.fromisoformat(text)
    except ValueError:
        expected = "a time such as 2026-03-01, 2026-03-01T00:00:00Z or 60d ago"
        raise ValueError(f"{text!r} is not {expected}") from None
    stated = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return lambda _at: stated


def _column(path: str) -> str:
    """The column a SCIM attribute names."""
    word = path.lower()
    if word in _SCIM_NAMES:
        return _SCIM_NAMES[word]
    if word in ATTRIBUTES:
        return word
    nearest = difflib.get_close_matches(word, [*ATTRIBUTES, *_SCIM_NAMES], n=1)
    hint = f"; did you mean {_SCIM_NAMES.get(nearest[0], nearest[0])}?" if nearest else ""
    raise ValueError(f"{path} is no attribute of an identity{hint}")
