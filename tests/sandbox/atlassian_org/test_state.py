"""The organisation behind the API: how it drifted, what it bills, what time does to it."""

from __future__ import annotations

import pickle
import random
from collections import Counter
from datetime import timedelta

import pytest

from sandbox.company.company import START, Company
from sandbox.company.people import ACTIVE, DEPARTED
from sandbox.kit.cloud_drift import drifted
from sandbox.kit.cloud_model import CONFLUENCE, JIRA, JSM, Account, RefusedError, Use
from sandbox.kit.cloud_state import Organisation


@pytest.fixture(scope="module")
def large() -> Organisation:
    """Return an organisation of 3,000 people, to be read only."""
    return drifted(Company(3000, seed=3))


@pytest.fixture
def small() -> Organisation:
    """Return an organisation of 80 people, to be changed."""
    return drifted(Company(80, seed=3))


def _billed_anew(org: Organisation) -> Counter[str]:
    return Counter(resource for account in org.accounts for resource in org.seats(account))


def _somebody(org: Organisation, group: str = "jira-software-users") -> Account:
    """An ordinary account that works, in a group."""
    members = (org.accounts[p] for p in org.by_name[group].ordered())
    return next(a for a in members if a.works and a.person and not a.synced and a.account_id != org.caller)


def _outsider(org: Organisation, group: str = "jsm-agents") -> Account:
    members = org.by_name[group].members
    return next(a for a in org.accounts if a.works and a.person and a.position not in members)


def test_the_same_seed_gives_the_same_organisation() -> None:
    """Identifiers, groups, use and billing depend on the company's seed alone."""

    def all_of(seed: int) -> list[object]:
        org = drifted(Company(200, seed=seed))
        return [(a.account_id, a.email, a.name, sorted(a.groups), org.used(a)) for a in org.accounts]

    assert all_of(1) == all_of(1)
    assert all_of(1) != all_of(2)


def test_some_who_should_have_an_account_have_none(large: Organisation) -> None:
    """About one in twenty of the active people with an Atlassian group has no account."""
    wants = [p for p in large.company.in_state(ACTIVE) if any(g.startswith("atl-") for g in p.groups)]
    without = [p for p in wants if p.email.lower() not in large.by_email]

    assert 0.03 < len(without) / len(wants) < 0.07


def test_some_who_left_still_cost_money(large: Organisation) -> None:
    """About one account in twenty-five belongs to somebody who left, and is still billed."""
    gone = [a for a in large.accounts if a.person and a.person.state == DEPARTED and large.seats(a)]

    assert 0.025 < len(gone) / len(large.accounts) < 0.055


def test_seats_lie_idle_or_were_never_used(large: Organisation) -> None:
    """About a sixth of the seats is idle for over 90 days, about a twelfth was never used."""
    now, total, idle, never = large.company.now, 0, 0, 0
    for account in large.accounts:
        used = large.used(account)
        for resource in large.seats(account):
            total += 1
            never += resource not in used
            idle += resource in used and now - used[resource] > timedelta(days=90)

    assert 0.10 < idle / total < 0.22
    assert 0.05 < never / total < 0.12


def test_movers_hold_wrong_groups_or_old_names(large: Organisation) -> None:
    """Names, titles and groups of some active people differ from what the company says."""
    known = [a for a in large.accounts if a.person and a.person.state == ACTIVE and not a.person.flaw]

    assert any(a.name != a.person.display_name for a in known if a.person)
    assert any(a.job_title != a.person.title for a in known if a.person)
    developers = large.by_name["developers"].members
    assert any((a.position in developers) != ("atl-jira-dev" in a.person.groups) for a in known if a.person)


def test_every_sort_of_account_is_there(large: Organisation) -> None:
    """Suspended, deactivated and dying accounts, an app, two customers, orphans, outsiders, a duplicate."""
    states = Counter(a.composite for a in large.accounts)
    kinds = Counter(a.kind for a in large.accounts)
    people = Counter(a.person.display_name for a in large.accounts if a.person)
    strangers = [a for a in large.accounts if a.person is None and a.kind == "atlassian"]

    assert states["suspended"] == states["for_deletion"] == 1
    assert states["deactivated"] > 1
    assert (kinds["app"], kinds["customer"]) == (1, 2)
    assert sum(a.managed for a in strangers) == 4
    assert any(not a.managed and people[a.name] for a in strangers), "the duplicate bears a person's name"
    assert len(large.by_name["org-admins"].members) == 2
    assert large.by_id[large.caller].position in large.by_name["org-admins"].members


