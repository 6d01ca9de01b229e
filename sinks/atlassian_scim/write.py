"""Writes on a provisioning directory: users one by one, members of a group many at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from provisioning.model.findings import Refused
from provisioning.model.frames import AccountState, Action, Change
from sinks import Applied, Observation
from sinks.atlassian_scim import rows
from sinks.atlassian_scim.directory import ATLASSIAN, HEADERS, ScimDirectory
from sinks.kit.cloud_site import permit
from sinks.kit.new_group import make_group
from sinks.kit.numbered_pages import Row
from transport.client import Client
from transport.errors import BadRequest, Conflict, Forbidden, NotFound, RateLimited

SETS = (Action.GRANT, Action.REVOKE)
STATES = {Action.DEACTIVATE: False, Action.REACTIVATE: True}
ACTIONS = frozenset(
    {Action.CREATE_GROUP, Action.CREATE, Action.UPDATE, Action.UPDATE_EMAIL, Action.DELETE, *SETS, *STATES}
)
_SUSPEND = (
    "a provisioning directory knows no suspension",
    "Use `deactivate` as the leaver's stage: access ends, and the record can be resumed.",
)
_REMOVE = (
    "taking a user out of the directory deletes the record for good",
    "Use `deactivate`, which can be undone, or `delete` if it shall not be.",
)
UNABLE = {
    Action.SUSPEND: _SUSPEND,
    Action.RESTORE: _SUSPEND,
    Action.REMOVE: _REMOVE,
    Action.CANCEL_DELETE: (
        "a deleted record does not come back",
        "Run again; the next plan makes a new record, which is linked to the account of its address.",
    ),
}
"""Why the directory cannot do what an organisation can, and what to do instead."""
_NOT_DONE = (BadRequest, Conflict, Forbidden, NotFound, RateLimited)
LATE = "the directory has it; Atlassian follows in some minutes"
SO_ALREADY = "it was so already"


class Eyes(Protocol):
    """What a write needs to know of the directory."""

    name: str
    made: dict[str, str]
    """Users made through this connection, by address in lower case."""

    def observe(
        self, account_ids: Sequence[str], emails: Sequence[str], groups: Sequence[str] = ()
    ) -> Observation:
        """Read a few users afresh, and find a few groups by name."""

    def size(self, group_id: str) -> int | None:
        """How many members a group had when it was last read."""

    def note_name(self, email: str, user_name: str) -> None:
        """Remember by which name a user can be found."""


class Limits:
    """How much a directory may hold, and how much of it is taken.

    Args:
        users, members: the most users of the directory, and members of a group.
    """

    def __init__(self, users: int, members: int) -> None:
        self.users, self.members = users, members
        self.lock = threading.Lock()
        self.taken: int | None = None
        self.sizes: dict[str, int] = {}
        self._groups: dict[str, threading.Lock] = {}

    def group(self, group_id: str) -> threading.Lock:
        """Held while the members of a group are counted and changed."""
        with self.lock:
            return self._groups.setdefault(group_id, threading.Lock())


class ScimWriter:
    """Makes changes.

    Args:
        client: requests go through it.
        directory: the directory.
        eyes: tells the present state.
        limits: shared by all writes of a connection.
        at_once: members that one request may name.
        is_default: whether a group's name is one of Atlassian's own.
    """

    def __init__(
        self,
        client: Client,
        directory: ScimDirectory,
        eyes: Eyes,
        limits: Limits,
        *,
        at_once: int,
        is_default: Callable[[str], bool],
    ) -> None:
        self._client, self._directory, self._eyes = client, directory, eyes
        self._limits, self._at_once, self._is_default = limits, at_once, is_default

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle; see `AtlassianScim.apply`."""
        for change in changes:
            permit(change, ACTIONS, UNABLE)
        first = changes[0]
        if first.action in SETS:
            return self._set_members(changes)
        if first.action == Action.CREATE_GROUP:
            self._permit_group(first)
            name = str(first.entitlement)
            send = partial(self._write, "POST", "Groups", rows.new_group(name))
            return make_group(name, send, self._eyes)
        if first.action == Action.CREATE:
            return self._create(first)
        return self._change(first, str(first.account_id))

    # Users

    def _create(self, change: Change) -> Applied:
        after = json.loads(change.after)
        body = rows.new_user(after, change.subject, change.source_id)
        self._eyes.note_name(rows.address_of(body["emails"]) or "", body["userName"])
        self._room_for_user(change)
        try:
            made = self._write("POST", "Users", body)
        except Conflict:
            made = self._twin(body)
            return Applied(str(made["id"]), propagating=_late(made), message=SO_ALREADY)
        with self._limits.lock:
            self._limits.taken = (self._limits.taken or 0) + 1
        self._eyes.made[change.subject.casefold()] = str(made["id"])
        return Applied(str(made["id"]), propagating=_late(made), message=LATE if _late(made) else None)

    def _twin(self, body: Row) -> Row:
        """The user that is there already, if it is this very person; otherwise the conflict stands."""
        there = self._directory.named(body["userName"])
        if there is None or not _same_person(there, body):
            whose = f", who is {there.get('externalId')} at the IdP" if there else ""
            raise Conflict(
                f"another user has the name or address of {body['userName']}{whose}",
                status=409,
                remedy="Find out whose record it is, and correct the name or address in the IdP.",
            )
        return there

    def _room_for_user(self, change: Change) -> None:
        limits = self._limits
        with limits.lock:
            if limits.taken is None:
                limits.taken = self._directory.total("Users")
        if limits.taken >= limits.users:
            numbers = f"{limits.taken:,} users of {limits.users:,}"
            raise Refused(
                f"{change.subject} does not fit: the directory holds {numbers}",
                remedy="Delete records that nobody needs, or have the limit raised and set `user_limit`.",
            )

    def _change(self, change: Change, account_id: str) -> Applied:
        action = Action(change.action)
        path = f"Users/{account_id}"
        if action == Action.DELETE:
            return self._delete(path, account_id)
        after = json.loads(change.after)
        if action in STATES:
            operations = rows.set_active(STATES[action])
        elif action == Action.UPDATE_EMAIL:
            operations = rows.set_email(str(after["email"]))
        else:
            operations = rows.set_fields(_writable(after))
        shown = self._write("PATCH", path, rows.patch(operations))
        late = action in STATES and shown.get("active", STATES[action]) is not STATES[action]
        return Applied(account_id, propagating=late, message=LATE if late else None)

    def _delete(self, path: str, account_id: str) -> Applied:
        try:
            self._client.write("DELETE", f"{self._directory.home}/{path}", headers=HEADERS)
        except NotFound:
            return Applied(account_id, message=SO_ALREADY)
        return Applied(account_id)

    # Members

    def _set_members(self, changes: Sequence[Change]) -> Applied:
        """All changes of one group and direction, in as few requests as may name them."""
        group_id, held = str(changes[0].entitlement_id), changes[0].action == Action.GRANT
        self._permit_group(changes[0])
        accounts, failed = self._accounts(changes)
        if not accounts:
            raise Refused(
                f"{changes[0].subject} has no account yet", remedy="Run again; the next plan makes it."
            )
        with self._limits.group(group_id):
            if held:
                self._room_for_members(group_id, changes[0], len(accounts))
            late, words = self._set_all(group_id, list(dict.fromkeys(accounts.values())), held=held)
        failed |= {change_id: words[key] for change_id, key in accounts.items() if key in words}
        one = next(iter(accounts.values())) if len(changes) == 1 else None
        return Applied(one, late, LATE if late else None, failed, accounts)

    def _set_all(self, group_id: str, wanted: Sequence[str], *, held: bool) -> tuple[bool, dict[str, str]]:
        """Set members in as few requests as may name them; whether an answer lags, and why some failed."""
        late, failed = False, dict[str, str]()
        for start in range(0, len(wanted), self._at_once):
            part = wanted[start : start + self._at_once]
            try:
                gone, slow = self._set_some(group_id, part, held=held)
                words = "the directory has no such user; read it again"
            except _NOT_DONE as error:
                if start == 0:
                    raise
                gone, slow, words = set(part), False, str(error)
            late |= slow
            failed |= dict.fromkeys(gone, words)
        return late, failed

    def _set_some(self, group_id: str, scim_ids: Sequence[str], *, held: bool) -> tuple[set[str], bool]:
        """Set a few members; which of them are no users any more, and whether the answer lags behind."""
        body = rows.patch(rows.set_members(scim_ids, held=held))
        try:
            shown = self._write("PATCH", f"Groups/{group_id}", body)
        except (BadRequest, NotFound):
            there = {str(row["id"]) for row in self._directory.users(scim_ids)}
            gone = set(scim_ids) - there
            if not gone or (held and not there):
                raise
            left = [key for key in scim_ids if key in there]
            return (gone if held else set(), self._set_some(group_id, left, held=held)[1] if left else False)
        members = shown.get("members")
        if members is None:
            return set(), False
        self._limits.sizes[group_id] = len(members)
        named = {str(member["value"]) for member in members}
        return set(), any((key in named) != held for key in scim_ids)

    def _accounts(self, changes: Sequence[Change]) -> tuple[dict[str, str], dict[str, str]]:
        """Account of each change, found by address where the plan knew none; and who has none."""
        known = {change.change_id: change.account_id for change in changes if change.account_id}
        new = [change for change in changes if not change.account_id]
        by_email = dict(self._eyes.made)
        if unmet := [change.subject for change in new if change.subject.casefold() not in by_email]:
            found = self._eyes.observe([], unmet).accounts
            by_email |= zip(found["email"].str.casefold(), found["account_id"], strict=True)
        met = {c.change_id: str(key) for c in new if (key := by_email.get(c.subject.casefold()))}
        words = "has no account yet; the next plan makes it"
        return known | met, {c.change_id: f"{c.subject} {words}" for c in new if c.change_id not in met}

    def _permit_group(self, change: Change) -> None:
        name = change.entitlement or ""
        if self._is_default(name):
            raise Refused(
                f"group {name} is named like one of Atlassian's own, and such a group is never synced",
                remedy="Push a group with another name, and give that one access to the product.",
            )

    def _room_for_members(self, group_id: str, change: Change, more: int) -> None:
        limits = self._limits
        size = limits.sizes.get(group_id, self._eyes.size(group_id))
        if size is None:
            size = len(self._directory.group(group_id).get("members") or ())
        limits.sizes[group_id] = size
        if size + more > limits.members:
            numbers = f"{size:,} members of {limits.members:,}"
            raise Refused(
                f"{more:,} more do not fit into {change.entitlement}: it has {numbers}",
                remedy="Split the group at the IdP, or have the limit raised and set `member_limit`.",
            )

    def _write(self, method: str, path: str, body: Row) -> Row:
        reply = self._client.write(method, f"{self._directory.home}/{path}", body, headers=HEADERS)
        shown = reply.json() if reply.content else {}
        return shown if isinstance(shown, dict) else {}


def _late(user: Row) -> bool:
    """Whether the account of a user is not there yet."""
    linked = (user.get(ATLASSIAN) or {}).get("atlassianAccountId")
    return rows.state_of(user.get("active"), linked) == AccountState.INVITED


def _same_person(there: Row, body: Row) -> bool:
    """Whether two users bear the same identifier of the IdP; where one bears none, the same address."""
    stated, wanted = there.get("externalId"), body.get("externalId")
    if stated and wanted:
        return bool(stated == wanted)
    addresses = [rows.address_of(user.get("emails")) or "" for user in (there, body)]
    return addresses[0].casefold() == addresses[1].casefold()


def _writable(after: Mapping[str, object]) -> Mapping[str, object]:
    if strange := sorted(set(after) - set(rows.PATHS)):
        raise Refused(
            f"a user of the directory has no {', '.join(strange)}",
            remedy=f"Leave it out of `mover: update`; there are {', '.join(rows.PATHS)}.",
        )
    return after
