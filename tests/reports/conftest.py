"""Reports that several tests read."""

from __future__ import annotations

import pytest

from tests.reports.company import made


@pytest.fixture(scope="session")
def report():
    """A report with money of 300 people."""
    return made(300)


@pytest.fixture(scope="session")
def unpriced():
    """A report without price book."""
    return made(60, money=False)
