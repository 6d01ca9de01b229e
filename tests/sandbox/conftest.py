"""Small sandboxes: one shared by tests that only read, one for each test that changes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.running import Running


@pytest.fixture(scope="package")
def acme() -> Iterator[Running]:
    """Serve 120 well-formed people; tests that use it change nothing."""
    with Running(people=120, seed=7, odd=False) as sandbox:
        yield sandbox


@pytest.fixture
def fresh() -> Iterator[Running]:
    """Serve 60 people for one test, to be changed at will."""
    with Running(people=60, seed=7) as sandbox:
        yield sandbox
