"""How the organisation came to be out of step with the company: built once, from the company's seed.

Everyone with an Atlassian group at the identity provider should hold an account in the matching
groups. Over the years that ceased to be true; `drifted` says in which ways and how often.
"""

from __future__ import annotations

import hashlib
import random
from datetime import timedelta
from math import ceil

from sandbox.company.company import Company
from sandbox.company.people import ACTIVE, DEPARTED, STAGED, Person
from sandbox.kit.cloud_model import (
    ACCESS_ADMIN,
    ADMIN,
    CONFLUENCE,
    CUSTOMER,
    JIRA,
    JSM,
    ORG_ADMIN,
    ORG_RESOURCE,
    SITE_ADMIN,
    SITE_RESOURCE,
    USER,
    Account,
    Group,
    Use,
)
from sandbox.kit.cloud_state import Organisation

# Shares of the people each sort of drift befalls.
WITHOUT_ACCOUNT, GONE_BUT_ACTIVE, GONE_AND_DEACTIVATED = 0.05, 0.66, 0.14
EXTRA_GROUP, MISSING_GROUP, OLD_NAME, OLD_TITLE = 0.02, 0.02, 0.015, 0.03
IDLE, NEVER = 0.15, 0.06
OLD_ID = 0.2

# Group at the identity provider → groups it should mean here.
MEANING = {
    "atl-jira-users": ("jira-software-users",),
    "atl-confluence-users": ("confluence-users",),
    "atl-jsm-agents": ("jsm-agents",),
    "atl-jira-dev": ("jira-software-users", "developers"),
}
ORPHANS = ("Petra Vance", "Milo Hartwig", "Odile Marsh", "Kenji Arden")
EXTERNALS = ("Lena Fairweather", "Joao Brandt", "Priti Solberg")


def drifted(company: Company) -> Organisation:
    """Build the organisation of a company, already drifted from it."""
    org = Organisation(company)
    rng = random.Random(f"atlassian {company.seed}")
    _found_groups(org)
    for person in list(company.people.values()):
        if account := _account_of(org, person, rng):
            _befall(org, account, rng)
    _strangers(org, rng)
    _duplicate(org, rng)
    _unfinished(org)
    _administrators(org)
    org.recount()
    org.log.start()
    org.capacity = {
        JIRA.resource: _tier(org.billed[JIRA.resource]),
        CONFLUENCE.resource: _tier(org.billed[CONFLUENCE.resource]),
        JSM.resource: None,
    }
    return org


def _tier(seats: int) -> int:
    """Seats bought: a fifth more than are taken, in steps of a hundred."""
    return max(100, ceil(seats * 1.2 / 100) * 100)


def _found_groups(org: Organisation) -> None:
    for name, description, roles in (
        ("jira-software-users", "Grants access to Jira on acme", {JIRA.resource: {USER}}),
        ("confluence-users", "Grants access to Confluence on acme", {CONFLUENCE.resource: {USER}}),
        ("jsm-agents", "Grants agent access to Jira Service Management on acme", {JSM.resource: {USER}}),
        ("jsm-customers", "Customers of the help centre", {JSM.resource: {CUSTOMER}}),
        ("jira-administrators", "Administers Jira on acme", {JIRA.resource: {ADMIN}}),
        ("developers", "Project role for developers", {}),
        ("all-staff", "Everyone who works here", {}),
        ("site-admins", "Administers users of the site", {SITE_RESOURCE: {SITE_ADMIN, ACCESS_ADMIN}}),
        ("org-admins", "Administers the organisation", {ORG_RESOURCE: {ORG_ADMIN}}),
        ("scim-contractors", "Synced from the identity provider", {CONFLUENCE.resource: {USER}}),
        ("old-project-2019", "", {}),
    ):
        group = org.create_group(name, description, group_id=_uuid(org, f"group {name}"))
        group.roles = {resource: set(names) for resource, names in roles.items()}
        group.synced = name == "scim-contractors"
        group.deletable = not roles


