"""The policy file as text: where each value stands, and mistakes told with their line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import yaml

Path = tuple[str | int, ...]
_SHAPES = {"Regex", "Replace", "Lookup"}
"""Shapes a transform step can have, as pydantic names them in the path of an error."""


class Mistake(NamedTuple):
    """One mistake: its place in the file, what was expected, and the nearest valid word."""

    line: int
    where: str
    expected: str
    nearest: str | None = None

    def __str__(self) -> str:
        """The mistake as one line."""
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"line {self.line}: {self.where}: {self.expected}{hint}"


class PolicyError(ValueError):
    """The policy file cannot be used; every mistake is shown with its line.

    Attributes:
        origin: name of the file.
        mistakes: in the order of the file.
    """

    def __init__(self, origin: str, mistakes: Iterable[Mistake]) -> None:
        self.origin = origin
        self.mistakes = sorted(set(mistakes))
        shown = "\n".join(f"{origin}, {mistake}" for mistake in self.mistakes)
        super().__init__(shown)

    @property
    def remedy(self) -> str:
        """What to do next."""
        return f"correct {self.origin}, then run `seatwise check`"


class Document(NamedTuple):
    """A YAML file as plain values and as nodes that know their lines."""

    origin: str
    values: Any
    root: yaml.Node

    def line(self, path: Path) -> int:
        """Line of the deepest part of the path that stands in the file, from 1."""
        node, line = self.root, self.root.start_mark.line + 1
        for step in path:
            found = _below(node, step)
            if found is None:
                continue
            line, node = found
        return line


def read(text: str, origin: str) -> Document:
    """Parse YAML; a value is never run as code.

    Raises:
        PolicyError: the text is no YAML mapping, or a key stands twice.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PolicyError(origin, [Mistake(line, "YAML", str(error.problem or error.context))]) from None
    if root is None or not isinstance(values, dict):
        expected = "keys such as version, connections and targets are expected"
        raise PolicyError(origin, [Mistake(1, "file", expected)])
    if twice := list(_repeated(root)):
        raise PolicyError(origin, twice)
    return Document(origin, values, root)


def nearest(word: object, valid: Iterable[str]) -> str | None:
    """The valid word most like the given one, if any is."""
    words = list(valid)
    found = difflib.get_close_matches(str(word), words, n=1, cutoff=0.5)
    return found[0] if found else None


def mistakes(
    document: Document, problems: Iterable[Any], schema: Mapping[str, Any]
) -> list[tuple[Path, Mistake]]:
    """Errors of a pydantic model in the words of the file, each with its path.

    Args:
        document: the file.
        problems: what `ValidationError.errors()` gives.
        schema: JSON Schema of the model, for the keys that are valid at each place.
    """
    found = []
    for problem in _likely(problems):
        path = tuple(step for step in problem["loc"] if not _is_branch(step))
        found.append((path, _mistake(document, {**problem, "loc": path}, schema)))
    return found


def _mistake(document: Document, problem: Mapping[str, Any], schema: Mapping[str, Any]) -> Mistake:
    path: Path = problem["loc"]
    context = problem.get("ctx", {})
    where, line = dotted(path), document.line(path)
    if problem["type"] == "extra_forbidden":
        valid = sorted(_properties(schema, path[:-1]))
        known = f"unknown key; {', '.join(valid)} are known here" if valid else "unknown key"
        return Mistake(line, where, known, nearest(path[-1], valid))
    if problem["type"] == "missing":
        return Mistake(line, where, "this key is required")
    given = context.get("given", problem.get("input"))
    shown = f", not {given!r}" if isinstance(given, str | int | float) else ""
    if problem["type"] == "literal_error":
        words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        expected = " or ".join(words) or context.get("expected")
        return Mistake(line, where, f"{expected} is expected{shown}", nearest(given, words))
    words = context.get("words", [])
    return Mistake(line, where, f"{_sentence(str(problem['msg']))}{shown}", nearest(given, words))


def _likely(problems: Iterable[Any]) -> list[Mapping[str, Any]]:
    """Of a value that fits none of several shapes, the errors of the shape it is most like."""
    kept: list[Mapping[str, Any]] = []
    shapes: dict[Path, dict[str | int, list[Mapping[str, Any]]]] = {}
    for problem in problems:
        at = next((n for n, step in enumerate(problem["loc"]) if _is_branch(step)), None)
        if at is None:
            kept.append(problem)
        else:
            place = shapes.setdefault(tuple(problem["loc"][:at]), {})
            place.setdefault(problem["loc"][at], []).append(problem)
    for branches in shapes.values():
        kept += min(branches.values(), key=_unlike)
    return kept


def _is_branch(step: str | int) -> bool:
    """Whether a step of a pydantic path names one of several shapes, not a key of the file."""
    return isinstance(step, str) and (step.startswith(("literal[", "function-after[")) or step in _SHAPES)


def _unlike(problems: Iterable[Mapping[str, Any]]) -> int:
    """How little a value is like a shape: a wrong sort of value weighs more than wrong keys."""
    other = {"model_type", "model_attributes_type"}
    for problem in problems:
        literal = problem["type"] == "literal_error" and not isinstance(problem.get("input"), str)
        if literal or problem["type"] in other:
            return 10
    return len(list(problems))


def dotted(path: Sequence[str | int]) -> str:
    """A path the way people write it: `targets[0].groups.map`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "file"


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    found = re.fullmatch(r"Input should be (.*?)(, unable to parse.*)?", message)
    return f"{found[1]} is expected" if found else message


def _below(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    """The child of a node and the line it begins on, by key or position."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child = node.value[step]
        return child.start_mark.line + 1, child
    return None


def _repeated(node: yaml.Node, path: Path = ()) -> Iterable[Mistake]:
    """Keys that stand twice; YAML itself would keep the last in silence."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            here = (*path, key.value)
            line = key.start_mark.line + 1
            if key.value in seen:
                yield Mistake(line, dotted(here), f"the key already stands in line {seen[key.value]}")
            seen[key.value] = line
            yield from _repeated(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for position, child in enumerate(node.value):
            yield from _repeated(child, (*path, position))


def _properties(schema: Mapping[str, Any], path: Path) -> set[str]:
    """Keys that the schema knows at a path, of all the alternatives there are."""
    open_: list[Mapping[str, Any]] = [schema]
    for step in path:
        below = [child for part in _expand(open_, schema) if (child := _child(part, step)) is not None]
        open_ = below or open_
    return {name for part in _expand(open_, schema) for name in part.get("properties", {})}


def _expand(parts: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for stated in parts:
        part = schema["$defs"][stated["$ref"].rpartition("/")[2]] if "$ref" in stated else stated
        found.append(part)
        found += _expand([*part.get("anyOf", []), *part.get("oneOf", [])], schema)
    return found


def _child(part: Mapping[str, Any], step: str | int) -> Mapping[str, Any] | None:
    if isinstance(step, int):
        found = part.get("items")
    else:
        found = part.get("properties", {}).get(step, part.get("additionalProperties"))
    return found if isinstance(found, dict) else None
