"""What a session costs a step that is given it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect.utilities.collections import visit_collection

from tasks.session import open_session

POLICY = """\
version: 1
connections:
  people: {kind: csv, path: people.csv}
  cloud: {kind: atlassian_export, path: users.csv}
sources: [{from: people}]
targets: [{to: cloud}]
"""


def test_prefect_does_not_walk_through_what_a_session_holds(tmp_path: Path):
    (tmp_path / "policy.yaml").write_text(POLICY)
    seen: list[Any] = []
    with open_session(tmp_path / "policy.yaml") as session:
        visit_collection({"session": session}, visit_fn=seen.append, return_data=False)

    assert session.policy not in seen
    assert len(seen) == 3, "the mapping, its key, and the session as one thing"
