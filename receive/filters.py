"""Filters of lists become conditions of the database.

What identity providers look people and groups up by has an index. Any other text of the standard that a user
has once can be compared too, by reading through the users of the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)
from sqlalchemy import ColumnElement, and_, exists, false, func, not_, or_, true

from ledger.pushed import tables
from provisioning.model.text import fold
from receive.paths import quote_bare
from receive.refusals import Refusal, bad_filter
from receive.schema import attribute, home, schema_of
from receive.values import canonical

MOST = 2_048
"""Letters of a filter."""
DEEPEST = 10
Compare = Callable[[CompareOperator, Any], ColumnElement[bool]]
_u, _g, _m = tables.users.c, tables.groups.c, tables.members.c


def user_filter(text: str) -> ColumnElement[bool]:
    """The condition on users that a filter states.

    Raises:
        Refusal: it cannot be read, or asks for what cannot be compared.
    """
    return _Conditions(_user_column).visit(_parse(text))


def group_filter(text: str) -> ColumnElement[bool]:
    """The same on groups."""
    return _Conditions(_group_column).visit(_parse(text))


def _parse(text: str) -> FilterNode:
    if len(text) > MOST:
        raise bad_filter(f"The filter is longer than {MOST} letters; look up one at a time.")
    if text.count("(") + text.count("[") > DEEPEST:
        raise bad_filter(f"The filter is nested deeper than {DEEPEST}; look up one at a time.")
    try:
        return ScimFilter(quote_bare(text)).ast
    except (InvalidFilterException, ValueError):
        raise bad_filter('The filter cannot be read; write it as userName eq "value".') from None


class _Conditions(FilterVisitor[ColumnElement[bool]]):
    """Conditions on one table; `column` gives how an attribute of it is compared."""

    def __init__(self, column: Callable[[AttrPath], Compare]) -> None:
        self._column = column

    def visit_comparison(self, node: Comparison) -> ColumnElement[bool]:
        return self._column(node.attr_path)(node.op, node.value)

    def visit_present(self, node: Present) -> ColumnElement[bool]:
        return self._column(node.attr_path)(CompareOperator.ne, None)

    def visit_not(self, node: Not) -> ColumnElement[bool]:
        return not_(self.visit(node.expr))

    def visit_logical_expr(self, node: LogicalExpr) -> ColumnElement[bool]:
        terms = [self.visit(term) for term in node.terms]
        return and_(*terms) if node.op == LogicalOperator.and_ else or_(*terms)

    def visit_value_path(self, node: ValuePath) -> ColumnElement[bool]:
        """An entry of a list: the address of work, or a member."""
        inner = node.val_filter
        terms = (
            inner.terms if isinstance(inner, LogicalExpr) and inner.op == LogicalOperator.and_ else (inner,)
        )
        compare = None
        for term in terms:
            if not isinstance(term, Comparison):
                raise bad_filter("Entries of a list are chosen by eq and and; simplify the filter.")
            if term.attr_path.attr.lower() == "value":
                compare = self._column(node.attr_path)(term.op, term.value)
            elif str(term.value).lower() not in ("work", "true"):
                raise bad_filter("Only addresses of type work can be looked up; filter by userName instead.")
        if compare is None:
            raise bad_filter("The filter says no value of the list; add value eq.")
        return compare


def _user_column(path: AttrPath) -> Compare:
    extension = schema_of(path.uri) if path.uri else home(path.attr)
    name = path.attr.lower()
    if extension is None:
        found = _common_column(tables.users, path) or _USER_COLUMNS.get(name)
        if found is not None:
            return found
    known = attribute(path.attr, extension)
    part = known.parts.get((path.sub_attr or "value").lower()) if known and known.kind == "complex" else None
    if known is None or known.many or (known.kind == "complex" and part is None):
        raise _unknown(path)
    place = [extension, known.name, part and part.name]
    column = _u.body[tuple(one for one in place if one)].as_string()
    return _folded_text(func.lower(column), str.lower)


def _group_column(path: AttrPath) -> Compare:
    found = _common_column(tables.groups, path) or _GROUP_COLUMNS.get(path.attr.lower())
    if found is None:
        raise _unknown(path)
    return found


def _common_column(table: Any, path: AttrPath) -> Compare | None:
    if path.attr.lower() == "meta":
        times = {"created": table.c.created_at, "lastmodified": table.c.modified_at}
        column = times.get((path.sub_attr or "").lower())
        return _time(column) if column is not None else None
    exact = {"id": table.c.id, "externalid": table.c.external_id}.get(path.attr.lower())
    return _folded_text(exact, str) if exact is not None else None


def _unknown(path: AttrPath) -> Refusal:
    return bad_filter(f"{path.attr} cannot be filtered by; use userName, externalId, emails or displayName.")


def _folded_text(column: Any, prepare: Callable[[str], str]) -> Compare:
    """Comparison of texts that are kept as `prepare` makes them."""

    def compare(operator: CompareOperator, value: Any) -> ColumnElement[bool]:
        if value is None:
            return _present(column, operator)
        said = prepare(value if isinstance(value, str) else str(value))
        made: dict[CompareOperator, Callable[[], ColumnElement[bool]]] = {
            CompareOperator.eq: lambda: column == said,
            CompareOperator.ne: lambda: or_(column != said, column.is_(None)),
            CompareOperator.co: lambda: column.contains(said, autoescape=True),
            CompareOperator.sw: lambda: column.startswith(said, autoescape=True),
            CompareOperator.ew: lambda: column.endswith(said, autoescape=True),
        }
        return _chosen(made, operator)

    return compare


def _present(column: Any, operator: CompareOperator) -> ColumnElement[bool]:
    if operator not in (CompareOperator.eq, CompareOperator.ne):
        raise bad_filter("null can be compared by eq and ne alone; correct the filter.")
    said: ColumnElement[bool] = column.is_(None) if operator == CompareOperator.eq else column.is_not(None)
    return said


def _chosen(
    made: dict[CompareOperator, Callable[[], ColumnElement[bool]]], operator: CompareOperator
) -> ColumnElement[bool]:
    if operator not in made:
        raise bad_filter(f"This attribute cannot be compared by {operator.value}; use eq.")
    return made[operator]()


def _active(operator: CompareOperator, value: Any) -> ColumnElement[bool]:
    if value is None:
        return true() if operator == CompareOperator.ne else false()
    if operator not in (CompareOperator.eq, CompareOperator.ne):
        raise bad_filter("active can be compared by eq and ne alone; correct the filter.")
    said = canonical(attribute("active"), "active", value)
    return _u.active.is_(said) if operator == CompareOperator.eq else _u.active.is_not(said)


def _time(column: Any) -> Compare:
    def compare(operator: CompareOperator, value: Any) -> ColumnElement[bool]:
        if value is None:
            return _present(column, operator)
        at = _instant(value)
        made: dict[CompareOperator, Callable[[], ColumnElement[bool]]] = {
            CompareOperator.eq: lambda: column == at,
            CompareOperator.ne: lambda: column != at,
            CompareOperator.gt: lambda: column > at,
            CompareOperator.ge: lambda: column >= at,
            CompareOperator.lt: lambda: column < at,
            CompareOperator.le: lambda: column <= at,
        }
        return _chosen(made, operator)

    return compare


def _instant(value: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise bad_filter("A time is written like 2026-01-31T08:00:00Z; correct the filter.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _member(operator: CompareOperator, value: Any) -> ColumnElement[bool]:
    inside = _m.group_key == _g.seq
    if value is None:
        return exists().where(inside) if operator == CompareOperator.ne else ~exists().where(inside)
    if operator != CompareOperator.eq:
        raise bad_filter("Members can be compared by eq alone; name one member.")
    return exists().where(inside, _m.member_id == str(value))


_USER_COLUMNS: dict[str, Compare] = {
    "username": _folded_text(_u.user_name, fold),
    "emails": _folded_text(_u.email, fold),
    "active": _active,
}
_GROUP_COLUMNS: dict[str, Compare] = {
    "displayname": _folded_text(_g.name, fold),
    "members": _member,
}
