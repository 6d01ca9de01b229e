"""Who must approve a plan before it is applied: nobody, one person, or two."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from ledger import StoredPlan
from provisioning.model.frames import Changes, Outcomes, complete
from provisioning.model.terms import Action
from tasks.consent import (
    NobodyApproves,
    NotReleased,
    accept_reads,
    keep_policy_seen,
    missing_approvals,
    rejection,
    releases,
    require_approver,
    require_consent,
    waits_for_approval,
)
from tasks.session import Session, open_session

FINGERPRINT = "a1" * 32


@pytest.fixture
def session(policy_file: Path):
    """A session in which a plan of more than two changes needs two people."""
    policy_file.write_text(policy_file.read_text() + "approve: {second_person_above: 2}\n")
    with open_session(policy_file) as session:
        yield session


def plan(
    session: Session, *, changes: int, blocked_by: list[str], ago: timedelta = timedelta(0)
) -> StoredPlan:
    """A plan of that many changes in the ledger."""
    actions = [Action.CREATE.value] * changes
    text = dict.fromkeys(("before", "after", "rule"), "")
    known = {"target": "cloud", "subject": "p@acme.test", "reason": "a joiner", "destructive": False, **text}
    facts = {"change_id": [f"c{n}" for n in range(changes)], "position": range(changes), "action": actions}
    rows = pd.DataFrame(facts).assign(**known, reversible=True)
    policy = session.policy.fingerprint()
    run_id = session.ledger.start_run("reconcile", session.now, policy=policy)
    session.ledger.store_plan(
        StoredPlan(
            FINGERPRINT, "cloud", run_id, policy, blocked_by, session.now - ago, complete(Changes, rows)
        )
    )
    return session.ledger.plan(FINGERPRINT)


def approve(session: Session, *people: str, ago: timedelta = timedelta(0)) -> None:
    for by in people:
        session.ledger.approve(FINGERPRINT, by=by, reason="read", at=session.now - ago)


@pytest.mark.parametrize(
    ("changes", "blocked_by", "people", "missing"),
    [
        (2, [], [], 0),
        (2, ["a limit"], [], 1),
        (2, ["a limit"], ["ann"], 0),
        (3, [], [], 2),
        (3, [], ["ann"], 1),
        (3, ["a limit"], ["ann"], 1),
        (3, ["a limit"], ["ann", "bo"], 0),
        (3, [], ["ann", "bo", "cy"], 0),
        (3, [], ["ann", " Ann ", "ANN"], 1),
        (3, [], ["ann", "", "  "], 1),
        (
            3,
            [],
            ["Ada Larsen", "Ada  Larsen", "ada\N{NO-BREAK SPACE}larsen", "Ada\N{ZERO WIDTH SPACE} Larsen"],
            1,
        ),
        (3, [], ["ann", "\N{ZERO WIDTH SPACE}"], 1),
        (2, ["a limit"], [" "], 1),
    ],
)
def test_more_changes_than_one_person_may_approve_need_two(session, changes, blocked_by, people, missing):
    """Two spellings of one name are one person, and nobody is nobody."""
    stored = plan(session, changes=changes, blocked_by=blocked_by)
    approve(session, *people)

    assert missing == missing_approvals(session, stored, blocked=bool(blocked_by))


def test_the_refusal_says_how_many_approvals_are_missing_and_how_to_give_them(session):
    """It names who approved already, and goes away with the second person."""
    stored = plan(session, changes=3, blocked_by=[])

    with pytest.raises(NotReleased, match="3 changes; above 2 two people approve") as nobody:
        require_consent(session, stored)
    approve(session, "ann")
    with pytest.raises(NotReleased) as one:
        require_consent(session, stored)
    approve(session, "bo")
    require_consent(session, stored)

    assert f"each of them runs `seatwise approve {FINGERPRINT[:12]}`" in nobody.value.remedy
    assert "ann approved it; one more approval is needed, by another person" in one.value.remedy


def test_an_approval_that_is_too_old_is_no_second_person(session):
    """Who approved the same plan on another day meant that day."""
    stored = plan(session, changes=3, blocked_by=[])
    approve(session, "ann")
    approve(session, "bo", ago=session.policy.approve.timeout + timedelta(seconds=1))

    assert missing_approvals(session, stored, blocked=False) == 1


def test_without_the_key_one_person_approves_any_size(session):
    """Who states no number of changes keeps the rule of one person."""
    stored = plan(session, changes=3, blocked_by=["a limit"])
    alone = session.policy.approve.model_copy(update={"second_person_above": None})
    session.policy = session.policy.model_copy(update={"approve": alone})
    approve(session, "ann")

    require_consent(session, stored)
    assert missing_approvals(session, stored, blocked=True) == 0


def test_the_command_says_that_another_person_must_approve_too(session):
    """`seatwise approve` does not call a plan released that is not."""
    from flows.cli.history import approve_plan

    plan(session, changes=3, blocked_by=[])

    first = approve_plan(session.config, FINGERPRINT, by="ann", reason="read")
    second = approve_plan(session.config, FINGERPRINT, by="bo", reason="read")

    assert "another person must approve it too" in first
    assert "is approved by bo. Next: seatwise apply" in second


def test_the_command_approves_no_plan_that_is_too_old_to_be_made(session):
    """Whoever approves it would be sent to an apply that refuses it."""
    from flows.cli.history import approve_plan

    plan(session, changes=1, blocked_by=["a limit"], ago=session.policy.approve.timeout + timedelta(hours=1))

    with pytest.raises(NotReleased, match="no plan is applied"):
        approve_plan(session.config, FINGERPRINT, by="ann", reason="read")
    assert session.ledger.approvals(FINGERPRINT).empty


def test_sync_applies_a_plan_once_the_second_person_has_approved(session, monkeypatch):
    """A plan that no limit stops still waits for two people, and is released by the second."""
    monkeypatch.setattr(session, "sink_actions", lambda _: frozenset({"create"}))
    stored = plan(session, changes=3, blocked_by=[])
    session.state.plans.append(stored)

    approve(session, "ann")
    alone = releases(session)
    approve(session, "bo")
    together = releases(session)

    assert (alone, [one.fingerprint for one in together]) == ([], [stored.fingerprint])


@pytest.mark.parametrize(
    ("blocked_by", "people", "rehearsal", "waits"),
    [
        ([], [], False, False),
        (["a limit"], [], False, True),
        (["a limit"], ["ann"], False, False),
        (["a limit"], ["ann"], True, True),
        ([], [], True, False),
    ],
)
def test_a_plan_that_is_blocked_waits_until_a_person_approved_it(
    session, blocked_by, people, rehearsal, waits
):
    """A rehearsal's plan is not the one that was approved, whatever it is called."""
    stored = plan(session, changes=1, blocked_by=blocked_by)
    approve(session, *people)
    session.as_of = session.now if rehearsal else None

    assert waits_for_approval(session, stored) is waits


