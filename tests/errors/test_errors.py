"""Every error has one root, and its remedy goes wherever its message goes."""

from __future__ import annotations

import ast
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from errors import SeatwiseError, explain_error

ROOT = Path(__file__).parents[2]
PACKAGES = ["errors", "transport", "provisioning", "sources", "sinks", "ledger", "reports", "tasks", "flows"]


def families(kind: type[SeatwiseError] = SeatwiseError) -> Iterator[type[SeatwiseError]]:
    """All errors beneath one, itself included."""
    yield kind
    for below in kind.__subclasses__():
        yield from families(below)


def modules() -> list[str]:
    return [
        found.name
        for package in PACKAGES
        for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}.")
        if "migrations" not in found.name
    ]


def product() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            yield path, ast.parse(path.read_text())


for _module in modules():
    # What speaks LDAP is an extra; a module that needs it says so by the name of the missing one.
    try:
        import_module(_module)
    except ModuleNotFoundError as _missing:
        if _missing.name != "ldap":
            raise
ERRORS = sorted(set(families()), key=lambda kind: kind.__name__)


def test_every_exception_of_the_product_has_the_one_root():
    """A class that ends a run and knows no remedy would be told without a next step."""
    known = {kind.__name__ for kind in ERRORS}
    builtin = {"Exception", "ValueError", "RuntimeError", "LookupError", "KeyError", "TypeError", "OSError"}
    strays = {
        f"{path.relative_to(ROOT)}: {node.name}"
        for path, tree in product()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and {base.id for base in node.bases if isinstance(base, ast.Name)} & builtin
        and node.name not in known
    }

    assert strays == set()


@pytest.mark.parametrize("kind", [kind for kind in ERRORS if kind.remedy], ids=lambda kind: kind.__name__)
def test_a_remedy_that_a_class_states_is_a_sentence(kind: type[SeatwiseError]):
    remedy = kind.__dict__.get("remedy", kind.remedy)
    if isinstance(remedy, str):
        assert remedy[0].isupper()
        assert remedy.endswith((".", "?"))


def test_whoever_raises_an_error_without_a_remedy_of_its_own_gives_one():
    """The remedy is the second argument, or named."""
    bare = {kind.__name__ for kind in ERRORS if not kind.remedy and "__init__" not in _made_by(kind)}
    without = {
        f"{path.relative_to(ROOT)}:{node.lineno}: {node.func.id}"
        for path, tree in product()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in bare
        and len(node.args) < 2
        and "remedy" not in {keyword.arg for keyword in node.keywords}
    }

    assert "LedgerUnavailable" in bare
    assert without == set()


def _made_by(kind: type[SeatwiseError]) -> set[str]:
    """What the classes between an error and the root say of how it is made."""
    between = kind.__mro__[: kind.__mro__.index(SeatwiseError)]
    return {name for each in between for name in vars(each)}


def test_as_text_an_error_holds_message_and_remedy():
    error = SeatwiseError("the file is gone", "Restore it.")

    assert (error.message, error.remedy) == ("the file is gone", "Restore it.")
    assert str(error) == "the file is gone. Restore it."
    assert str(SeatwiseError("Is it there?", "Look.")) == "Is it there? Look."
    assert str(SeatwiseError("line 1: wrong\nline 2: wrong", "Correct both.")) == (
        "line 1: wrong\nline 2: wrong.\nCorrect both."
    )


def test_an_error_that_nobody_foresaw_is_told_with_a_next_step():
    known = SeatwiseError("it broke", "Do this.")

    assert explain_error(known) is known
    assert explain_error(ValueError("odd")).message == "odd"
    assert "--debug" in explain_error(ValueError("odd")).remedy
    assert explain_error(KeyboardInterrupt()).message == "KeyboardInterrupt"
    assert explain_error(KeyboardInterrupt()).remedy
