"""One odd answer to a write fails that one change, and what was not told is never taken for done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

import pytest

from provisioning.model.findings import Refused, Unreadable
from provisioning.model.frames import Change, rows
from provisioning.model.terms import Action, Status, Unknown
from sinks import Applied, Observation
from tasks.batches import ALREADY, LOST, TAKEN, Doubts, Ending, _check_preconditions, _settle_lost, _write
from tests.provisioning.worlds import account, identity, policy, source, target, think
from transport.errors import BadRequest, Malformed, UnknownOutcome

PEOPLE = source(
    [identity("ann"), identity("bob"), identity("cyd", state="departed")], {"atl-jira": ["ann", "bob"]}
)
THERE = target([account("ann"), account("bob"), account("cyd")], {"jira-users": ["cyd"]})
CYD = THERE.accounts.loc[THERE.accounts["email"].str.startswith("cyd"), "account_id"].item()
PLAN = think(PEOPLE, THERE, policy(leaver=[{"do": "revoke_seats"}])).plan.changes


class OddSink:
    """A target that makes nothing, and of whose answers some are odd."""

    kind = "odd"
    actions = frozenset(Action)

    def __init__(self, answer: Callable[[Change], Applied], unknown: Unknown = frozenset()) -> None:
        self._answer, self._unknown = answer, unknown

    def observe(self, *_: Sequence[str]) -> Observation:
        """Tell what was there all along, but for groups of those who are unknown."""
        hidden = THERE.assignments["account_id"].isin([key for key, _ in self._unknown])
        return Observation(THERE.accounts, THERE.assignments[~hidden], unknown=self._unknown)

    def bundle(self, change: Change) -> str:
        """Each change is its own."""
        return change.change_id

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Answer."""
        return self._answer(changes[0])


