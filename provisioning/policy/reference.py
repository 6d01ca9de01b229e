"""The policy file's JSON Schema as a page for administrators: every key, section by section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from provisioning.policy.values import DURATION_UNIT, SHARE_UNIT
from provisioning.policy.yaml_file import flow_text

Part = Mapping[str, Any]
HEAD = """\
# The policy file

One YAML file says what Seatwise reads, what it writes and under which rules. `seatwise init` writes an
example; `seatwise check` tells every mistake at once, with its line and the nearest valid word. A key that is
not on this page is a mistake. An editor that knows JSON Schema tells mistakes while you type, if the file
begins with `# yaml-language-server: $schema=policy.schema.json`.

This page is made from that schema by `make schema`; change the descriptions in the code, not here.

## How values are written

| Value | Written | Means |
|---|---|---|
| duration | `7d`, `24h`, `30m` | days, hours or minutes; `0d` is at once |
| share | `5%` | a part of a whole |
| pattern | `jira-*`, `*-svc@acme.test` | `*` is anything, `?` one character; case does not count |
| reference to a secret | `env:NAME` | a variable of the environment |
| | `block:NAME` | a secret block of Prefect |
| | `file:PATH` | a file |
| yes or no | `true`, `false` | |

The default "nothing" means that the rule is not there.
"""


SORTS = {"boolean": "yes or no", "integer": "number", "number": "number", "object": "section"}
UNITS = {SHARE_UNIT: "share,", DURATION_UNIT: "duration:"}
"""What is said before a unit; before any other it is the number of something."""


class Section(NamedTuple):
    """One object of the policy: where it stands, what it is for, and its keys."""

    title: str
    text: str
    keys: Mapping[str, Part]
    required: list[str]


def reference(schema: Part) -> str:
    """The page: one table a section, in the order of the file.

    Args:
        schema: JSON Schema of the policy, the options of connections included.
    """
    sections = [Section("the file", "Keys at the top of the file.", schema["properties"], schema["required"])]
    sections += _sections(schema, "", schema, set())
    return "\n".join([HEAD, *(line for section in sections for line in _lines(section, schema))])


def _sections(part: Part, path: str, schema: Part, seen: set[str]) -> Iterator[Section]:
    """What stands below a part, each object once, however often it is referred to."""
    for key, stated in part.get("properties", {}).items():
        below = list(_objects(stated, f"{path}.{key}" if path else key, schema))
        for title, name, child in below:
            if name in seen:
                continue
            seen.add(name)
            if "oneOf" in child:
                yield from _kinds(child, title)
                continue
            also = f" with `{child['required'][0]}`" if len(below) > 1 else ""
            text = str(child.get("description", ""))
            yield Section(f"`{title}`{also}", text, child["properties"], child.get("required", []))
            yield from _sections(child, title, schema, seen)


def _kinds(child: Part, title: str) -> Iterator[Section]:
    """The connections: what all have, then the options of each kind."""
    variants = {str(one["properties"]["kind"]["const"]): one for one in child["oneOf"]}
    kind = {**next(iter(variants.values()))["properties"]["kind"]}
    del kind["const"]
    text = "One system to read or write. Which other keys there are is told by kind below."
    yield Section(f"`{title}`", text, {"kind": {**kind, "enum": list(variants)}}, ["kind"])
    for name, variant in variants.items():
        keys = {key: stated for key, stated in variant["properties"].items() if key != "kind"}
        yield Section(f"kind: {name}", str(variant.get("description", "")), keys, variant.get("required", []))


def _objects(part: Part, path: str, schema: Part) -> Iterator[tuple[str, str, Part]]:
    """Objects with keys of their own that may stand at a path, each with its place and name."""
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        if "properties" in (child := schema["$defs"][name]) or "oneOf" in child:
            yield path, name, child
    for alternative in [*part.get("anyOf", []), *part.get("allOf", [])]:
        yield from _objects(alternative, path, schema)
    if isinstance(items := part.get("items"), dict):
        yield from _objects(items, f"{path}[]", schema)
    if isinstance(values := part.get("additionalProperties"), dict):
        yield from _objects(values, f"{path}.<name>", schema)


def _lines(section: Section, schema: Part) -> Iterator[str]:
    yield f"\n## {section.title}\n"
    if section.text:
        yield f"{_paragraphs(section.text)}\n"
    yield "| Key | What it says | Value and unit | Default | Example |"
    yield "|---|---|---|---|---|"
    for key, stated in section.keys.items():
        default = "required" if key in section.required else _default(stated)
        example = f"`{flow_text(stated['examples'][0])}`" if stated.get("examples") else ""
        cells = [f"`{key}`", str(stated.get("description", "")), _value(stated, schema), default, example]
        yield f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _default(stated: Part) -> str:
    default = stated.get("default")
    if default is None or default in ([], {}, ""):
        return "nothing"
    return f"`{flow_text(default)}`" if "default" in stated else "see its keys"


def _value(stated: Part, schema: Part) -> str:
    """The sort of a value, with its unit and its least and greatest number."""
    words = {"minimum": "at least", "maximum": "at most"}
    parts = [stated, *stated.get("anyOf", []), *stated.get("allOf", [])]
    sort = _sort(stated, schema)
    for unit in [part["unit"] for part in parts if "unit" in part][:1]:
        sort = f"{UNITS.get(unit, 'number of')} {unit}"
    limits = [f"{words[word]} {part[word]:,}" for part in parts for word in words if word in part]
    return ", ".join([sort, *limits])


def _sort(part: Part, schema: Part) -> str:
    if "$ref" in part:
        return _sort(schema["$defs"][part["$ref"].rpartition("/")[2]], schema)
    if "const" in part or "enum" in part:
        return " or ".join(f"`{flow_text(word)}`" for word in part.get("enum", [part.get("const")]))
    several = [*part.get("anyOf", []), *part.get("oneOf", []), *part.get("allOf", [])]
    if several:
        return " or ".join(dict.fromkeys(_sort(one, schema) for one in several if one.get("type") != "null"))
    return _plain_sort(part, schema)


def _plain_sort(part: Part, schema: Part) -> str:
    if part.get("type") == "array":
        return f"list of {_sort(part.get('items', {}), schema)}"
    if isinstance(part.get("additionalProperties"), dict):
        return f"by name: {_sort(part['additionalProperties'], schema)}"
    if part.get("format") == "password":
        return "reference to a secret"
    return SORTS.get(str(part.get("type")), "text")
