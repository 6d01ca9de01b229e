"""The organisation's audit log: what was done to whom, in the order in which it was processed.

Atlassian names the kinds of actions in a listing of its own and documents none of their identifiers, so
those here are the sandbox's, under the names that its administration shows.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

KEPT = timedelta(days=180)
CHANGED = "user_account_changed"
LATE = 3
"""Every third entry is processed late where the log lags."""
ACTIONS = {
    "user_added_to_org": ("Added user to organization", "User management"),
    "user_removed_from_org": ("Removed user from organization", "User management"),
    "user_suspended": ("Suspended user's access", "User management"),
    "user_restored": ("Restored user's access", "User management"),
    "user_role_granted": ("Granted role to user", "User management"),
    "user_role_revoked": ("Revoked role from user", "User management"),
    CHANGED: ("Changed account", "Atlassian accounts"),
    "user_account_deleted": ("Deleted account permanently", "Atlassian accounts"),
    "user_added_to_group": ("Added user to group", "Group management"),
    "user_removed_from_group": ("Removed user from group", "Group management"),
    "group_created": ("Created group", "Group management"),
    "group_deleted": ("Deleted group", "Group management"),
    "group_role_granted": ("Granted role to group", "Group management"),
    "group_role_revoked": ("Revoked role from group", "Group management"),
    "confluence_page_viewed": ("Viewed Confluence page", "Confluence page actions"),
    "domain_claimed": ("Verified domain", "Domain management"),
}
"""Identifier of an action → its name and that of the group it is in."""


class Object(NamedTuple):
    """What an action was performed on."""

    kind: str
    identifier: str
    name: str


def resource_entry(resource: str) -> Object:
    """How the audit log names what a role is held on."""
    return Object("resource", resource, resource.partition("cloud:")[2].partition(":")[0])


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One line of the log; lines are in the order in which they were processed."""

    processed: datetime
    number: int
    at: datetime = field(compare=False)
    action: str = field(compare=False)
    objects: tuple[Object, ...] = field(compare=False)


class AuditLog:
    """What was done, and when each line of it may be read.

    Attributes:
        lag: how late every third line comes.
    """

    def __init__(self) -> None:
        self.lag = timedelta(0)
        self._entries: list[Entry] = []
        self._made = self._dropped = 0

    def add(self, at: datetime, action: str, *objects: Object) -> None:
        """Note something that was done now."""
        self._made += 1
        late = self.lag if self._made % LATE == 0 else timedelta(0)
        insort(self._entries, Entry(at + late, self._made, at, action, objects))

    def start(self) -> None:
        """Forget what made the organisation what it is when a test first looks at it."""
        self._entries.clear()

    def read(self, now: datetime, after: int = 0) -> list[tuple[int, Entry]]:
        """Lines that are processed and still kept, each with its place, from a place on."""
        first = bisect_left(self._entries, now - KEPT, key=lambda entry: entry.processed)
        del self._entries[:first]
        self._dropped += first
        end = bisect_left(self._entries, now + timedelta(microseconds=1), key=lambda entry: entry.processed)
        start = max(0, after - self._dropped)
        return [(self._dropped + n, self._entries[n]) for n in range(start, end)]

    def end(self, now: datetime) -> int:
        """The place of the next line that will be processed."""
        kept = self.read(now)
        return kept[-1][0] + 1 if kept else self._dropped
