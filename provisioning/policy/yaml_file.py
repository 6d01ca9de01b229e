"""A YAML file that an administrator writes: its values, the line of each, and all its mistakes at once.

FileError
├── PolicyError       the policy file
└── PriceBookError    the price book

Each mistake has its line, where it is, what was expected, the nearest valid word and a remedy.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from errors import SeatwiseError

Path = tuple[str | int, ...]
MOST_CHARACTERS = 4_000_000
MOST_VALUES = 500_000
"""Values a file may stand for; one alias stands for all that is under its anchor."""
MOST_LEVELS = 40


class Mistake(NamedTuple):
    """One mistake: its place in the file, what was expected, the nearest valid word, and what to do."""

    line: int
    where: str
    expected: str
    nearest: str | None = None
    remedy: str = ""

    def __str__(self) -> str:
        """The mistake as one line."""
        hint = f"did you mean {self.nearest}?" if self.nearest else self.remedy
        return f"line {self.line}: {self.where}: {self.expected}{'; ' if hint else ''}{hint}"


class FileError(SeatwiseError):
    """A file cannot be used; every mistake is shown with its line.

    Attributes:
        origin: name of the file.
        mistakes: in the order of the file.
    """

    next_step = "Correct {origin}."

    def __init__(self, origin: str, mistakes: Iterable[Mistake]) -> None:
        self.origin = origin
        self.mistakes = sorted(set(mistakes), key=lambda it: (it.line, it.where, it.expected))
        shown = "\n".join(f"{origin}, {mistake}" for mistake in self.mistakes)
        super().__init__(shown, remedy=self.next_step.format(origin=origin))


class PolicyError(FileError):
    """The policy file says something that it must not, or lacks something."""

    next_step = "Correct {origin}, then run `seatwise check`."


class PriceBookError(FileError):
    """The price book says something that it must not, or lacks something."""

    next_step = "Correct {origin}; config/prices.yaml shows an example."


class Document(NamedTuple):
    """A YAML file as plain values and as nodes that know their lines."""

    origin: str
    content: dict[Any, Any]
    root: yaml.Node

    def line(self, path: Path) -> int:
        """Line of the deepest part of the path that stands in the file, from 1."""
        node, line = self.root, self.root.start_mark.line + 1
        for step in path:
            child = _below(node, step)
            if child is not None:
                line, node = child
        return line

    def value(self, path: Path) -> Any:
        """What stands at a path; None where nothing does."""
        value: Any = self.content
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def mistake(self, path: Path, expected: str, nearest: str | None = None, remedy: str = "") -> Mistake:
        """A mistake at a path."""
        return Mistake(self.line(path), dotted(path), expected, nearest, remedy)


class _Loader(yaml.SafeLoader):
    """Plain values only; a value that cannot be, such as the 45th of May, is told with its line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            problem = f"the value cannot be read: {error}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


def read(text: str, refusal: type[FileError], *, origin: str, expected: str) -> Document:
    """Parse YAML; a value is never run as code.

    Args:
        text: the file.
        refusal: how the file is refused.
        origin: name of the file, for messages.
        expected: what a file of this sort holds.

    Raises:
        FileError: the text is no YAML mapping, a key stands twice, or the file is made to exhaust memory.
    """
    if excess := next(_excess(text), None):
        raise refusal(origin, [excess])
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if not isinstance(root, yaml.MappingNode):
            raise refusal(origin, [Mistake(1, "file", expected)])
        if twice := list(_repeated(root)):
            raise refusal(origin, twice)
        # After the search for repeated keys: this fills in what `<<` merges.
        values = loader.construct_document(root)
    except yaml.YAMLError as error:
        raise refusal(origin, [_syntax(error)]) from None
    return Document(origin, values, root)


def nearest(word: object, valid: Iterable[str]) -> str | None:
    """The valid word most like the given one, if any is."""
    likely = difflib.get_close_matches(str(word), list(valid), n=1, cutoff=0.5)
    return likely[0] if likely else None


def dotted(path: Sequence[str | int]) -> str:
    """A path the way people write it: `targets[0].groups.map`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "file"


def flow_text(value: Any) -> str:
    """A value on one line, the way YAML writes it."""
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return text.removesuffix("...\n").strip()


def _syntax(error: yaml.YAMLError) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "context", None) or str(error)
    line = mark.line + 1 if mark else 1
    remedy = "correct the indentation or the quotes"
    return Mistake(line, "YAML", " ".join(str(problem).split()), remedy=remedy)


def _excess(text: str) -> Iterator[Mistake]:
    """What makes a file too large to be meant: its length, its levels, or what its aliases stand for."""
    if len(text) > MOST_CHARACTERS:
        expected = f"at most {MOST_CHARACTERS:,} characters are read"
        yield Mistake(1, "file", expected, remedy="is it the right file?")
        return
    extent = _Extent()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            extent.add(event)
            line = event.start_mark.line + 1 if event.start_mark else 1
            if len(extent.open) > MOST_LEVELS:
                yield Mistake(line, "YAML", f"at most {MOST_LEVELS} levels are read", remedy="nest less")
            if extent.values > MOST_VALUES:
                expected = f"at most {MOST_VALUES:,} values are read, those that aliases repeat included"
                yield Mistake(line, "YAML", expected, remedy="write the file without aliases")
    except yaml.YAMLError:
        return  # what is no YAML is told when it is read


class _Extent:
    """How many values a file stands for, counted before any of them is made.

    Attributes:
        values: so far; an alias counts as all that stands under its anchor.
        open: lists and mappings that have not ended: their anchor, and the values before them.
    """

    def __init__(self) -> None:
        self.values = 0
        self.open: list[tuple[str | None, int]] = []
        self._sizes: dict[str, int] = {}

    def add(self, event: yaml.Event) -> None:
        """Count one event of the parser."""
        if isinstance(event, yaml.AliasEvent):
            inside_itself = event.anchor in [anchor for anchor, _ in self.open]
            self.values += MOST_VALUES if inside_itself else self._sizes.get(event.anchor or "", 1)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.open.append((event.anchor, self.values))
            self.values += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = self.open.pop()
            if anchor:
                self._sizes[anchor] = self.values - before
        elif isinstance(event, yaml.ScalarEvent):
            self.values += 1


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


def _repeated(node: yaml.Node, path: Path = ()) -> Iterator[Mistake]:
    """Keys that stand twice; YAML itself would keep the last in silence."""
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            here = (*path, str(key.value))
            line = key.start_mark.line + 1
            if str(key.value) in seen:
                expected = f"the key already stands in line {seen[str(key.value)]}"
                yield Mistake(line, dotted(here), expected, remedy="remove one of the two")
            seen[str(key.value)] = line
            yield from _repeated(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for position, child in enumerate(node.value):
            yield from _repeated(child, (*path, position))
