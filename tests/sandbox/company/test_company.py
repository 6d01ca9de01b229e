"""The company: the same for the same seed, and whole after every change."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox.company.company import Company
from sandbox.company.founding import FLAWS
from sandbox.company.people import DEPARTED, STAGED, SUSPENDED


def _check_books(company: Company) -> None:
    """Fail unless people, groups and addresses say the same."""
    for name, group in company.groups.items():
        assert {p.number for p in company.people.values() if name in p.groups} == set(group.members)
    for address, number in company.emails.items():
        person = company.people[number]
        assert address in {person.email.lower(), person.login.lower()}
    numbers = [event.number for event in company.events]
    assert numbers == sorted(set(numbers))


def test_the_same_seed_gives_the_same_company() -> None:
    """Seed and size decide everything; another seed decides otherwise."""
    one, two, other = Company(80, 3), Company(80, 3), Company(80, 4)

    assert one.people == two.people
    assert one.groups == two.groups
    assert one.events == two.events
    assert one.people != other.people


def test_days_are_the_same_however_they_are_counted() -> None:
    """Two days at once are the same two days one by one."""
    one, two = Company(200, 3), Company(200, 3)

    one.advance(10)
    for _ in range(10):
        two.advance()

    assert one.people == two.people
    assert one.events == two.events
    assert one.now == two.now


def test_people_counts_those_present() -> None:
    """Former staff come on top of the number asked for."""
    company = Company(300, 1)

    assert len(company.present()) == 300
    assert len(company.in_state(DEPARTED)) == 18
    assert company.in_state(STAGED)
    assert company.in_state(SUSPENDED)
    _check_books(company)


def test_the_calendar_brings_every_kind_of_change() -> None:
    """In a quarter people are hired, moved, suspended, let go and taken back, and they sign in."""
    company = Company(400, 1)
    start = company.now

    counts = company.advance(90)

    assert company.now == start + timedelta(days=90)
    for kind in ("hires", "moves", "leaves", "rehires", "suspensions", "starts", "departures", "sign_ins"):
        assert counts[kind] > 0, kind
    kinds = {event.kind for event in company.events}
    assert {"deleted", "left_group", "joined_group", "reactivated", "updated"} <= kinds
    assert min(event.at for event in company.events) >= company.now - timedelta(days=91)
    _check_books(company)


def test_a_leaver_holds_nothing_and_a_rehire_is_the_same_person() -> None:
    """Leaving empties the groups, coming back refills them under the same number."""
    company = Company(50, 1)
    ada = company.hire({"given_name": "Ada", "family_name": "Quux", "department": "Engineering"})
    before = set(ada.groups)

    company.leave("ada.quux@acme.test")

    assert (ada.state, ada.groups) == (DEPARTED, set())
    assert ada not in company.members("everyone")

    again = company.rehire("ada.quux@acme.test")

    assert again is ada
    assert "dept-engineering" in ada.groups & before
    _check_books(company)


def test_a_deleted_leaver_is_gone_but_the_log_remembers() -> None:
    """Deletion removes person and address; the event still names them."""
    company = Company(50, 1)
    person = company.hire({"email": "gone@acme.test"})

    company.leave(person.number, how="deleted")

    with pytest.raises(LookupError, match=r"gone@acme\.test"):
        company.find("gone@acme.test")
    assert (company.events[-1].kind, company.events[-1].login) == ("deleted", "gone@acme.test")


def test_a_move_changes_group_cost_center_and_revision() -> None:
    """A new department brings its group and cost centre, and former holds what was."""
    company = Company(50, 1)
    person = company.hire({"email": "m@acme.test", "department": "Sales"})
    revision, members = person.revision, company.groups["dept-legal"].revision

    company.move("m@acme.test", {"department": "Legal", "family_name": "New", "email": "n@acme.test"})

    assert "dept-legal" in person.groups
    assert "dept-sales" not in person.groups
    assert person.cost_center == "CC-4300"
    assert person.former["department"] == "Sales"
    assert person.login == "n@acme.test"
    assert company.find("n@acme.test") is person
    assert person.revision > revision
    assert company.groups["dept-legal"].revision > members
    _check_books(company)


def test_reports_follow_their_manager() -> None:
    """Another login of a manager, and another manager, change the records of those who report to them."""
    company = Company(50, 1)
    top = company.hire({"email": "top@acme.test"})
    boss = company.hire({"email": "boss@acme.test", "manager": "top@acme.test"})
    report = company.hire({"email": "report@acme.test", "manager": "boss@acme.test"})
    revision = report.revision

    company.move(boss.number, {"email": "chief@acme.test"})
    renamed = report.revision
    company.leave(boss.number, how="deleted")

    assert revision < renamed < report.revision
    assert report.manager == top.number
    assert [e.kind for e in company.events if e.person == report.number][-2:] == ["updated", "updated"]


def test_a_deleted_group_is_gone_but_the_log_remembers() -> None:
    """Its members leave first; the last event names the group and nobody."""
    company = Company(50, 1)
    company.join(company.present()[0], ["short-lived"])
    number = company.groups["short-lived"].number

    company.remove_group("short-lived")

    left, removed = company.events[-2:]
    assert (left.kind, left.group_number) == ("left_group", number)
    assert (removed.kind, removed.group, removed.group_number, removed.person) == (
        "removed_group",
        "short-lived",
        number,
        0,
    )
    _check_books(company)


def test_a_sign_in_is_no_change_of_the_record() -> None:
    """A sign-in moves the last sign-in but not the time of the last change."""
    company = Company(50, 1)
    person = company.present()[0]
    updated = person.updated

    company.sign_in(person, company.now)

    assert person.last_sign_in == company.now
    assert person.updated == updated


@pytest.mark.parametrize(
    ("facts", "message"), [({"email": "x@acme.test"}, "already"), ({"shoe_size": 9}, "shoe_size")]
)
def test_a_hire_that_cannot_be_is_refused(facts: dict[str, object], message: str) -> None:
    """A taken address and an unknown fact are named."""
    company = Company(20, 1)
    company.hire({"email": "x@acme.test"})

    with pytest.raises(ValueError, match=message):
        company.hire(facts)


def test_odd_records_can_be_switched_off() -> None:
    """Each flaw is on one person, or on none."""
    flaws = sorted(p.flaw for p in Company(200, 1).people.values() if p.flaw)

    assert flaws == sorted(FLAWS)
    assert not [p for p in Company(200, 1, odd=False).people.values() if p.flaw]