def test_a_refusal_names_every_reason_once(session):
    """The plan, what blocks it, and that it takes two, unless that stands there already."""
    stored = plan(session, changes=3, blocked_by=["a limit", "a rule"])
    with pytest.raises(NotReleased) as told:
        require_consent(session, stored)
    words = "3 changes; above 2 two people approve (approve.second_person_above)"
    with pytest.raises(NotReleased) as known:
        require_consent(session, replace(stored, blocked_by=[words]))

    short = f"plan {FINGERPRINT[:12]} needs approval: "
    assert told.value.message == f"{short}a limit; a rule; {words}"
    assert known.value.message == short + words


def test_one_person_is_told_how_to_read_and_approve(session):
    """The remedy holds the commands to type."""
    with pytest.raises(NotReleased) as told:
        require_consent(session, plan(session, changes=1, blocked_by=["a limit"]))

    short = FINGERPRINT[:12]
    assert told.value.remedy == f"Read it with `seatwise show {short}`, then `seatwise approve {short}`."


def test_a_plan_of_another_policy_is_refused(session):
    """Whoever changed the policy since reads the plan it makes now."""
    stored = replace(plan(session, changes=1, blocked_by=[]), policy_fingerprint="another")

    with pytest.raises(NotReleased) as told:
        require_consent(session, stored)

    assert told.value.message == (
        f"plan {FINGERPRINT[:12]} was decided by another policy than policy.yaml is now"
    )
    assert told.value.remedy == "Run `seatwise reconcile` and read the new plan."


@pytest.mark.parametrize(("given", "name"), [("ann", "ann"), (" ann ", "ann"), (None, "root")])
def test_whoever_approves_has_a_name(monkeypatch, given, name):
    """The one given, else the login."""
    monkeypatch.setattr("tasks.consent.login", lambda: "root")

    assert require_approver(given) == name


