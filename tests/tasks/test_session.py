"""What a session costs a step that is given it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect.utilities.collections import visit_collection

from tasks.session import open_session


def test_prefect_does_not_walk_through_what_a_session_holds(policy_file: Path):
    seen: list[Any] = []
    with open_session(policy_file) as session:
        visit_collection({"session": session}, visit_fn=seen.append, return_data=False)

    assert session.policy not in seen
    assert len(seen) == 3, "the mapping, its key, and the session as one thing"