def written(answer: Callable[[Change], Applied]) -> dict[str, Ending]:
    sink: Any = OddSink(answer)
    doubts: Doubts = {}
    endings, unsent = _write(sink, rows(PLAN), lambda _: None, doubts, Event())
    assert unsent == []
    endings |= _settle_lost(sink, PLAN, endings, doubts)
    subjects = dict(zip(PLAN["change_id"], PLAN["subject"].str.partition("@")[0], strict=True))
    return {subjects[key]: ending for key, ending in endings.items()}


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (KeyError("data"), Status.FAILED, "not understood (KeyError); found not done"),
        (IndexError("list index out of range"), Status.FAILED, "not understood (IndexError)"),
        (Malformed("the answer is a list"), Status.FAILED, "the answer is a list; found not done"),
        (UnknownOutcome("cut"), Status.FAILED, "the answer was lost; found not done"),
        (Unreadable("no such file"), Status.FAILED, "no such file"),
        (BadRequest("USER_NOT_INVITABLE"), Status.FAILED, "USER_NOT_INVITABLE"),
        (Refused("it must not be made"), Status.BLOCKED, "it must not be made"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_one_odd_answer_fails_that_one_change(fault: Exception, status: Status, words: str) -> None:
    """Whatever comes of one write, the others go on, and no word of Python alone is told."""

    def answer(change: Change) -> Applied:
        if change.subject.startswith("bob"):
            raise fault
        return Applied(change.account_id)

    outcomes = written(answer)

    assert {name for name, ending in outcomes.items() if ending.status == Status.APPLIED} == {"ann", "cyd"}
    assert (outcomes["bob"].status, outcomes["bob"].account_id) == (status, "acc-bob")
    assert words in str(outcomes["bob"].message)


@pytest.mark.parametrize(
    ("told", "account_id"),
    [
        (lambda _: Applied(None), "acc-bob"),
        (lambda _: Applied("new"), "new"),
        (lambda change: Applied("new", accounts={change.change_id: "own"}), "own"),
        (lambda change: Applied("new", failed={change.change_id: "no"}), "new"),
    ],
)
def test_every_ending_bears_its_account(told: Callable[[Change], Applied], account_id: str) -> None:
    """What is ours afterwards, and what an undo takes back, is known by it."""
    assert written(told)["bob"].account_id == account_id


def test_a_change_that_failed_among_others_says_why() -> None:
    """The vendor's reason, not that of the bundle."""
    ending = written(lambda change: Applied("new", failed={change.change_id: "no seat is left"}))["bob"]

    assert ending == Ending(Status.FAILED, "new", "no seat is left")


def test_what_the_target_cannot_do_is_for_a_person() -> None:
    """It is not sent, and what is so already needs nobody."""
    sink: Any = OddSink(lambda change: Applied(change.account_id))
    sink.actions = frozenset()

    endings, to_write = _check_preconditions(sink, PLAN)
    sink.observe = lambda *_: Observation(THERE.accounts, THERE.assignments[:0])
    later, _ = _check_preconditions(sink, PLAN[PLAN["action"] == "revoke"])

    assert {(one.status, one.message) for one in endings.values()} == {
        (Status.BLOCKED, "odd cannot do this; do it by hand")
    }
    assert to_write == []
    assert {one.message for one in later.values()} == {ALREADY}


def test_a_name_that_another_account_has_is_not_taken_from_it() -> None:
    """The account is there, and nothing says that it is the same person's."""
    made = think(source([identity("dan")]), target([]), policy()).plan.changes
    hidden = target([account("dan", account_id="other", email=None)])
    sink: Any = OddSink(lambda change: Applied(change.account_id))
    sink.observe = lambda *_: Observation(hidden.accounts, hidden.assignments)

    endings, to_write = _check_preconditions(sink, made)

    assert {(one.status, one.message) for one in endings.values()} == {(Status.BLOCKED, TAKEN)}
    assert to_write == []


def test_a_write_whose_answer_was_lost_is_found_done() -> None:
    """The target is asked, and not written to again."""
    sink: Any = OddSink(lambda change: Applied(change.account_id))
    sink.observe = lambda *_: Observation(THERE.accounts, THERE.assignments[:0])

    (ending,) = _settle_lost(sink, PLAN[PLAN["action"] == "revoke"], {}, {}).values()

    assert (ending.status, ending.message) == (Status.APPLIED, f"{LOST}; found done")


def test_what_changed_since_is_stale_and_says_what_to_do() -> None:
    """Nothing is sent for it."""
    sink: Any = OddSink(lambda change: Applied(change.account_id))
    sink.observe = lambda *_: Observation(THERE.accounts[:0], THERE.assignments[:0])

    endings, to_write = _check_preconditions(sink, PLAN[PLAN["action"] == "grant"])

    assert {(ending.status, ending.message) for ending in endings.values()} == {
        (Status.STALE, "the account changed since the plan was made; plan again")
    }
    assert to_write == []


def test_what_was_not_told_is_neither_done_nor_written() -> None:
    """A revoke of somebody whose groups nobody told fails, and no request is made."""
    sink: Any = OddSink(lambda change: Applied(change.account_id), frozenset({(CYD, "group")}))

    endings, to_write = _check_preconditions(sink, PLAN)

    revoked = PLAN.loc[PLAN["action"] == "revoke", "change_id"].item()
    assert endings[revoked].status == Status.FAILED
    assert "did not tell" in str(endings[revoked].message)
    assert {change.action for change in to_write} == {"grant"}


def test_what_was_told_to_be_gone_is_done() -> None:
    """The same read without the doubt says that the revoke is done already."""
    sink: Any = OddSink(lambda change: Applied(change.account_id))
    there = Observation(THERE.accounts, THERE.assignments[:0])
    sink.observe = lambda *_: there

    endings, _ = _check_preconditions(sink, PLAN)

    done = endings[PLAN.loc[PLAN["action"] == "revoke", "change_id"].item()]
    assert done == Ending(Status.APPLIED, CYD, ALREADY)
