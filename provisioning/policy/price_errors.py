"""Mistakes in a price book, told with their line and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import yaml
from pydantic import ValidationError

WORDS = (
    "version", "currency", "note", "books", "valid_from", "products", "billing", "bands", "tiers",
    "small_team", "renews_on", "sites", "up_to", "each", "flat", "price", "monthly", "annual", "data_center",
)  # fmt: skip


class PriceBookError(ValueError):
    """A price book cannot be used as it stands.

    Args:
        origin: file name.
        line: line of the mistake, from 1.
        problem: what is wrong.
        remedy: what to do next.
    """

    def __init__(self, origin: str, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"{origin}, line {line}: {problem}; {remedy}")
        self.line = line
        self.remedy = remedy

    @classmethod
    def of_syntax(cls, error: yaml.YAMLError, origin: str) -> PriceBookError:
        """Tell that the file is no YAML."""
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "the file is not YAML"
        return cls(
            origin, mark.line + 1 if mark else 1, str(problem), "correct the indentation or the quotes"
        )


def explained(error: ValidationError, root: yaml.Node, origin: str) -> PriceBookError:
    """The first mistake of a validation, with the line it is on."""
    first = error.errors()[0]
    line, names = _found(root, first["loc"])
    where = ".".join(names) or "the price book"
    return PriceBookError(origin, line, f"{where}: {_problem(first)}", _remedy(first))


def repeated_key(node: yaml.Node) -> tuple[int, str, str] | None:
    """Line, problem and remedy of a key that stands twice in one mapping; YAML would drop the first."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                return key.start_mark.line + 1, f"`{key.value}` stands twice", "remove one of the two"
            seen.add(key.value)
    return next((found for child in _children(node) if (found := repeated_key(child))), None)


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [value for _, value in node.value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _found(node: yaml.Node, path: Sequence[Any]) -> tuple[int, list[str]]:
    """Line of the key or item nearest to a path; parts that are no key (a chosen alternative) are skipped."""
    names: list[str] = []
    line = node.start_mark.line + 1
    for part in path:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
            names.append(str(part + 1))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    node, line = value, key.start_mark.line + 1
                    names.append(str(part))
                    break
    return line, names


def _problem(first: Any) -> str:
    kind = first["type"]
    if kind == "value_error":
        return str(first["ctx"]["error"])
    if kind == "missing":
        return f"`{first['loc'][-1]}` is missing"
    if kind == "extra_forbidden":
        return "this key is not known"
    if kind in {"union_tag_not_found", "union_tag_invalid"}:
        return "`billing` must be monthly, annual or data_center"
    shown = str(first["input"])
    return f"{first['msg'].replace('Input should be', 'expected')}, not {shown[:40]!r}"


def _remedy(first: Any) -> str:
    word = str(first["loc"][-1]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        near = get_close_matches(word, WORDS, n=1)
        return f"did you mean `{near[0]}`?" if near else "remove it"
    if first["type"] == "missing":
        return f"add `{word}`"
    return "correct the value; config/prices.yaml shows an example"