def test_what_is_billed_is_kept_while_everything_changes(small: Organisation) -> None:
    """After 400 random writes, refused ones included, the running count equals a recount."""
    rng = random.Random(5)
    groups = list(small.groups)
    done: Counter[str] = Counter()
    for _ in range(400):
        account_id = rng.choice(small.accounts).account_id
        name = rng.choice(["add_member", "remove_member", "suspend", "restore", "remove", "invite", "assign"])
        arguments = {
            "add_member": (rng.choice(groups), account_id),
            "remove_member": (rng.choice(groups), account_id),
            "invite": (rng.choice([small.by_id[account_id].email, f"new{rng.randrange(9)}@acme.test"]),),
            "assign": (account_id, "atlassian/user", JSM.resource),
        }
        try:
            getattr(small, name)(*arguments.get(name, (account_id,)))
        except RefusedError:
            name = "refused"
        done[name] += 1

    assert min(done.values()) > 5
    assert +small.billed == _billed_anew(small)


def test_deleting_a_group_takes_its_seats(small: Organisation) -> None:
    """A group that grants a product takes the seats with it, and what it grants is billed no more."""
    group = small.create_group("extra")
    small.assign_group(group.group_id, "atlassian/user", JSM.resource)
    before = small.billed[JSM.resource]
    small.add_member(group.group_id, _outsider(small).account_id)
    assert small.billed[JSM.resource] == before + 1

    small.delete_group(group.group_id)

    assert small.billed[JSM.resource] == before
    assert +small.billed == _billed_anew(small)


def test_a_group_that_comes_to_grant_a_product_bills_its_members(small: Organisation) -> None:
    """Assigning and revoking a role of a group moves the bill by its working members."""
    group = small.by_name["developers"]
    before = small.billed[JSM.resource]

    small.assign_group(group.group_id, "atlassian/user", JSM.resource)
    during = small.billed[JSM.resource]
    small.revoke_group(group.group_id, "atlassian/user", JSM.resource)

    assert during > before == small.billed[JSM.resource]
    assert +small.billed == _billed_anew(small)


def test_customers_hold_a_product_and_are_not_billed(small: Organisation) -> None:
    """The role of a customer opens the help centre and costs nothing; neither does an app."""
    free = [a for a in small.accounts if a.kind != "atlassian"]

    assert any(small.opened(a) for a in free)
    assert not any(small.seats(a) for a in free)


def test_deletion_is_final_after_fourteen_days(small: Organisation) -> None:
    """Before that it can be cancelled; after it the account is closed and its address free."""
    first, second = _somebody(small, "developers"), _somebody(small, "jsm-agents")
    email = second.email
    small.schedule_deletion(first)
    small.schedule_deletion(second)
    small.company.now += timedelta(days=13)
    small.settle()
    small.cancel_deletion(first)

    small.company.now += timedelta(days=1)
    small.settle()

    assert (first.composite, second.status) == ("active", "closed")
    assert email.lower() not in small.by_email
    with pytest.raises(RefusedError):
        small.account(second.account_id)
    assert +small.billed == _billed_anew(small)


def test_the_identity_provider_keeps_synced_accounts(small: Organisation) -> None:
    """A synced account follows a new name, and is deactivated when its person leaves."""
    account = next(a for a in small.accounts if a.synced and a.works and a.person)
    assert account.person
    small.company.move(account.person.number, {"title": "Wizard"})
    small.settle()
    assert account.job_title == "Wizard"

    small.company.leave(account.person.number)
    small.settle()

    assert account.composite == "deactivated"
    assert not small.seats(account)


def test_use_goes_on_with_the_calendar_and_ends_with_the_person(small: Organisation) -> None:
    """Whoever works stays active as days pass; whoever left was last active before that."""
    account = next(a for a in small.accounts if a.works and a.person and JIRA.resource in small.used(a))
    steady = Use(START - timedelta(days=500), 3)
    account.use = {JIRA.resource: steady}
    small.company.now += timedelta(days=100)
    assert small.company.now - small.used(account)[JIRA.resource] < timedelta(days=6)

    assert account.person
    small.company.leave(account.person.number)
    left = small.company.now
    small.company.now += timedelta(days=100)

    assert small.used(account)[JIRA.resource] < left


def test_a_newcomer_begins_to_use_what_was_granted(small: Organisation) -> None:
    """Two days after the grant a person of the company is active, a stranger never."""
    small.company.hire({"email": "zed@acme.test"})
    zed, stranger = small.invite("zed@acme.test"), small.invite("nobody@acme.test")
    for account in (zed, stranger):
        small.add_member(small.by_name["confluence-users"].group_id, account.account_id)
    assert not small.used(zed)

    small.company.now += timedelta(days=3)

    assert CONFLUENCE.resource in small.used(zed)
    assert not small.used(stranger)


def test_the_state_survives_pickling(small: Organisation) -> None:
    """Lagging reads answer from a pickled copy, which must be whole and independent."""
    copy: Organisation = pickle.loads(pickle.dumps(small))
    account_id = _somebody(small).account_id

    small.suspend(account_id)

    assert copy.by_id[account_id].composite == "active"
    assert +copy.billed == _billed_anew(copy)
