"""Who does what by which day."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pandas as pd

from provisioning.model.terms import Lane
from reports import actions, todo


def test_every_ready_seat_is_one_action_with_its_last_day(report):
    """A cycle that starts on 12 October is changed until the 11th; the money sums to the headline."""
    listed = actions.list_actions(report)

    assert report.headline.wasted == len(listed)
    assert report.headline.monthly == sum(listed["monthly"], Decimal(0))
    assert {"2026-10-11", "2027-02-28"} == set(listed["by"])
    assert listed["by"].is_monotonic_increasing
    assert {"ready"} == set(listed["lane"])
    assert not listed[["owner", "who", "what", "why", "evidence"]].isna().any(axis=None)


def test_seats_to_review_are_questions(report):
    """Nobody is told to take away what a person must look at."""
    listed = actions.list_actions(report, (Lane.REVIEW,))

    assert listed["what"].str.startswith("Say whether ").all()
    assert listed["monthly"].isna().all()


def test_each_owner_gets_a_file_of_its_own(report, tmp_path):
    """All files of an attribute together hold every ready seat, and every seat to review, once."""
    expected = report.headline.wasted + report.headline.review
    paths = actions.write_owners(report, tmp_path / "owners")

    for attribute in ("departments", "cost-centres"):
        own = [pd.read_csv(path) for path in paths if path.parent.name == attribute]
        assert expected == sum(map(len, own))
        assert all(len(set(part["owner"])) == 1 for part in own)
    assert (tmp_path / "owners" / "departments" / "Engineering.csv").is_file()


def test_names_of_owners_never_leave_the_folder_and_never_meet(report, tmp_path):
    """Names are text from outside."""
    names = ["../../etc", "a/b", "a b", "A b", "\N{SNOWMAN}", "."]
    billed = report.assessment.billed
    drawn = pd.Series([names[n % len(names)] for n in range(len(billed))], index=billed.index, dtype="str")
    hostile = replace(
        report,
        by={"department": report.by["department"]},
        assessment=replace(report.assessment, billed=billed.assign(department=drawn)),
    )
    paths = actions.write_owners(hostile, tmp_path / "owners")

    assert len(names) == len(paths) == len({str(path).lower() for path in paths})
    assert {tmp_path / "owners" / "departments"} == {path.parent for path in paths}


def test_an_owner_without_anything_left_loses_the_file_of_the_last_report(report, tmp_path):
    """A second report into the same folder leaves no list of the first."""
    old = tmp_path / "owners" / "departments" / "Gone.csv"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    actions.write_owners(report, tmp_path / "owners")

    assert not old.exists()


def test_the_steps_of_a_finance_run_free_seats(report):
    """One a ready seat, and none that gives anything."""
    steps = todo.list_ready(report.waste)

    assert report.headline.wasted == len(steps)
    assert steps["what"].str.startswith("Open the account and take away ").all()
