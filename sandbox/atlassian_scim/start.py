"""What the provisioning directory holds when it is first used: what an older client left behind."""

from __future__ import annotations

import random
from typing import Any

from sandbox.atlassian_scim.state import Directory, Record, ScimGroup
from sandbox.company.people import DEPARTED
from sandbox.kit.cloud_model import Account
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.ids import opaque

# Shares of the accounts: no record, no identifier of the identity provider, a wrong group.
WITHOUT_RECORD, WITHOUT_ID, WRONG_GROUP = 0.04, 0.1, 0.03
GROUPS = ("atl-jira-users", "atl-confluence-users", "atl-jsm-agents", "atl-jira-dev", "atl-pilot")
NEVER_SYNCED = "confluence-users"


def founded(org: Organisation) -> Directory:
    """Build the directory of an organisation: records of the managed people, and groups beside its own.

    The groups bear the identity provider's names and open nothing until an administrator says what.
    """
    here = Directory(org)
    rng = random.Random(f"scim {org.company.seed}")
    for account in org.accounts:
        if account.kind == "atlassian" and account.managed and account.status != "closed":
            account.synced = False
            if rng.random() > WITHOUT_RECORD or account.account_id == org.caller:
                _enter(here, account, rng)
    groups = {name: here.create_group(name) for name in (*GROUPS, NEVER_SYNCED)}
    for record in here.records.values():
        _fill(here, record, groups, rng)
    contractors = org.by_name["scim-contractors"]
    same = here.create_group(contractors.name)
    for position in contractors.ordered():
        linked = here.by_account.get(org.accounts[position].account_id)
        if linked is not None:
            here.join(same, [linked.scim_id])
    return here


def _enter(here: Directory, account: Account, rng: random.Random) -> None:
    record = Record(here.fresh_id(), _attributes(account, rng), account.added_on, account.added_on)
    record.account_id = account.account_id
    here.by_account[account.account_id] = record
    here.enter(record)


def _attributes(account: Account, rng: random.Random) -> dict[str, Any]:
    given, _, family = account.name.partition(" ")
    data: dict[str, Any] = {
        "userName": account.email,
        "name": {"formatted": account.name, "givenName": given, "familyName": family or given},
        "displayName": account.name,
        "emails": [{"value": account.email, "type": "work", "primary": True}],
        "timezone": account.time_zone,
        "active": account.status == "active",
    }
    if account.person is not None and rng.random() > WITHOUT_ID:
        data["externalId"] = opaque("00u", account.person.number)
    told = {
        "title": account.job_title,
        "department": account.department,
        "organization": account.organization,
    }
    return data | {name: value for name, value in told.items() if value}


def _fill(here: Directory, record: Record, groups: dict[str, ScimGroup], rng: random.Random) -> None:
    """Put a person into the groups of the identity provider, now and then into a wrong one."""
    account = here.org.by_id[record.account_id or ""]
    person = account.person
    held: set[str] = set()
    if person is not None:
        former = set(person.former.get("groups", "").split(","))
        held = former if person.state == DEPARTED else set(person.groups)
    names = {name for name in groups if name in held}
    if person is not None and rng.random() < WRONG_GROUP:
        names ^= {rng.choice(GROUPS[:4])}
    for name in sorted(names):
        here.join(groups[name], [record.scim_id])