@pytest.mark.parametrize(
    "given", ["", "  ", None, "\N{ZERO WIDTH SPACE}", "\N{HANGUL FILLER}\x1b\N{BRAILLE PATTERN BLANK}"]
)
def test_nobody_approves_nothing(monkeypatch, given):
    """Neither an empty name nor a machine without a login releases a plan."""
    monkeypatch.setattr("tasks.consent.login", lambda: None)

    with pytest.raises(NobodyApproves, match="no name was given"):
        require_approver(given)


def test_a_plan_that_is_held_is_released_once_somebody_has_approved_it(session, monkeypatch):
    """However few its changes."""
    monkeypatch.setattr(session, "sink_actions", lambda _: frozenset({"create"}))
    held = plan(session, changes=1, blocked_by=["it takes something from 51 of 50 people"])
    session.state.plans.append(held)

    unseen = releases(session)
    approve(session, "ann")

    assert (unseen, releases(session)) == ([], [held])


def test_only_what_can_be_written_is_released(session, monkeypatch):
    """Neither an empty plan nor one for a file is."""
    stored = plan(session, changes=1, blocked_by=[])
    empty = replace(stored, changes=stored.changes[:0])

    session.state.plans += [empty, stored]

    assert releases(session) == []
    monkeypatch.setattr(session, "sink_actions", lambda _: frozenset({"create"}))
    assert releases(session) == [stored]


def test_a_rejection_holds_until_it_is_old_or_somebody_approves(session):
    """The last word counts; one spoken on another day was about that day."""
    stored = plan(session, changes=1, blocked_by=["a limit"])
    timeout = session.policy.approve.timeout
    nobody = rejection(session, stored)

    def decide(decision: str, ago: timedelta) -> str | None:
        at = session.moment() - ago
        session.ledger.approve(FINGERPRINT, by="Ann", reason="wrong filter", at=at, decision=decision)
        return rejection(session, stored)

    old = decide("reject", timeout + timedelta(minutes=1))
    fresh = decide("reject", timeout - timedelta(minutes=1))
    approved = decide("approve", timedelta(0))

    words = f"Ann rejected plan {FINGERPRINT[:12]}: wrong filter"
    assert (nobody, old, fresh, approved) == (None, None, words, None)


def carry_out(session: Session, stored: StoredPlan, *, status: str = "applied", some: int = 1) -> None:
    """Another run makes the first changes of a plan, or finds that they are not to be made."""
    ledger, at = session.ledger, session.now + timedelta(minutes=1)
    run_id = ledger.start_run("apply", at, policy=stored.policy_fingerprint)
    ids = stored.changes["change_id"][:some]
    ledger.intend(run_id, ids.tolist(), stored.fingerprint, at)
    told = pd.DataFrame({"change_id": ids, "status": status, "at": at}).assign(account_id="a", message=None)
    ledger.record(run_id, stored.fingerprint, complete(Outcomes, told))
    ledger.finish_run(run_id, at, verdict="done", exit_code=0, summary={})


@pytest.mark.parametrize("status", ["applied", "stale", "failed"])
def test_an_approval_is_for_one_time(session, status):
    """What was made by it, or not, and is to be made once more is for somebody to look at again."""
    stored = plan(session, changes=1, blocked_by=["a limit"])
    approve(session, "ann")
    carry_out(session, stored, status=status)

    assert missing_approvals(session, stored, blocked=True) == 1
    approve(session, "ann", ago=-timedelta(minutes=2))
    assert missing_approvals(session, stored, blocked=True) == 0


def test_a_refusal_says_that_the_approval_was_used_and_what_is_left(session):
    """Whoever approved the plan would look for a mistake of theirs."""
    stored = plan(session, changes=2, blocked_by=["a limit"])
    carry_out(session, stored)
    with pytest.raises(NotReleased) as never:
        require_consent(session, stored)
    approve(session, "ann")
    with pytest.raises(NotReleased) as used:
        require_consent(session, stored)

    at = f"{session.now + timedelta(minutes=1):%Y-%m-%d %H:%M} UTC"
    needs = f"plan {FINGERPRINT[:12]} needs approval: a limit"
    assert never.value.message == needs
    assert used.value.message == f"{needs}; its approval was used at {at}, and 1 of 2 changes are left"


