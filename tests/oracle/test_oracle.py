"""The oracle stands apart from the product, and says of single cases what a person would say."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.kit.cloud_wire import organisation
from sandbox.kit.world import World, make_world
from tests.oracle import truth
from tests.oracle.judge import Deadlines, why_not
from tests.oracle.truth import EXISTS, WORKS, Account, Meaning

HERE = Path(__file__).parent
ALLOWED = set(sys.stdlib_module_names) | {"sandbox"}
JIRA, CONFLUENCE = "jira-software-users", "confluence-users"


def imported(path: Path) -> set[str]:
    """Packages a module imports; those beside it count as nothing."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {str(node.module)}
    return {name.partition(".")[0] for name in names if not name.startswith("tests.oracle")}


@pytest.mark.parametrize("path", [*sorted(HERE.glob("[!t]*.py")), HERE / "truth.py"], ids=lambda p: p.name)
def test_it_shares_no_code_with_the_product(path: Path) -> None:
    """Nothing but Python itself and the sandbox, which imports nothing of the product either."""
    assert imported(path) <= ALLOWED - {"pandas", "tests"}


@pytest.fixture
def world() -> World:
    made = make_world(40, 3, odd=False)
    organisation(made)
    return made


def someone(world: World, *groups: str) -> Account:
    """An active employee's account that holds these groups and belongs in them."""
    return next(
        one
        for one in truth.cloud(world)
        if one.person
        and one.person.state == "active"
        and one.person.user_type == "Employee"
        and one.email == one.person.email
        and set(groups) <= one.things & Meaning.of(world).of_person(world, one.person)
    )


def may(world: World, account: Account, thing: str, meaning: Meaning | None = None) -> bool:
    return why_not(world, meaning or Meaning.of(world), account, thing, idle=False) is None


def test_whoever_belongs_there_may_lose_nothing(world: World) -> None:
    one = someone(world, JIRA)

    assert not any(may(world, one, thing) for thing in (JIRA, WORKS, EXISTS, "all-staff", "org-admins"))


def test_whoever_left_loses_seats_at_once_work_in_a_week_and_the_account_in_three_months(
    world: World,
) -> None:
    one = someone(world, JIRA)
    world.company.leave(one.email)
    found = []
    for days in (0, 7, 83):
        world.company.now += timedelta(days=days)
        found.append([may(world, one, thing) for thing in (JIRA, WORKS, EXISTS)])

    assert found == [[True, False, False], [True, True, False], [True, True, True]]


def test_whoever_moved_loses_what_no_group_means_any_more(world: World) -> None:
    one = someone(world, CONFLUENCE)
    world.company.move(one.email, {"remove_groups": ["atl-confluence-users"]})

    assert may(world, one, CONFLUENCE)
    assert not may(world, one, "all-staff")


def test_a_renamed_group_and_one_emptied_by_mistake_keep_their_meaning(world: World) -> None:
    one, meaning = someone(world, CONFLUENCE), Meaning.of(world)
    world.company.rename_group("atl-confluence-users", "wiki people")
    renamed = may(world, one, CONFLUENCE, meaning)
    assert one.person is not None
    meaning.wronged.add((one.person.number, "atl-confluence-users"))
    world.company.move(one.email, {"remove_groups": ["wiki people"]})

    assert not renamed
    assert not may(world, one, CONFLUENCE, meaning)


def test_what_is_due_is_late_once_a_whole_read_did_not_take_it(world: World) -> None:
    one, meaning, deadlines = someone(world, JIRA), Meaning.of(world), Deadlines()
    deadlines.read(world, meaning, truth.cloud(world))
    world.company.leave(one.email)
    deadlines.read(world, meaning, truth.cloud(world))
    late = deadlines.overdue(world, truth.cloud(world))
    world.company.now += timedelta(days=8)
    later = deadlines.overdue(world, truth.cloud(world))

    mine = [text for text in late if text.startswith(one.email)]
    assert any(JIRA in text for text in mine)
    assert not any(WORKS in text for text in mine)
    assert any(WORKS in text for text in later if text.startswith(one.email))


@pytest.mark.parametrize(("days", "whose"), [(1, "theirs"), (-1, "nobody's")])
def test_an_account_that_an_old_list_had_made_is_that_of_whoever_was_deleted(
    world: World, days: int, whose: str
) -> None:
    """Not one that was there before they came: of two people of one name, one is unknown."""
    company, meaning = world.company, Meaning.of(world)
    person = company.hire({})
    meaning.note_day(world)
    company.leave(person.number, how="deleted")
    since = company.now + timedelta(days=days)
    made = truth.Account("key", person.email, None, frozenset({WORKS}), False, None, since)

    found = meaning.owned(world, made)

    assert (found.person is person) is (whose == "theirs")
    assert meaning.owned(world, replace(made, email="who@acme.test")).person is None
