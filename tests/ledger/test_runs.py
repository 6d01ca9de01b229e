"""Runs are found again."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from sqlalchemy.exc import IntegrityError

from ledger import Ledger
from ledger.errors import AmbiguousIdentifier, UnknownRun
from ledger.runs import DRAWS


def test_a_finished_run_says_how_it_ended(ledger: Ledger, now: datetime) -> None:
    """Everything told of a run comes back; amounts stay exact."""
    run_id = ledger.start_run("sync", now, policy="policy-1", config="version: 1")
    summary = {"changes": {"grant": np.int64(3)}, "waste": Decimal("12.50"), "seen": now}
    ledger.finish_run(run_id, now + timedelta(minutes=2), verdict="done", exit_code=0, summary=summary)
    run = ledger.run(run_id)

    assert ("sync", now, "policy-1", "version: 1") == (run.flow, run.started_at, run.policy, run.config)
    assert (now + timedelta(minutes=2), "done", 0) == (run.finished_at, run.verdict, run.exit_code)
    assert {"changes": {"grant": 3}, "waste": "12.50", "seen": now.isoformat()} == run.summary


def test_a_run_that_never_finished_is_told_apart(ledger: Ledger, run_id: str) -> None:
    """Unknown is null, never a default."""
    run = ledger.run(run_id)

    assert (run.finished_at, run.verdict, run.exit_code, run.summary) == (None, None, None, None)


def test_the_newest_runs_come_first(ledger: Ledger, now: datetime) -> None:
    """The list is by time, and its types hold when there is nothing to list."""
    empty = ledger.runs()
    ids = [ledger.start_run("sync", now + timedelta(seconds=n), policy="policy-1") for n in range(4)]
    found = ledger.runs(limit=3)

    assert ids[:0:-1] == found["run_id"].tolist()
    assert sorted(ids) == ids
    assert dict(empty.dtypes) == dict(found.dtypes)
    assert (str(found["started_at"].dtype), str(found["exit_code"].dtype)) == ("datetime64[us, UTC]", "Int64")


def test_runs_of_one_second_that_draw_the_same_letters_have_names_of_their_own(
    ledger: Ledger, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty tenants that share a database start at the same minute; after some draws it is an error."""
    drawn = iter("aaaa" + "aaaa" + "bbbb" + "aaaa" * DRAWS)
    monkeypatch.setattr("ledger.runs.secrets.choice", lambda _: next(drawn))

    ids = [ledger.start_run("sync", now, policy=policy) for policy in ("one", "two")]

    assert ids == ["20260301-123015-aaaa", "20260301-123015-bbbb"]
    assert [ledger.run(run_id).policy for run_id in ids] == ["one", "two"]
    with pytest.raises(IntegrityError):
        ledger.start_run("sync", now, policy="three")
    assert next(drawn, None) is None


def test_the_beginning_of_an_identifier_is_enough(ledger: Ledger, now: datetime) -> None:
    """A unique beginning finds the run; a shared one names the candidates."""
    first = ledger.start_run("sync", now, policy="policy-1")
    second = ledger.start_run("sync", now + timedelta(days=1), policy="policy-1")

    assert first == ledger.run(first[:8]).run_id
    with pytest.raises(AmbiguousIdentifier, match=f"{first}, {second}. Give more"):
        ledger.run("2026")


@pytest.mark.parametrize("given", ["20260301-123016", "", "%", "zebra"])
def test_an_unknown_run_names_the_nearest(ledger: Ledger, run_id: str, given: str) -> None:
    """A slip of the pen is answered with what may have been meant; wildcards mean nothing."""
    with pytest.raises(UnknownRun, match=f"Did you mean {run_id}") as caught:
        ledger.run(given)

    assert [run_id] == caught.value.nearest


def test_a_run_of_an_empty_ledger_is_unknown(ledger: Ledger, now: datetime) -> None:
    """Neither looking nor finishing invents a run."""
    with pytest.raises(UnknownRun, match="holds none yet"):
        ledger.run("20260301")
    with pytest.raises(UnknownRun):
        ledger.finish_run("20260301", now, verdict="done", exit_code=0, summary={})
