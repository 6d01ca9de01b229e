"""Paths of PATCH operations: what attribute they lead to, whatever way it is written."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from scim2_models import InvalidFilterException, InvalidPathException, Path
from scim2_models.path import (
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    ValuePath,
)

from receive.refusals import bad_path
from receive.schema import attribute, home, schema_of

_BARE = re.compile(r"""("(?:[^"\\]|\\.)*")|\b(eq|ne|co|sw|ew|gt|ge|lt|le)\s+([^\s"()\[\]]+)""", re.IGNORECASE)
_LITERALS = {"true", "false", "null"}
PATH_LENGTH = 2_048


class Target(NamedTuple):
    """Where an operation applies.

    Attributes:
        extension: schema of the extension, None for the user itself.
        name: of the attribute, as the standard writes it if it knows it.
        part: of a complex attribute; None for all of it.
        only: what entries of a list are meant: values by part, None for all.
    """

    extension: str | None
    name: str
    part: str | None = None
    only: dict[str, Any] | None = None


def quote_bare(text: str) -> str:
    """A filter with every value in quotes; some clients leave them out."""

    def quoted(found: re.Match[str]) -> str:
        whole, operator, value = found.groups()
        if whole or value.lower() in _LITERALS:
            return found[0]
        return f'{operator} "{value}"'

    return _BARE.sub(quoted, text)


def read_path(text: str) -> Target:
    """What a path leads to.

    Raises:
        Refusal: it is no path.
    """
    if len(text) > PATH_LENGTH:
        raise bad_path("The path is too long; name one attribute.")
    try:
        node = Path(quote_bare(text.strip())).ast
    except (InvalidPathException, InvalidFilterException, ValueError):
        raise bad_path(f"{_shown(text)} is no path of an attribute; correct the mapping.") from None
    if isinstance(node, ValuePath):
        found = _named(node.attr_path)
        part = node.sub_attr or node.attr_path.sub_attr
        return found._replace(part=_part(found, part), only=wanted(node.val_filter, text))
    if isinstance(node, AttrPath):
        return _named(node)
    raise bad_path(f"{_shown(text)} is no path of an attribute; correct the mapping.")


def _named(path: AttrPath) -> Target:
    extension = schema_of(path.uri) if path.uri else home(path.attr)
    known = attribute(path.attr, extension)
    found = Target(extension, known.name if known else path.attr)
    return found._replace(part=_part(found, path.sub_attr))


def _part(target: Target, name: str | None) -> str | None:
    known = attribute(target.name, target.extension)
    part = known.parts.get(name.lower()) if known and name else None
    return part.name if part else name


def wanted(node: FilterNode, text: str) -> dict[str, Any]:
    """The values that a filter of a path asks for, by part.

    Raises:
        Refusal: it asks for anything but equality.
    """
    if isinstance(node, Comparison) and node.op == CompareOperator.eq and not node.attr_path.sub_attr:
        return {node.attr_path.attr: node.value}
    if isinstance(node, LogicalExpr) and node.op == LogicalOperator.and_:
        return {name: value for term in node.terms for name, value in wanted(term, text).items()}
    raise bad_path(f"{_shown(text)} chooses entries by more than equality; use eq, joined by and.")


def _shown(text: str) -> str:
    """The attribute a path names; what stands in brackets may be somebody's address."""
    return text.split("[", 1)[0][:80] or "The path"
