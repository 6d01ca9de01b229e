"""A step needs nothing but its reference: as JSON, in a process that knows nothing of the run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from sandbox import policy
from sandbox.running import Running
from tasks.batches import load_batch
from tasks.decide import decide_target
from tasks.extract import extract_source, extract_target, read_target
from tasks.kept import take_source, take_target
from tasks.load import take_outcomes
from tasks.opened import PolicyDiffers, opened
from tasks.phases import split_plan
from tasks.references import BatchReference, ReadReference
from tasks.run import open_run
from tasks.session import Session
from tasks.state import Batch

SOURCE, TARGET = "okta-main", "acme-cloud"
ELSEWHERE = """
import json, sys
from importlib import import_module
from tasks.references import RunReference

module, step, run, *rest = json.load(sys.stdin)
given = getattr(import_module(module), step).fn(RunReference.model_validate(run), *rest)
print(given.model_dump_json())
"""


def elsewhere(session: Session, module: str, step: str, *arguments: Any) -> str:
    """Run a step in a fresh process; its answer as JSON."""
    run = session.reference.model_dump(mode="json")
    ran = subprocess.run(
        [sys.executable, "-c", ELSEWHERE],
        input=json.dumps([module, step, run, *arguments]),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture
def session(tmp_path, monkeypatch) -> Iterator[Session]:
    """A run about a small company that is not in step."""
    for name, value in policy.SECRETS.items():
        monkeypatch.setenv(name, value)
    with Running(people=40, seed=5, odd=False) as sandbox:
        path = policy.write(tmp_path, sandbox.url, 40, targets=[TARGET])
        with open_run("reconcile", str(path), str(tmp_path)) as session:
            yield session


def test_a_read_and_a_batch_of_another_process_are_those_of_this_one(session):
    """The same content under the same digest, the same seconds and requests told, and nothing left to do."""
    here = extract_source.fn(session.reference, SOURCE)
    asked = session.reader.meter.counts()
    there = ReadReference.model_validate_json(elsewhere(session, "tasks.extract", "extract_source", SOURCE))
    read, same = take_source(session, here), take_source(session, there)

    assert (there.digest, there.files) == (here.digest, here.files)
    pd.testing.assert_frame_equal(same.identities, read.identities)
    pd.testing.assert_frame_equal(same.memberships, read.memberships)
    assert (same.source, same.taken_at, same.checkpoint) == (SOURCE, session.now, read.checkpoint)
    told = session.reader.meter.counts()
    assert {host: count["read"] for host, count in told.items()} == {
        host: 2 * count["read"] for host, count in asked.items()
    }
    assert session.seconds[f"extract {SOURCE}"] > 0

    target = take_target(session, extract_target.fn(session.reference, TARGET))
    _, plan = decide_target.fn(session, TARGET, {SOURCE: same}, {TARGET: target})
    batches = [batch for phase in split_plan(plan.changes, 1) for batch in phase]
    assert len(batches) > 1
    for number, changes in enumerate(batches, 1):
        sink = session.sink(TARGET, writable=True)
        if number == 1:
            session.batches[plan.fingerprint, 1] = Batch(plan, sink, changes, lambda _rows: None)
            about = (TARGET, plan.fingerprint, 1, len(batches), len(changes))
            written = elsewhere(session, "tasks.load", "write_batch", *about)
            outcomes = take_outcomes(session, BatchReference.model_validate_json(written))
        else:
            outcomes = load_batch(session, plan, sink, number, changes, lambda _rows: None)
        assert sorted(outcomes["change_id"]) == sorted(changes["change_id"])
        assert set(outcomes["status"]) == {"applied"}
    again, _ = decide_target.fn(session, TARGET, {SOURCE: same}, {TARGET: read_target(session, TARGET)})
    assert again.plan.changes.empty


def test_a_step_refuses_to_go_by_another_policy(session):
    run = session.reference.model_copy(update={"run_id": "another", "policy": "0" * 64})

    with pytest.raises(PolicyDiffers, match="0" * 12), opened(run):
        pass
