"""What pydantic finds wrong with a YAML file, in the words of the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from provisioning.policy.yaml_file import Document, Mistake, Path, flow_text, nearest

Problem = Mapping[str, Any]
"""One of the errors that `ValidationError.errors()` gives."""
UNION = {"union_tag_invalid", "union_tag_not_found"}


def mistakes(
    document: Document, problems: Iterable[Any], schema: Mapping[str, Any], under: Path = ()
) -> Iterator[Mistake]:
    """Errors of a pydantic model as mistakes, each with its line, the nearest valid word and a remedy.

    Args:
        document: the file.
        problems: what `ValidationError.errors()` gives.
        schema: JSON Schema of the model: the keys that are valid at each place, and examples.
        under: where in the file the model's values stand.
    """
    for problem in _likely(document, problems, under):
        yield _mistake(document, problem, schema, under)


def _mistake(document: Document, problem: Problem, schema: Mapping[str, Any], under: Path) -> Mistake:
    path: Path = problem["loc"]
    if problem["type"] == "extra_forbidden":
        valid = sorted(_keys(schema, path[:-1]))
        known = f"unknown key; {', '.join(valid)} are known here" if valid else "unknown key"
        return document.mistake(under + path, known, nearest(path[-1], valid), "remove it")
    if problem["type"] == "missing":
        remedy = _example(schema, path) or f"add `{path[-1]}`"
        return document.mistake(under + path, "this key is required", remedy=remedy)
    if problem["type"] in UNION:
        key = str(problem["ctx"]["discriminator"]).strip("'")
        words = sorted(_constants(schema, (*path, key)))
        given = problem["input"].get(key) if isinstance(problem.get("input"), dict) else None
        return _word_expected(document, (*under, *path, key), words, given)
    given = problem.get("ctx", {}).get("given", problem.get("input"))
    if problem["type"] == "literal_error":
        words = re.findall(r"'([^']*)'", str(problem["ctx"]["expected"])) or [str(problem["ctx"]["expected"])]
        return _word_expected(document, under + path, words, given)
    words = problem.get("ctx", {}).get("words", [])
    expected = _sentence(str(problem["msg"]))
    remedy = "" if "such as" in expected else _example(schema, path)
    return document.mistake(under + path, f"{expected}{_shown(given)}", nearest(given, words), remedy)


def _word_expected(document: Document, path: Path, words: list[str], given: Any) -> Mistake:
    expected = f"{' or '.join(words)} is expected{_shown(given)}"
    return document.mistake(path, expected, nearest(given, words) if given is not None else None)


def _shown(given: Any) -> str:
    return f", not {repr(given)[:60]}" if isinstance(given, str | int | float) else ""


def _sentence(message: str) -> str:
    message = message.removeprefix("Value error, ")
    stated = re.fullmatch(r"(?:Input|[A-Z]\w+) should (be|have|match) (.*?)(, unable to parse.*)?", message)
    if stated is None:
        return message
    if stated[1] == "match":
        return f"a text is expected that matches {stated[2].removeprefix('pattern ')}"
    return f"{stated[2]} is expected" if stated[1] == "be" else f"{stated[2]} are expected"


def _likely(document: Document, problems: Iterable[Any], under: Path) -> list[Problem]:
    """The errors with paths of the file; of a value that fits no shape, those of the likeliest shape."""
    kept: list[Problem] = []
    shapes: dict[Path, dict[str | int, list[Problem]]] = {}
    for problem in problems:
        path, branch = _in_the_file(document, problem, under)
        found = {**problem, "loc": path}
        if branch is None:
            kept.append(found)
        else:
            place = shapes.setdefault(problem["loc"][: problem["loc"].index(branch)], {})
            place.setdefault(branch, []).append(found)
    for branches in shapes.values():
        likeliest: list[Problem] = min(branches.values(), key=_unlike)
        kept += likeliest
    return kept


def _in_the_file(document: Document, problem: Problem, under: Path) -> tuple[Path, str | int | None]:
    """The path of a problem without steps that name a shape, and the first of those."""
    path: Path = ()
    branch: str | int | None = None
    for number, step in enumerate(problem["loc"]):
        absent = problem["type"] == "missing" and number == len(problem["loc"]) - 1
        if absent or _stands(document.value(under + path), step):
            path = (*path, step)
        elif branch is None:
            branch = step
    return path, branch


def _stands(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _unlike(problems: list[Problem]) -> int:
    """How little a value is like a shape: a wrong sort of value weighs more than wrong keys."""
    other = {"model_type", "model_attributes_type"}
    for problem in problems:
        literal = problem["type"] == "literal_error" and not isinstance(problem.get("input"), str)
        if literal or problem["type"] in other:
            return 10
    return len(problems)


def _keys(schema: Mapping[str, Any], path: Path) -> set[str]:
    """Keys that the schema knows at a path, of all the alternatives there are."""
    return {name for part in _parts(schema, path) for name in part.get("properties", {})}


def _constants(schema: Mapping[str, Any], path: Path) -> set[str]:
    """The words that the alternatives at a path have for a key."""
    stated = [part.get("properties", {}).get(path[-1], {}) for part in _parts(schema, path[:-1])]
    words = [word for part in stated for word in part.get("enum", [part.get("const")])]
    return {str(word) for word in words if word is not None}


def _example(schema: Mapping[str, Any], path: Path) -> str:
    """How the value at a path may look, from the schema's own examples."""
    stated = [part["examples"][0] for part in _parts(schema, path) if part.get("examples")]
    if not stated or not path or isinstance(path[-1], int):
        return ""
    return f"write for example `{path[-1]}: {flow_text(stated[0])}`"


def _parts(schema: Mapping[str, Any], path: Path) -> list[Mapping[str, Any]]:
    """The parts of a schema that say what may stand at a path."""
    parts = _alternatives([schema], schema)
    for step in path:
        below = [child for part in parts if (child := _child(part, step)) is not None]
        parts = _alternatives(below, schema)
    return parts


def _alternatives(parts: Iterable[Mapping[str, Any]], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for stated in parts:
        found.append(stated)
        if "$ref" in stated:
            found += _alternatives([schema["$defs"][stated["$ref"].rpartition("/")[2]]], schema)
        found += _alternatives([*stated.get("anyOf", []), *stated.get("oneOf", [])], schema)
    return found


def _child(part: Mapping[str, Any], step: str | int) -> Mapping[str, Any] | None:
    if isinstance(step, int):
        child = part.get("items")
    else:
        child = part.get("properties", {}).get(step, part.get("additionalProperties"))
    return child if isinstance(child, dict) else None
