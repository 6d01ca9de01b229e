"""What changed in an organisation since it was read, looked at again where the audit log points.

An event is understood by what it names: an account is looked at again, and of a group that stands there alone
everyone in it. One that names neither is passed over if its kind is of work inside a product; any other is a
doubt, for no list tells what each kind of event does. Not everything is in the log, so groups, products and
what groups open are read to the end each time, the people of a group whose number then differs are looked at,
and in the end the numbers of accounts in each state and of people in each group must be the organisation's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from provisioning.model.merge import FeedLost
from provisioning.model.snapshots import TargetSnapshot
from sinks.atlassian_org.audit_log import Event
from sinks.atlassian_org.data import STATES
from sinks.atlassian_org.directory import Directory, Group
from sinks.kit.frames import GROUP
from sinks.kit.optional import REFUSALS
from transport.shape import Row

INSIDE_PRODUCTS = (
    "AI generated",
    "Analytics",
    "Anti Abuse",
    "Atlassian Analytics",
    "Bitbucket Cloud",
    "Confluence",
    "Jira",
    "Loom",
)
"""How the names of those groups of actions begin that are of content, never of accounts and groups."""
_ACCOUNT = re.compile(r"\d+:[0-9a-f-]{36}|[0-9a-f]{24}")
"""Identifiers of accounts, for those nobody has seen yet."""


class Pointed(NamedTuple):
    """What is to be looked at again: identifiers of accounts, and of groups with everyone in them."""

    accounts: set[str]
    groups: set[str]


def point(
    events: Iterable[Event],
    before: TargetSnapshot,
    groups: Collection[str],
    categories: Callable[[], Mapping[str, str]],
) -> Pointed:
    """Find out whom and what events point at.

    Args:
        events: what the audit log told.
        before: the last complete read.
        groups: identifiers of the groups there are now.
        categories: tells of which group each kind of action is; asked only where one names nobody.

    Raises:
        FeedLost: an event is not understood.
    """
    known = set(before.accounts["account_id"])
    known_groups = {*groups, *_groups_of(before.entitlements)}
    pointed, others = Pointed(set(), set()), set[str]()
    for event in events:
        accounts = {one for one in event.objects if one in known or _ACCOUNT.fullmatch(one)}
        named = event.objects & known_groups
        if not event.objects and event.actor in known:
            accounts = {event.actor}
        if accounts:
            pointed.accounts.update(accounts)
        elif named:
            pointed.groups.update(named)
        else:
            others.add(event.action)
    _refuse_unknown(others, categories)
    return pointed


def _refuse_unknown(actions: Collection[str], categories: Callable[[], Mapping[str, str]]) -> None:
    """Pass over what is done inside products; doubt what else names neither account nor group."""
    kinds = categories() if actions else {}
    strange = sorted(one for one in actions if not kinds.get(one, "").startswith(INSIDE_PRODUCTS))
    if strange:
        raise FeedLost(f"the audit log tells of what may concern anybody: {', '.join(strange)}")


def changed_groups(before: TargetSnapshot, entitlements: pd.DataFrame) -> set[str]:
    """Find the groups that are not as they were: gone or new, renamed, opening something else.

    Raises:
        FeedLost: not only groups changed, but the products of the organisation.
    """
    both = pd.concat([before.entitlements.drop_duplicates(), entitlements.drop_duplicates()])
    changed = both[~both.duplicated(keep=False)]
    if not changed["kind"].eq(GROUP).all():
        raise FeedLost("the products of the organisation are not those that were read")
    return set(changed["entitlement_id"])


def miscounted(now: TargetSnapshot, groups: Iterable[Group]) -> set[str]:
    """Find the groups that have another number of people than is known; one that is not counted is one."""
    held = now.assignments.loc[now.assignments["kind"] == GROUP, "entitlement_id"].value_counts()
    return {group.group_id for group in groups if group.people != held.get(group.group_id, 0)}


def number_of(accounts: Collection[str], before: TargetSnapshot, groups: Iterable[Group]) -> int:
    """Count accounts that are to be looked at, and how many more people than before some groups have."""
    held = before.assignments["entitlement_id"].value_counts()
    return len(accounts) + sum(max(0, (one.people or 0) - int(held.get(one.group_id, 0))) for one in groups)


def look_again(directory: Directory, accounts: Collection[str], groups: Collection[str]) -> list[Row]:
    """Look at accounts, and at everyone who is in one of some groups now."""
    rows = {row["accountId"]: row for page in directory.users_in(sorted(groups)) for row in page}
    left = sorted(set(accounts) - rows.keys())
    rows |= {row["accountId"]: row for page in directory.some_users(left, []) for row in page}
    return list(rows.values())


def confirm(directory: Directory, now: TargetSnapshot, groups: Sequence[Group]) -> None:
    """Hold the numbers of a read against those the organisation itself counts.

    Raises:
        FeedLost: they differ: something happened that nobody told of.
        TransportError: they could not be asked.
    """
    try:
        numbers = dict(zip(STATES.values(), directory.count_users(list(STATES)), strict=True))
    except REFUSALS as error:
        raise FeedLost(f"the number of accounts was refused ({error.message})") from error
    held = Counter(now.accounts["state"])
    for state, number in numbers.items():
        if held[state] != number:
            raise FeedLost(f"{number:,} accounts are {state} and {held[state]:,} are known to be")
    odd = miscounted(now, groups)
    if names := sorted(group.name for group in groups if group.group_id in odd):
        raise FeedLost(f"other numbers of people than known are in {', '.join(names[:3])}")


def _groups_of(entitlements: pd.DataFrame) -> set[str]:
    return set(entitlements.loc[entitlements["kind"] == GROUP, "entitlement_id"])
