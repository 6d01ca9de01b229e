"""The example of the page on connectors is a few files that do what the page promises."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
FILE = re.compile(r"^`([\w/]+\.py)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CONTRACT = "tests/sources/test_contract.py"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a source lives in, with the files of the page."""
    tree = tmp_path_factory.mktemp("tree")
    for folder in ("sources", "sandbox", "tests/sources", "tests/receive"):
        shutil.copytree(ROOT / folder, tree / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "tests/pages.py"):
        shutil.copy(ROOT / file, tree / file)
    for path, text in FILE.findall(PAGE):
        (tree / path).parent.mkdir(exist_ok=True)
        (tree / path).write_text(text, encoding="utf-8")
    return tree


def test_the_example_is_two_folders() -> None:
    """What it is, says and reads in the vendor folder of the sources; its face in that of the sandbox."""
    assert [path for path, _ in FILE.findall(PAGE)] == [
        "sources/roster/__init__.py",
        "sources/roster/options.py",
        "sources/roster/source.py",
        "sandbox/roster/__init__.py",
    ]


@pytest.mark.parametrize("chore", [["check"], ["format", "--diff"]], ids=lambda words: words[0])
def test_the_example_is_written_as_the_house_is(tree: Path, chore: list[str]) -> None:
    """Lint and format find nothing to say."""
    files = [path for path, _ in FILE.findall(PAGE)]
    # The rest of the house is first-party too, though it is not in the copy.
    command = [sys.executable, "-m", "ruff", *chore, "--config", f"src = ['.', '{ROOT}']", *files]

    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.live
def test_the_contract_finds_the_example_and_holds(tree: Path) -> None:
    """Nothing but these files is added, and the suite covers them like any other source."""
    chosen = "roster or same_company or every_kind"
    command = [sys.executable, "-m", "pytest", "-q", CONTRACT, "-k", chosen]
    # It is run beside this suite, not as a part of it: what measures the one leaves the other alone.
    outer = {name: value for name, value in os.environ.items() if not name.startswith("SLIPCOVER_")}
    env = outer | {"PYTHONPATH": str(ROOT)}

    done = subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-4000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 20
