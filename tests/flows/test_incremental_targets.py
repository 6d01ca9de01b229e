"""A target that tells what changed is asked for that alone, and decided on as if it were read whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

TARGET = "acme-cloud"


def how(summary: dict) -> str:
    return summary["targets"][TARGET]["read"]


def asked(summary: dict) -> int:
    """Reads the run took in all."""
    return sum(host["read"] for host in summary["requests"].values())


def test_what_changed_since_is_read_alone(company):
    """The plan is the one a whole read gives; each fact's age is told."""
    first = company.run("reconcile")
    company.world.advance(1)
    account = next(a for a in company.world.held["atlassian"].accounts if a.works and a.person)
    company.rename_account(account.account_id, "Renamed By Hand")

    changes = company.run("reconcile")
    whole = company.run("reconcile", full=True)

    assert (how(first), how(changes), how(whole)) == ("whole", "changes", "whole")
    assert changes["fingerprint"] == whole["fingerprint"] != first["fingerprint"]
    told = changes["targets"][TARGET]
    assert told["whole_at"] == first["targets"][TARGET]["as_of"] < told["as_of"]
    assert asked(changes) < asked(whole)


def reads(company, *, as_of: datetime | None = None) -> tuple[bool, str | None]:
    """Whether a run reads the target whole, and why if that was not meant; the read is kept."""
    from tasks.decide import remember_reads
    from tasks.extract import extract_target
    from tasks.kept import take_target
    from tasks.run import open_run

    with open_run("reconcile", str(company.policy), str(company.out), as_of=as_of) as session:
        read = take_target(session, extract_target.fn(session.reference, TARGET))
        remember_reads.fn(session, {}, {TARGET: read})
        return read.read_whole_at == read.taken_at, session.read_whole.get(TARGET)


def test_only_a_kept_read_with_the_same_options_is_a_base(company):
    """The first read is whole, the next one is not, and after a change of the connection it is again."""
    assert [reads(company), reads(company)] == [(True, None), (False, None)]
    company.rewrite("kind: atlassian_org,", "kind: atlassian_org, page_size: 50,")

    assert reads(company) == (True, None)


def test_a_policy_may_ask_for_whole_reads_alone(company):
    reads(company)
    company.rewrite(f"to: {TARGET}", f"to: {TARGET}\n    full_every: 0d")

    assert reads(company) == (True, None)


def test_after_the_interval_everything_is_read_again(company):
    """What nobody told of is seen this late at most; a clock set back is no reason to trust."""
    reads(company)

    assert reads(company, as_of=datetime.now(UTC) + timedelta(days=1, minutes=1)) == (True, None)
    assert reads(company, as_of=datetime.now(UTC) - timedelta(days=1)) == (True, None)


@pytest.mark.parametrize(
    ("options", "why"),
    [({"atlassian_log": "refused"}, "cannot be read"), ({"atlassian_narrow": True}, "are known to be")],
    ids=["no log any more", "other numbers"],
)
def test_a_doubt_costs_a_whole_read_and_no_run(company, options, why):
    """The run goes on, and says why it read everything."""
    reads(company)
    company.world.options |= options

    whole, told = reads(company)

    assert whole
    assert why in str(told)


def test_last_use_is_as_old_as_the_whole_read(company):
    """No feed tells of use, so nobody is idle for longer than was known when all of it was read."""
    from tasks.memory import restore_target
    from tasks.session import open_session

    reads(company)
    reads(company)

    with open_session(company.policy) as session:
        first, last = [
            restore_target(session.ledger.last_complete(TARGET, before=before)) for before in (None, None)
        ]
    assert first.known_at == last.known_at == last.read_whole_at < last.taken_at
