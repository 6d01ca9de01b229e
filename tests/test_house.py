"""The house as designed: floors, locks, and nothing in it that belongs elsewhere."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import sinks
import sources

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-server.lock", "requirements-dev.lock")
FLOW_LINES = 60
MODULE_LINES = 400
FUNCTION_LINES = 40
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
PACKAGES = TOOLS["hatch"]["build"]["packages"]
PRODUCT = [name for name in PACKAGES if name != "sandbox"]


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


def modules(packages: list[str]) -> list[Path]:
    """Every module of these packages but the migrations, which only grow."""
    return [
        path
        for package in packages
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def test_a_floor_imports_only_what_lies_below_it():
    """The import contracts of pyproject.toml hold."""
    ran = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_pin_version_and_hash_and_name_no_index(lock: str):
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z0-9][\w.\-\[\],]*==[^\s;]+", text, flags=re.MULTILINE)

    assert len(pins) > 100
    assert text.count("--hash=sha256:") >= len(pins)
    assert "://" not in text
    assert "index-url" not in text


def test_all_locks_agree():
    """What is tested is what is installed."""
    run, server, dev = (
        dict(re.findall(r"^([\w.\-]+)==(\S+)", (ROOT / lock).read_text(), flags=re.MULTILINE))
        for lock in LOCKS
    )

    assert run.items() <= server.items() <= dev.items()


def test_the_installed_prefect_is_the_locked_one():
    """Another Prefect, or another fastapi beside it, breaks at the first flow."""
    text = (ROOT / "requirements.lock").read_text()

    for name in ("prefect", "fastapi", "pandas", "sqlalchemy"):
        assert f"\n{name}=={version(name)} " in text


def test_flows_stay_short():
    """A flow says what runs in which order; how is told elsewhere."""
    long = {
        path.name: len(path.read_text().splitlines())
        for path in (ROOT / "flows").glob("*.py")
        if len(path.read_text().splitlines()) > FLOW_LINES
    }

    assert long == {}


def test_every_package_is_typed_measured_and_under_contract():
    """A new package is not forgotten by a list."""
    assert set(TOOLS["mypy"]["packages"]) == set(PACKAGES)
    assert set(TOOLS["slipcover"]["source"]) == set(PRODUCT)
    assert set(TOOLS["importlinter"]["root_packages"]) == set(PACKAGES)


def test_no_module_grows_past_its_second_noun():
    long = {
        f"{path.relative_to(ROOT)}: {lines}"
        for path in modules(PRODUCT)
        if (lines := len(path.read_text().splitlines())) > MODULE_LINES
    }

    assert long == set()


def test_no_function_is_too_long_to_see_at_once():
    """Ruff holds the number of branches (C901); the number of lines it does not know."""
    long = {
        f"{path.relative_to(ROOT)}: {node.name} has {lines} lines"
        for path in modules(PRODUCT)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := node.end_lineno - node.lineno + 1) > FUNCTION_LINES
    }

    assert long == set()


def test_every_room_says_what_it_is_for():
    """Whoever opens a folder reads first, in its `__init__`, what it holds."""
    silent = {
        str(folder.relative_to(ROOT))
        for folder in {path.parent for path in modules(PACKAGES)}
        if not (folder / "__init__.py").exists()
        or not ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
    }

    assert silent == set()


def test_a_vendor_has_one_name_everywhere():
    """The folder of a source, of a target and of its rehearsal is the `kind` of the policy file."""
    over_http = set(sources.KINDS) - {"csv", "parquet", "sql"}
    expected = {
        "sources": over_http | {"tables"},
        "sinks": set(sinks.KINDS),
        "sandbox": over_http | set(sinks.KINDS),
    }

    for room, vendors in expected.items():
        folders = {path.parent.name for path in (ROOT / room).glob("*/__init__.py")}

        assert folders - {"kit", "company"} == vendors, room


def test_a_test_stands_where_the_tested_stands():
    """Whoever works on `sources/okta` finds its tests in `tests/sources/okta`."""
    strays = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").glob("*/*/test_*.py")
        if not (ROOT / path.relative_to(ROOT / "tests").parent).is_dir()
    }

    assert strays == set()


def test_a_flow_file_never_bears_the_name_of_a_package():
    """A worker puts flows/ first on the path, where such a file would shadow the package."""
    assert not {path.stem for path in (ROOT / "flows").glob("*.py")} & set(PACKAGES)


def test_no_file_names_a_machine_or_a_registry():
    """What is ours to run on any machine says nothing of the one it was written on."""
    words = ["/" + "root/", "/" + "work/", "pypi" + ".org", "npm" + "js.org", "files.python" + "hosted"]
    found = {
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked()
        for word in words
        if word in path.read_text(encoding="utf-8", errors="replace")
    }

    assert found == set()
