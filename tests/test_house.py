"""The house as designed: floors, locks, and nothing in it that belongs elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
FLOW_LINES = 60


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


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


def test_both_locks_agree():
    """What is tested is what is installed."""
    run, dev = (
        dict(re.findall(r"^([\w.\-]+)==(\S+)", (ROOT / lock).read_text(), flags=re.MULTILINE))
        for lock in LOCKS
    )

    assert run.items() <= dev.items()


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


def test_a_flow_file_never_bears_the_name_of_a_package():
    """A worker puts flows/ first on the path, where such a file would shadow the package."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["packages"]

    assert not {path.stem for path in (ROOT / "flows").glob("*.py")} & set(packages)


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
