"""How an installation came to be out of step with the company: built once, from the company's seed.

Everyone with an Atlassian group at the identity provider should hold an account in the groups that
group stands for. Over the years that ceased to be true, in each installation in its own way.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import ceil

from sandbox.company.company import Company
from sandbox.company.people import ACTIVE, DEPARTED, STAGED, SUSPENDED, Person
from sandbox.kit.cloud_model import Use
from sandbox.kit.datacenter_state import READ_ONLY, Account, Group, Installation

# Shares of the people each sort of drift befalls.
WITHOUT_ACCOUNT, GONE_BUT_ACTIVE, GONE_AND_DEACTIVATED = 0.06, 0.6, 0.2
WRONG_GROUP, OLD_NAME, OLD_KEY = 0.03, 0.02, 0.2
IDLE, NEVER = 0.15, 0.06
ORPHANS = ("Petra Vance", "Milo Hartwig", "Joao Brandt")
CALLER = "seatwise-svc"
LEAD, SYNCED, DOUBLE = "build-svc", "ldap-bind-svc", "shared-svc"
"""Service accounts that lead a project, stand in a read-only directory, or in two directories."""


def drifted(
    company: Company,
    product: str,
    groups: Sequence[Group],
    meaning: Mapping[str, Sequence[str]],
    *,
    prefix: str = "JIRAUSER",
) -> Installation:
    """Build an installation, already drifted from the company.

    Args:
        company: the company.
        product: its name; each installation drifts in its own way.
        groups: groups there are; the first one that is admin is the caller's.
        meaning: group at the identity provider → groups it stands for here.
        prefix: what keys of accounts begin with.
    """
    made = Installation(company, prefix)
    rng = random.Random(f"{product} {company.seed}")
    for group in groups:
        made.groups[group.name] = group
    for person in list(company.people.values()):
        _account_of(made, person, meaning, rng)
    _strangers(made, meaning, rng)
    _duplicate(made, meaning, rng)
    _services(made, groups)
    for product_key in {key for group in groups for key in group.opens}:
        made.capacity[product_key] = max(100, ceil(len(made.counted(product_key)) * 1.2 / 100) * 100)
    return made


def _account_of(
    made: Installation, person: Person, meaning: Mapping[str, Sequence[str]], rng: random.Random
) -> None:
    """The account of a person, in the groups that person should be in, then drifted."""
    names = person.groups if person.present else set(person.former.get("groups", "").split(","))
    wanted = sorted({group for name in names for group in meaning.get(name, ())})
    dice = rng.random()
    if not wanted or person.state in (STAGED, SUSPENDED):
        return
    if person.state == DEPARTED and dice > GONE_BUT_ACTIVE + GONE_AND_DEACTIVATED:
        return
    if person.state == ACTIVE and dice < WITHOUT_ACCOUNT:
        return
    account = _enrolled(made, person.email, person.display_name or person.email, rng)
    account.person, account.given_name, account.family_name = person, person.given_name, person.family_name
    _join(made, account, [*wanted, "all-staff"])
    account.active = not (person.state == DEPARTED and dice > GONE_BUT_ACTIVE)
    _befall(made, account, person, rng)


def _enrolled(made: Installation, email: str, display_name: str, rng: random.Random) -> Account:
    name, again = email.partition("@")[0].lower(), 1
    while name in made.accounts:
        again += 1
        name = f"{email.partition('@')[0].lower()}{again}"
    account = made.create(name, email, display_name)
    now = made.company.founded.replace(hour=0, minute=0, second=0, microsecond=0)
    account.created = now - timedelta(days=rng.randrange(20, 1500), minutes=rng.randrange(1440))
    account.use = _use(account, rng, made)
    if made.prefix == "JIRAUSER" and rng.random() < OLD_KEY:
        del made.by_key[account.key]
        account.key = name
        made.by_key[name] = account
    return account


def _use(account: Account, rng: random.Random, made: Installation) -> Use | None:
    """Most accounts sign in every few days, some gave up long ago, some never did."""
    now = made.company.founded.replace(hour=0, minute=0, second=0, microsecond=0)
    fate, since = rng.random(), account.created + timedelta(days=1, seconds=rng.randrange(36000))
    if fate < NEVER:
        return None
    until = now - timedelta(days=rng.randrange(95, 500)) if fate < NEVER + IDLE else None
    if until is not None and until < since:
        since = account.created = until - timedelta(days=30)
    return Use(since, rng.randrange(0, 20), until)


def _befall(made: Installation, account: Account, person: Person, rng: random.Random) -> None:
    """Let one account drift: a group too many or too few, a name from before a marriage."""
    if rng.random() < WRONG_GROUP or "department" in person.former:
        group = made.groups[rng.choice([name for name in made.groups if not made.groups[name].admin])]
        if not made.join(account, group) and len(account.groups) > 1:
            made.quit(account, group)
    if family := person.former.get("family_name"):
        account.display_name = f"{person.given_name} {family}".strip()
    elif rng.random() < OLD_NAME:
        account.display_name = f"{person.given_name[:1]}. {person.family_name}"


def _join(made: Installation, account: Account, names: Sequence[str]) -> None:
    use = account.use
    for name in names:
        made.join(account, made.group(name))
    account.use = use


def _strangers(made: Installation, meaning: Mapping[str, Sequence[str]], rng: random.Random) -> None:
    """Accounts that belong to nobody in the company."""
    paid = next(iter(meaning.values()))
    for name in ORPHANS:
        account = _enrolled(made, f"{name.lower().replace(' ', '.')}@partner.test", name, rng)
        _join(made, account, paid)


def _duplicate(made: Installation, meaning: Mapping[str, Sequence[str]], rng: random.Random) -> None:
    """One person came in a second time, with a private address."""
    people = (a.person for a in made.accounts.values() if a.person and a.person.state == ACTIVE)
    person = next((p for p in people if p.personal_email), None)
    if person is not None and person.personal_email:
        account = _enrolled(made, person.personal_email, person.display_name, rng)
        _join(made, account, next(iter(meaning.values())))


def _services(made: Installation, groups: Sequence[Group]) -> None:
    """The caller's own account, and service accounts that are peculiar."""
    admin = next(group for group in groups if group.admin)
    for name in (CALLER, LEAD, SYNCED, DOUBLE):
        account = made.create(name, f"{name}@acme.test", name.replace("-", " ").title(), person=None)
        account.created = made.company.founded - timedelta(days=900)
        account.use = Use(account.created, 0)
        _join(made, account, ["all-staff"])
    made.caller = CALLER
    _join(made, made.account(CALLER), [admin.name])
    made.account(LEAD).leads = "BUILD"
    made.account(SYNCED).directory = READ_ONLY
    made.account(DOUBLE).shadows = True
