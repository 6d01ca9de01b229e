"""A handful of points of `make chaos`, and its judges: a campaign that finds nothing must be able to find."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos import truth
from tests.chaos.kills import every_moment
from tests.chaos.tally import Tally, table
from tests.chaos.triggers import Moment, Watch

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(600)
def test_a_handful_of_points_ends_as_it_should() -> None:
    """Kills, odd answers and lost writes end as they should."""
    command = [sys.executable, "-m", "tests.chaos", "--short", "--jobs", "1"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_violation_is_counted_shown_and_not_lost() -> None:
    tally = Tally("reads", "okta-main", points=7)
    tally.broke("taken", "the input that shows it")

    text = table([tally, Tally("writes", "crowd", points=2)])

    assert "1 taken" in text
    assert "the input that shows it" in text
    assert text.splitlines()[3].split() == ["all", "9", "1"]


def test_what_is_missing_and_what_is_too_much_is_told() -> None:
    assert truth.difference(["a", "b", "b"], ["b", "c"]) == ["- a", "- b", "+ c"]


def test_every_request_and_transaction_has_two_ends() -> None:
    moments = every_moment({"request": 2, "transaction": 1})

    assert len(moments) == 6
    assert str(moments[0]) == "before request 1"


def test_a_watch_acts_at_its_moment_alone() -> None:
    seen: list[int] = []
    watch = Watch(Moment("request", "after", 2), lambda: seen.append(watch.counts["request"]))

    for _ in range(3):
        watch.around("request", lambda: None)

    assert seen == [2]
