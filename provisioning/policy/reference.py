"""The policy file's JSON Schema as a page for administrators: every key, section by section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
| | `block:NAME/FIELD` | a secret in a Prefect block of the connection's kind |
| | `block:NAME` | a Secret block of Prefect |
| | `file:PATH` | a file |
| yes or no | `true`, `false` | |

The default "nothing" means that the rule is not there.
"""


SORTS = {"boolean": "yes or no", "integer": "number", "number": "number", "object": "names and values"}
UNITS = {SHARE_UNIT: "share,", DURATION_UNIT: "duration:"}
"""What is said before a unit; before any other it is the number of something."""
CONNECTION = "`connections.<name>`"
LIMITS = {"minimum": "at least", "maximum": "at most"}


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
    return _Page(schema).text()


class _Page:
    """The page while it is made.

    Attributes:
        titles: title of the section of each object that has one, by the object's name in the schema.
        variants: kind of connection to its part of the schema.
    """

    def __init__(self, schema: Part) -> None:
        self.schema = schema
        self.titles: dict[str, str] = {}
        self.variants: dict[str, Part] = {}

    def text(self) -> str:
        top = Section("The top of the file", "", self.schema["properties"], self.schema["required"])
        sections = [top, *self._sections(self.schema, ""), *self._kinds()]
        return "\n".join([HEAD, *(line for section in sections for line in self._lines(section))])

    def _sections(self, part: Part, path: str, kind: str = "") -> Iterator[Section]:
        """What stands below a part, each object once, however often it is referred to."""
        for key, stated in part.get("properties", {}).items():
            below = list(self._objects(stated, f"{path}.{key}" if path else key))
            for place, name, child in below:
                if name in self.titles:
                    continue
                needed = child.get("required", []) if len(below) > 1 else []
                also = f" with `{needed[0]}`" if needed else ""
                self.titles[name] = f"`{place}`{also}{kind}"
                if "oneOf" in child:
                    yield self._connection(child)
                    continue
                text = str(child.get("description", ""))
                yield Section(self.titles[name], text, child["properties"], child.get("required", []))
                yield from self._sections(child, place, kind)

    def _connection(self, child: Part) -> Section:
        """What all connections have; their kinds stand at the end of the page."""
        self.variants = {str(one["properties"]["kind"]["const"]): one for one in child["oneOf"]}
        kind = {**next(iter(self.variants.values()))["properties"]["kind"], "enum": list(self.variants)}
        del kind["const"]
        text = "One system to read or write. Its other keys depend on its kind; see the end of the page."
        return Section(CONNECTION, text, {"kind": kind}, ["kind"])

    def _kinds(self) -> Iterator[Section]:
        """The options of each kind of connection, those that are required first."""
        for name, variant in self.variants.items():
            required = [key for key in variant.get("required", []) if key != "kind"]
            others = [key for key in variant["properties"] if key not in {"kind", *required}]
            keys = {key: variant["properties"][key] for key in (*required, *others)}
            kind = f" of kind `{name}`"
            yield Section(CONNECTION + kind, str(variant.get("description", "")), keys, required)
            yield from self._sections({"properties": keys}, CONNECTION.strip("`"), kind)

    def _objects(self, part: Part, path: str) -> Iterator[tuple[str, str, Part]]:
        """Objects with keys of their own that may stand at a path, each with its place and name."""
        if "$ref" in part:
            name, child = self._referred(part)
            if "properties" in child or "oneOf" in child:
                yield path, name, child
        for alternative in part.get("anyOf", []):
            yield from self._objects(alternative, path)
        if isinstance(items := part.get("items"), dict):
            yield from self._objects(items, f"{path}[]")
        if isinstance(values := part.get("additionalProperties"), dict):
            yield from self._objects(values, f"{path}.<name>")

    def _referred(self, part: Part) -> tuple[str, Part]:
        name = part["$ref"].rpartition("/")[2]
        return name, self.schema["$defs"][name]

    def _lines(self, section: Section) -> Iterator[str]:
        yield f"\n## {section.title}\n"
        if section.text:
            yield f"{_paragraphs(section.text)}\n"
        yield "| Key | What it says | Value and unit | Default | Example |"
        yield "|---|---|---|---|---|"
        for key, stated in section.keys.items():
            default = "required" if key in section.required else _default(stated)
            example = f"`{flow_text(stated['examples'][0])}`" if stated.get("examples") else ""
            cells = [f"`{key}`", str(stated.get("description", "")), self._value(stated), default, example]
            yield f"| {' | '.join(_cell(cell) for cell in cells)} |"

    def _value(self, stated: Part) -> str:
        """The sort of a value, with its unit and its least and greatest number."""
        parts = [stated, *stated.get("anyOf", [])]
        sort = self._sort(stated)
        for unit in [part["unit"] for part in parts if "unit" in part][:1]:
            sort = f"{UNITS.get(unit, 'number of')} {unit}"
        limits = [f"{LIMITS[word]} {part[word]:,}" for part in parts for word in LIMITS if word in part]
        return ", ".join([sort, *limits])

    def _sort(self, part: Part) -> str:
        if "$ref" in part:
            name, child = self._referred(part)
            return f"[keys](#{_anchor(self.titles[name])})" if name in self.titles else self._sort(child)
        if "const" in part or "enum" in part:
            return _either(f"`{flow_text(word)}`" for word in part.get("enum", [part.get("const")]))
        if "anyOf" in part:
            return _either(self._sort(one) for one in part["anyOf"] if one.get("type") != "null")
        if part.get("type") == "array":
            return f"list of {self._sort(part.get('items', {}))}"
        if isinstance(part.get("additionalProperties"), dict):
            return f"for each name: {self._sort(part['additionalProperties'])}"
        return "reference to a secret" if part.get("format") == "password" else _plain(part)


def _plain(part: Part) -> str:
    return SORTS.get(str(part.get("type")), "text")


def _either(sorts: Iterable[str]) -> str:
    *first, last = dict.fromkeys(sorts)
    return f"{', '.join(first)} or {last}" if first else last


def _default(stated: Part) -> str:
    if "default" not in stated:
        return "see its keys"
    default = stated["default"]
    return "nothing" if default in (None, [], {}, "") else f"`{flow_text(default)}`"


def _anchor(title: str) -> str:
    """What a title is called in a link to it."""
    kept = "".join(sign for sign in title.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))
