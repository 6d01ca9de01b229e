"""A policy of two files, for what needs a session and reads nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

POLICY = """\
version: 1
connections:
  people: {kind: csv, path: people.csv}
  cloud: {kind: atlassian_export, path: users.csv}
sources: [{from: people}]
targets: [{to: cloud}]
"""


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    """The policy, in a folder of its own."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path
