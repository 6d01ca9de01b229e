"""Reading an organisation by its audit log: what is understood, what is doubted, what nobody told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from provisioning.model.merge import FeedLost
from provisioning.model.snapshots import TargetSnapshot
from sandbox.kit.cloud_log import Object
from sandbox.kit.cloud_model import JSM
from sandbox.kit.cloud_state import Organisation
from sandbox.running import Running
from tests.sinks.cases import connect
from tests.sinks.test_contract import sent
from tests.sinks.test_incremental import assert_same, followed, whole
from transport.door import Door

KIND = "atlassian_org"


class Case:
    """An organisation that was read whole, and what is done to it after."""

    def __init__(self, sandbox: Running, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.door = Door()
        self.before = whole(connect(KIND, sandbox, folder, Door()), sandbox)
        self.org: Organisation = sandbox.world.held["atlassian"]

    def follow(self, before: TargetSnapshot | None = None) -> TargetSnapshot:
        """Read by changes what came since."""
        sink = connect(KIND, self.sandbox, self.folder, self.door)
        return followed(sink, before or self.before, self.sandbox)

    def whole(self) -> TargetSnapshot:
        """Read everything."""
        return whole(connect(KIND, self.sandbox, self.folder, Door()), self.sandbox)

    def note(self, action: str, *objects: Object) -> None:
        """Have the log tell something, whether it is so or not."""
        self.org.log.add(self.sandbox.world.company.now, action, *objects)

    def unlogged(self) -> Iterator[None]:
        """Let something happen that the log does not tell."""
        log, self.org.log = self.org.log, type(self.org.log)()
        yield
        self.org.log = log


@pytest.fixture
def case(fresh: Running, tmp_path: Path) -> Case:
    """Return an organisation of 30 people."""
    return Case(fresh, tmp_path)


def a_member(case: Case, group: str) -> tuple[str, str]:
    """Identifiers of a group and of someone in it."""
    found = case.org.by_name[group]
    return found.group_id, case.org.accounts[found.ordered()[0]].account_id


def test_work_inside_products_is_passed_over(case: Case) -> None:
    """That pages are viewed says nothing of accounts and groups."""
    case.note("confluence_page_viewed", Object("page", "65539", "Home"))

    assert_same(case.follow(), case.before)


@pytest.mark.parametrize("action", ["domain_claimed", "something_new"])
def test_what_is_not_understood_is_a_doubt(case: Case, action: str) -> None:
    """An event that names neither account nor group may concern anybody."""
    case.note(action, Object("domain", "acme.test", "acme.test"))

    with pytest.raises(FeedLost, match=action):
        case.follow()


def test_an_event_is_a_pointer_and_no_evidence(case: Case) -> None:
    """What it says happened is not taken for true: the account is looked at, and is as it was."""
    group_id, account_id = a_member(case, "developers")
    group = case.org.groups[group_id]
    case.note("user_removed_from_group", case.org.by_id[account_id].entry, group.entry)

    assert_same(case.follow(), case.before)


def test_a_member_nobody_told_of_is_found_by_the_number(case: Case) -> None:
    """A group of another size than is known is asked for its people."""
    group_id, account_id = a_member(case, "developers")
    for _ in case.unlogged():
        case.org.remove_member(group_id, account_id)

    after = case.follow()

    assert_same(after, case.whole())
    assert len(after.assignments) == len(case.before.assignments) - 1


def test_a_state_nobody_told_of_is_found_by_the_number(case: Case) -> None:
    """Whoever was suspended in silence is not known, so everything has to be read."""
    _, account_id = a_member(case, "developers")
    for _ in case.unlogged():
        case.org.suspend(account_id)

    with pytest.raises(FeedLost, match="are active"):
        case.follow()


def test_what_a_group_opens_is_read_to_the_end_each_time(case: Case) -> None:
    """A product that a group opens now is a seat of everyone in it, told or not."""
    group_id, _ = a_member(case, "developers")
    for _ in case.unlogged():
        case.org.assign_group(group_id, "atlassian/user", JSM.resource)

    after = case.follow()

    assert_same(after, case.whole())
    assert len(after.seats) > len(case.before.seats)


def test_a_late_event_is_not_passed_over(case: Case) -> None:
    """What the log processes later is told later, although its time lies before the last reading."""
    case.sandbox.world.options["atlassian_log_lag"] = 30
    case.follow()
    changed = [account for account in case.org.accounts if account.works][:3]
    for number, account in enumerate(changed):
        with case.org.changing(account):
            account.name = f"Another Name {number}"
    first = case.follow()
    case.sandbox.world.options["atlassian_log_lag"] = 0
    case.sandbox.world.company.now += timedelta(days=2)

    second = case.follow(first)

    names = [set(read.accounts["display_name"].dropna()) for read in (first, second)]
    assert [len({f"Another Name {n}" for n in range(3)} & told) for told in names] == [2, 3]
    assert_same(second, case.whole())


def test_who_leaves_a_large_group_is_looked_at_alone(tmp_path: Path) -> None:
    """The number of people in the group of everybody fits again once that one account was looked at."""
    with Running(people=600, seed=3) as sandbox:
        case = Case(sandbox, tmp_path)
        case.follow()
        usual = sent(case.door)
        case.org.remove_member(*a_member(case, "all-staff"))

        after = case.follow()

        assert sent(case.door) - usual == usual + 2
        assert_same(after, case.whole())


def test_too_many_changes_are_read_whole(tmp_path: Path) -> None:
    """Beyond a share of all accounts, looking at each costs more than reading everything."""
    with Running(people=600, seed=3) as sandbox:
        case = Case(sandbox, tmp_path)
        case.org.assign_group(case.org.by_name["all-staff"].group_id, "atlassian/user", JSM.resource)

        with pytest.raises(FeedLost, match="more than 20%"):
            case.follow()


def test_an_organisation_without_a_log_is_read_whole(case: Case) -> None:
    """There is no checkpoint, and where the right was lost no delta; the check says so."""
    case.sandbox.world.options["atlassian_log"] = "refused"
    sink = connect(KIND, case.sandbox, case.folder, Door())

    assert case.whole().checkpoint is None
    assert "reads the organisation whole" in " ".join(finding.message for finding in sink.check())
    with pytest.raises(FeedLost, match="cannot be read"):
        case.follow()
