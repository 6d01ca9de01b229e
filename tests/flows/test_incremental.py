"""A source that tells what changed is asked for that alone, and decided on as if it were read whole."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import orjson
import pytest

OKTA = "okta-main"


def asked(summary: dict) -> int:
    """Reads the run took in all."""
    return sum(host["read"] for host in summary["requests"].values())


def how(summary: dict) -> str:
    return summary["sources"][OKTA]["read"]


def test_a_day_later_only_what_changed_is_read(company):
    """The plan is the one a whole read gives; each fact's age is told."""
    first = company.run("reconcile")
    company.world.advance(1)
    company.world.company.hire({"groups": ["atl-jira-users"]})

    changes = company.run("reconcile")
    whole = company.run("reconcile", full=True)

    assert (how(first), how(changes), how(whole)) == ("whole", "changes", "whole")
    assert changes["fingerprint"] == whole["fingerprint"] != first["fingerprint"]
    assert asked(changes) < asked(whole)
    told = changes["sources"][OKTA]
    assert told["whole_at"] == first["sources"][OKTA]["as_of"] < told["as_of"]


def reads(company, *, complete: bool = True, as_of: datetime | None = None) -> tuple[bool, str | None]:
    """Whether a run reads the source whole, and why if that was not meant; the read is kept."""
    from tasks.decide import remember_reads
    from tasks.extract import extract_source
    from tasks.kept import take_source
    from tasks.run import open_run

    with open_run("reconcile", str(company.policy), str(company.out), as_of=as_of) as session:
        read = take_source(session, extract_source.fn(session.reference, OKTA))
        if complete:
            remember_reads.fn(session, {OKTA: read}, {})
        return read.read_whole_at == read.taken_at, session.read_whole.get(OKTA)


def test_only_a_kept_read_is_a_base(company):
    """A run that ended before its reads were kept leaves nothing to lay a delta over."""
    assert reads(company, complete=False) == (True, None)
    assert reads(company) == (True, None)
    assert reads(company) == (False, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("from: okta-main", "from: okta-main\n    full_every: 0d"),
        ("kind: okta,", "kind: okta, page_size: 50,"),
    ],
    ids=["never by changes", "other options"],
)
def test_what_cannot_rest_on_an_earlier_read_is_read_whole(company, old, new):
    """A policy that asks for it, or a connection that reads otherwise than it did, means a whole read."""
    reads(company)
    company.rewrite(old, new)

    assert reads(company) == (True, None)


def test_what_an_earlier_version_kept_is_read_as_unknown_and_is_no_base(company):
    """A read without the columns of today still opens, and nothing is laid over it."""
    from ledger import FeedPosition
    from tasks.memory import restore_source
    from tasks.run import open_run

    reads(company)
    with open_run("reconcile", str(company.policy), str(company.out)) as session:
        kept = session.ledger.last_complete(OKTA)
        stated = session.policy.connections[OKTA].model_dump(mode="json")
        digest = hashlib.sha256(orjson.dumps(stated, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()
        frames = kept.frames()
        frames["identities"] = frames["identities"].drop(columns=["never_signed_in", "sign_in_staleness"])
        position = FeedPosition(kept.whole_at, kept.checkpoint, digest)
        session.ledger.save_snapshot(
            OKTA, frames, complete=True, at=session.now, run_id=None, feed=position, measured=kept.measured
        )
        old = restore_source(session.ledger.last_complete(OKTA)).identities

    assert old["last_sign_in"].notna().any()
    assert old["never_signed_in"].isna().all()
    assert old["sign_in_staleness"].isna().all()
    assert reads(company) == (True, None)
    assert reads(company) == (False, None)


def test_a_log_that_may_no_longer_be_read_costs_a_whole_read_and_no_run(company):
    reads(company)
    company.fault(path="/okta/api/v1/logs", kind="status", status=403, times=0)

    whole, why = reads(company)

    assert whole
    assert "403" in str(why)


def test_after_the_interval_everything_is_read_again(company):
    """Deletions nobody told of are seen this late at most; a clock set back is no reason to trust."""
    reads(company)

    assert reads(company, as_of=datetime.now(UTC) + timedelta(days=1, minutes=1)) == (True, None)
    assert reads(company, as_of=datetime.now(UTC) - timedelta(days=1)) == (True, None)


def test_a_feed_that_does_not_reach_back_means_a_whole_read(company):
    """The run goes on, and says why it read everything."""
    reads(company)
    company.world.advance(100)

    whole, why = reads(company)

    assert whole
    assert why


def test_a_lost_snapshot_means_a_whole_read(company):
    """Nobody is taken for gone because a file is."""
    reads(company)
    for path in company.policy.parent.rglob("*.parquet"):
        path.unlink()

    whole, why = reads(company)

    assert whole
    assert "lost" in why