@pytest.mark.parametrize(
    ("more", "changes", "seen"),
    [
        (None, 0, True),
        ({}, 0, False),
        ({}, 2, False),
        ({"partial": True, "asked_for": ["p@acme.test"]}, 0, False),
        ({"partial": True, "asked_for": ["other@acme.test"]}, 0, True),
        ({"undoes": "r1"}, 0, True),
    ],
    ids=["newest", "later", "larger", "some", "others", "undo"],
)
def test_a_policy_is_seen_by_its_newest_plan_alone(session, more, changes, seen):
    """Whoever approves an older one has not read what the policy asks for by now."""
    stored = plan(session, changes=1, blocked_by=["a limit"])
    if more is not None:
        rows = stored.changes
        later = pd.concat([rows.assign(change_id=f"n{n}") for n in range(changes)] or [rows[:0]])
        session.ledger.store_plan(replace(stored, fingerprint="b2" * 32, changes=later, **more))

    keep_policy_seen(session, stored)

    assert (session.ledger.applied_policy("cloud") == stored.policy_fingerprint) is seen


@pytest.mark.parametrize(
    ("action", "undoes", "told", "refused"),
    [
        ("grant", "r1", [], True),
        ("restore", "r1", [], True),
        ("revoke", "r1", [], False),
        ("grant", None, [], False),
        ("grant", "r1", ["it gives back to 1 person who left: p@acme.test"], False),
    ],
)
def test_nobody_who_left_gets_anything_back_unread(session, action, undoes, told, refused):
    """Whoever approved the way back may have done so while they were at work."""
    stored = plan(session, changes=1, blocked_by=[])
    gives = stored.changes.assign(account_id="a1", action=action)
    stored = replace(stored, changes=gives, undoes=undoes, blocked_by=told)
    left = pd.DataFrame({"account_id": ["a1"], "since": [pd.Timestamp(session.now)], "cause": ["departed"]})
    approve(session, "ann")
    require_consent(session, stored)
    session.ledger.save_leavers("cloud", left)

    with pytest.raises(NotReleased, match=r"1 person who left: p@acme\.test") if refused else nullcontext():
        require_consent(session, stored)


@pytest.mark.parametrize(("undoes", "again"), [(None, "reconcile"), ("r1", "undo r1")])
def test_a_plan_that_is_too_old_is_refused(session, undoes, again):
    """Whoever was to lose something may be at work again."""
    created = session.now - session.policy.approve.timeout - timedelta(minutes=1)
    stored = replace(plan(session, changes=1, blocked_by=[]), created=created, undoes=undoes)

    with pytest.raises(NotReleased, match=r"after 1d \(approve.timeout\) no plan is applied") as told:
        require_consent(session, stored)

    assert f"`seatwise {again}`" in told.value.remedy


@pytest.mark.parametrize(
    ("more", "people", "measured"),
    [
        ({}, ["ann"], True),
        ({}, [], False),
        ({"partial": True}, ["ann"], False),
        ({"undoes": "r1"}, ["ann"], False),
    ],
)
def test_a_plan_of_everybody_alone_makes_its_reads_the_measure(session, more, people, measured):
    """Whoever approves a plan of some has not seen what the others lose."""
    stored = replace(plan(session, changes=1, blocked_by=["a limit"]), **more)
    keep_read(session, stored)
    approve(session, *people)

    accept_reads(session, stored)

    assert (session.ledger.last_complete("idp") is not None) is measured


def test_reads_are_the_measure_once_every_plan_of_the_run_is_approved_by_enough_people(session):
    """Nobody has seen what is lost on the other target before."""
    stored = plan(session, changes=3, blocked_by=["a limit"])
    session.ledger.store_plan(replace(stored, target="other", fingerprint="b2" * 32))
    keep_read(session, stored)
    for fingerprint, by in ((FINGERPRINT, "ann"), ("b2" * 32, "ann"), (FINGERPRINT, "bo"), ("b2" * 32, "bo")):
        assert session.ledger.last_complete("idp") is None
        session.ledger.approve(fingerprint, by=by, reason="read", at=session.now)
        accept_reads(session, session.ledger.plan(fingerprint))

    assert session.ledger.last_complete("idp") is not None


def keep_read(session: Session, stored: StoredPlan) -> None:
    """A read that the plan was decided from, and that is no measure yet."""
    frames = {"identities": pd.DataFrame({"email": ["p@acme.test"]})}
    session.ledger.save_snapshot(
        "idp", frames, complete=False, at=session.now, run_id=stored.run_id, measured={"people": 1}
    )
