"""The glossary holds every word the thinking rooms use for a class."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()


def public_classes() -> set[str]:
    """Names of the classes that the modules of `provisioning` declare for others."""
    modules = (ROOT / "provisioning").rglob("*.py")
    nodes = (node for path in modules for node in ast.parse(path.read_text()).body)
    return {node.name for node in nodes if isinstance(node, ast.ClassDef) and not node.name.startswith("_")}


def test_every_public_class_stands_in_the_glossary():
    """Whoever adds a class adds its word, in a few words of plain English."""
    assert public_classes() - set(re.findall(r"`(\w+)`", GLOSSARY)) == set()


def test_the_glossary_names_no_class_that_is_gone():
    """What is capitalised like a class, and in code letters, is one."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    texts = [(ROOT / name).read_text() for name in listed if (ROOT / name).is_file()]
    known = {name for text in texts for name in re.findall(r"^class (\w+)", text, flags=re.MULTILINE)}

    assert set(re.findall(r"`([A-Z][a-z]\w+)`", GLOSSARY)) - known == set()
