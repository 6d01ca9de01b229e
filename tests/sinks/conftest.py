"""Small sandboxes for sinks, and no waiting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.running import Running
from transport.clock import no_waiting


@pytest.fixture(autouse=True)
def _at_once() -> Iterator[None]:
    with no_waiting():
        yield


@pytest.fixture(scope="package")
def acme() -> Iterator[Running]:
    """Serve 40 people; tests that use it clear the faults they set and change nothing else."""
    with Running(people=40, seed=3) as sandbox:
        yield sandbox


@pytest.fixture
def faulty(acme: Running) -> Iterator[Running]:
    """Serve the same people to a test that sets faults."""
    yield acme
    acme.world.faults.clear()


@pytest.fixture
def fresh() -> Iterator[Running]:
    """Serve 30 people to one test that changes them."""
    with Running(people=30, seed=3) as sandbox:
        yield sandbox
