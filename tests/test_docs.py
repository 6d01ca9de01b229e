"""The pages say what the code is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]
STEP = re.compile(r"^(\d+)\. `([\w/]+\.py)` · `([\w.]+)`: ", re.MULTILINE)
WALKTHROUGH = (ROOT / "docs" / "walkthrough.md").read_text()


def functions(path: Path) -> set[str]:
    """Names of a module's functions, those of classes with the class before them."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}.{method.name}" for method in node.body if isinstance(method, ast.FunctionDef)
            }
    return found


def test_each_step_of_the_walkthrough_is_a_function_of_its_file():
    steps = STEP.findall(WALKTHROUGH)
    strays = [
        f"{number}. {file} · {name}"
        for number, file, name in steps
        if not (ROOT / file).is_file() or name not in functions(ROOT / file)
    ]

    assert strays == []


def test_the_steps_of_the_walkthrough_are_counted_through():
    """A step of another form would be held by nothing."""
    steps = [int(number) for number in re.findall(r"^(\d+)\. ", WALKTHROUGH, flags=re.MULTILINE)]

    assert steps == list(range(1, len(STEP.findall(WALKTHROUGH)) + 1))


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_are_there(page: str):
    """A path in a page starts at the root of the project; `<kind>` stands for any."""
    packages = (
        "config|docs|flows|tasks|receive|sources|sinks|provisioning|transport|ledger|reports|sandbox|tests|"
        "benchmarks"
    )
    text = (ROOT / page).read_text()
    if page == "docs/connectors.md":
        text = text.partition("### A whole one")[0] + text.partition("### What you find in the kits")[2]
    named = re.findall(rf"`((?:{packages})/[\w/.]*)`", text)

    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_between_pages_lead_somewhere(page: str):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", (ROOT / page).read_text())

    assert [link for link in links if not ((ROOT / page).parent / link).exists()] == []


def test_the_rights_of_every_kind_of_connection_are_told():
    """Whoever makes a credential finds the least that it needs."""
    import sinks
    import sources

    told = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "SECURITY.md").read_text(), flags=re.MULTILINE))

    assert {*sources.KINDS, *sinks.KINDS} - {"parquet"} == told


def test_bounds_and_times_are_those_of_the_code():
    from provisioning.policy.retention import Retention
    from transport.bounds import Bounds
    from transport.watch import PATIENCE

    text = " ".join((ROOT / "SECURITY.md").read_text().split())
    bounds, kept = Bounds(), Retention()

    assert f"{bounds.seconds:g} seconds and {bounds.size >> 20} MiB" in text
    assert f"more than {PATIENCE:g} seconds" in text
    assert f"`retention.snapshots`, {kept.snapshots.days} days" in text
    assert f"`retention.runs`, {kept.runs.days} days" in text
    assert f"`retention.people`, {kept.people.days} days" in text
    assert f"`retention.undo` ({kept.undo.days} days)" in text
    assert f"`retention.seats`, {kept.seats.days:,} days" in text