def _uuid(org: Organisation, name: str) -> str:
    """An identifier in the form of a UUID, the same for the same seed and name."""
    digits = hashlib.sha256(f"{org.company.seed} {name}".encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _account_id(org: Organisation, key: str, rng: random.Random) -> str:
    """New accounts begin with 712020, older ones with 557058; a few are bare 24 hexadecimal digits."""
    unique, dice = _uuid(org, f"account {key}"), rng.random()
    if dice > OLD_ID:
        return f"712020:{unique}"
    return f"557058:{unique}" if dice > OLD_ID / 4 else unique.replace("-", "")[:24]


def _account_of(org: Organisation, person: Person, rng: random.Random) -> Account | None:
    """The account of a person, in the groups that person should be in; None where there is none."""
    groups = person.groups if person.state != DEPARTED else set(person.former.get("groups", "").split(","))
    wanted = {name for group in groups for name in MEANING.get(group, ())}
    if not wanted or person.state == STAGED:
        return None
    dice = rng.random()
    kept = GONE_BUT_ACTIVE + GONE_AND_DEACTIVATED
    if (person.state == DEPARTED and dice > kept) or (person.state == ACTIVE and dice < WITHOUT_ACCOUNT):
        return None
    account = _enrolled(org, str(person.number), person.email, person.display_name or person.email, rng)
    account.person, account.added_on = person, max(person.created, account.added_on)
    account.job_title, account.department = person.title, person.department
    account.location, account.time_zone = person.city, person.timezone
    account.synced = person.user_type == "Contractor" and person.present
    account.source = "synced" if account.synced else "invited"
    _join(org, account, *sorted(wanted), "all-staff", *(("scim-contractors",) if account.synced else ()))
    if person.state == DEPARTED and dice > GONE_BUT_ACTIVE:
        account.status, account.deactivated_on = "inactive", person.leaves_on
    return account


def _enrolled(
    org: Organisation, key: str, email: str, name: str, rng: random.Random, **facts: object
) -> Account:
    account = Account(
        position=len(org.accounts),
        account_id=_account_id(org, key, rng),
        email=email,
        name=name,
        nickname=name.partition(" ")[0][:30] or name[:30],
        added_on=org.company.founded - timedelta(days=rng.randrange(20, 1500), minutes=rng.randrange(1440)),
        mfa=rng.random() < 0.6,
    )
    for field, value in facts.items():
        setattr(account, field, value)
    return org.enrol(account)


def _join(org: Organisation, account: Account, *names: str) -> None:
    for name in names:
        group = org.by_name[name]
        group.add(account.position)
        account.groups.add(group.group_id)


def _leave(account: Account, group: Group) -> None:
    group.drop(account.position)
    account.groups.discard(group.group_id)


def _befall(org: Organisation, account: Account, rng: random.Random) -> None:
    """Let one account of a person drift: groups, names, titles; what is synced does not."""
    person = account.person
    assert person is not None
    _use(org, account, rng)
    if account.synced:
        return
    if "department" in person.former:
        account.department = person.former["department"]
        _swap_group(org, account, rng)
    elif rng.random() < EXTRA_GROUP + MISSING_GROUP:
        _swap_group(org, account, rng)
    if family := person.former.get("family_name"):
        account.name = f"{person.given_name} {family}".strip()
    elif rng.random() < OLD_NAME:
        account.name = f"{person.given_name[:1]}. {person.family_name}"
    if rng.random() < OLD_TITLE:
        account.job_title = "Trainee"


def _swap_group(org: Organisation, account: Account, rng: random.Random) -> None:
    """Let a mover hold a group of the old work, or lack one of the new."""
    name = rng.choice(("developers", "jsm-agents", "jira-software-users", "confluence-users"))
    group = org.by_name[name]
    if account.position not in group.members:
        _join(org, account, name)
    elif len(account.groups) > 2:
        _leave(account, group)


def _use(org: Organisation, account: Account, rng: random.Random) -> None:
    """Most seats are used every few days, some were given up long ago, some were never used."""
    now = org.company.founded.replace(hour=0, minute=0, second=0, microsecond=0)
    fate = rng.random()
    for resource in org.opened(account):
        since = account.added_on + timedelta(days=1, seconds=rng.randrange(36000))
        if fate < NEVER or (fate > 0.9 and rng.random() < 0.2):
            continue
        until = now - timedelta(days=rng.randrange(95, 500)) if fate < NEVER + IDLE else None
        if until is not None and until < since:
            since = account.added_on = until - timedelta(days=30)
        account.use[resource] = Use(since, rng.randrange(0, 20), until)


def _strangers(org: Organisation, rng: random.Random) -> None:
    """Accounts that belong to nobody in the company, and those of apps and customers."""
    for name in ORPHANS:
        email = f"{name.lower().replace(' ', '.')}@acme.test"
        account = _enrolled(org, name, email, name, rng, job_title="Agency consultant")
        _join(org, account, "jira-software-users", "confluence-users", "all-staff")
        _use(org, account, rng)
    for name in EXTERNALS:
        email = f"{name.lower().replace(' ', '.')}@partner.test"
        account = _enrolled(org, name, email, name, rng, managed=False, organization="Partner")
        _join(org, account, "confluence-users")
        _use(org, account, rng)
    org_seat = _enrolled(org, "direct", "vendor.desk@partner.test", "Vendor Desk", rng, managed=False)
    org_seat.direct[JIRA.resource] = {USER}
    _use(org, org_seat, rng)
    bot = {"kind": "app", "managed": False, "mfa": False, "source": None, "mentionable": False}
    app = _enrolled(org, "bot", "automation@connect.atlassian.test", "Automation for Jira", rng, **bot)
    _join(org, app, "jira-software-users")
    for name in ("Tessa Client", "Ugo Client"):
        email = f"{name.lower().replace(' ', '.')}@client.test"
        customer = _enrolled(org, name, email, name, rng, kind="customer", managed=False)
        _join(org, customer, "jsm-customers")


def _duplicate(org: Organisation, rng: random.Random) -> None:
    """One person came in a second time, with a private address."""
    people = (a.person for a in org.accounts if a.person and a.person.state == ACTIVE and a.works)
    person = next((p for p in people if p.personal_email), None)
    if person is None or person.personal_email is None:
        return
    name = person.display_name
    account = _enrolled(org, f"second {person.number}", person.personal_email, name, rng, managed=False)
    _join(org, account, "jira-software-users", "confluence-users")
    _use(org, account, rng)


def _unfinished(org: Organisation) -> None:
    """Work administrators left half done: one suspended, one deactivated, one marked for deletion."""
    gone = [a for a in org.accounts if a.person and a.person.state == DEPARTED and a.works]
    if len(gone) < 6:
        return
    org.suspend(gone[1].account_id)
    gone[3].status, gone[3].deactivated_on = "inactive", gone[3].left
    org.schedule_deletion(gone[5])


def _administrators(org: Organisation) -> None:
    """The caller's own account and a second administrator; both work in IT where there is an IT."""
    staff = [a for a in org.accounts if a.person and a.person.state == ACTIVE and a.works and not a.synced]
    ranked = sorted(
        staff, key=lambda a: (a.department != "IT", a.person is None or bool(a.person.former), a.position)
    )
    for account in ranked[:2]:
        account.added_on = min(account.added_on, org.company.founded - timedelta(days=400))
        _join(org, account, "org-admins")
        for resource in org.opened(account):
            account.use[resource] = Use(account.added_on, 0)
    for account in ranked[:4]:
        _join(org, account, "site-admins")
    if ranked:
        _join(org, ranked[0], "jira-administrators")
        org.caller = ranked[0].account_id
