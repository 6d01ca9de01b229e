"""Writes on a provisioning directory: users one by one, and groups."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import AccountState, Action
from provisioning.model.text import fold
from sinks import ALREADY, Applied
from sinks.atlassian_scim import rows
from sinks.atlassian_scim.directory import ATLASSIAN, HEADERS, ScimDirectory, record_of
from sinks.atlassian_scim.members import LATE, SETS, MemberWriter
from sinks.atlassian_scim.memory import KnownUsers, Limits
from sinks.kit.new_group import make_group
from sinks.kit.permission import Reason, permit
from sinks.kit.target_reader import TargetReader
from transport.client import Client
from transport.errors import Conflict, NotFound
from transport.shape import Row, object_of, text_in

STATES = {Action.DEACTIVATE: False, Action.REACTIVATE: True}
ACTIONS = frozenset(
    {Action.CREATE_GROUP, Action.CREATE, Action.UPDATE, Action.UPDATE_EMAIL, Action.DELETE, *SETS, *STATES}
)
_SUSPEND = Reason(
    "a provisioning directory cannot suspend anybody",
    "Use `deactivate` as the leaver's stage: access ends, and the record can be reactivated.",
)
IMPOSSIBLE = {
    Action.SUSPEND: _SUSPEND,
    Action.RESTORE: _SUSPEND,
    Action.REMOVE: Reason(
        "removing a user from the directory deletes the record for good",
        "Use `deactivate`, which can be undone, or `delete` where that is meant.",
    ),
    Action.CANCEL_DELETE: Reason(
        "a deleted record cannot be restored",
        "Run again; the next plan creates a new record, which is linked to the account of its address.",
    ),
}
"""Why the directory cannot do what an organisation can, and what to do instead."""
NEVER_SYNCED = "group {} is named like one of Atlassian's own, and such a group is never synced"
OTHER_NAME = "Push a group with another name, and give that one access to the product."


class ScimWriter:
    """Makes changes.

    Args:
        client: requests go through it.
        directory: the directory.
        reader: tells the present state.
        limits, known: shared by all writes of a connection.
        at_once: members that one request may name.
        is_default: whether a group's name is one of Atlassian's own.
    """

    def __init__(
        self,
        client: Client,
        directory: ScimDirectory,
        reader: TargetReader,
        limits: Limits,
        known: KnownUsers,
        *,
        at_once: int,
        is_default: Callable[[str], bool],
    ) -> None:
        self._client, self._directory, self._reader = client, directory, reader
        self._limits, self._known = limits, known
        self._is_default = is_default
        self._members = MemberWriter(client, directory, reader, limits, known, at_once=at_once)

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle; see `AtlassianScim.apply`."""
        for change in changes:
            permit(change, ACTIONS, IMPOSSIBLE)
        first = changes[0]
        if first.action in SETS:
            self._permit_group(first)
            return self._members.apply(changes)
        if first.action == Action.CREATE_GROUP:
            self._permit_group(first)
            name = str(first.entitlement)
            send = partial(self._write, "POST", "Groups", rows.new_group(name))
            return make_group(name, send, self._reader)
        if first.action == Action.CREATE:
            return self._create(first)
        return self._change(first, str(first.account_id))

    # Users

    def _create(self, change: Change) -> Applied:
        after = json.loads(change.after)
        body = rows.new_user(after, change.subject, change.source_id)
        self._known.note_names([(rows.address_of(body["emails"]) or "", body["userName"])])
        self._refuse_beyond_users(change)
        try:
            reply = self._client.write("POST", f"{self._directory.home}/Users", body, headers=HEADERS)
        except Conflict:
            user = self._find_same_person(body)
            return Applied(str(user["id"]), propagating=_is_late(user), message=ALREADY)
        user = object_of(reply)
        scim_id = text_in(user, "id", reply)
        with self._limits.lock:
            self._limits.taken = (self._limits.taken or 0) + 1
        self._known.note_created(change.subject, scim_id)
        return Applied(scim_id, propagating=_is_late(user), message=LATE if _is_late(user) else None)

    def _find_same_person(self, body: Row) -> Row:
        """Find the user that exists already, if it is this very person; otherwise the conflict stands."""
        existing = self._directory.find(body["userName"])
        if existing is None or not _same_person(existing, body):
            whose = f", who is {existing.get('externalId')} at the IdP" if existing else ""
            raise Conflict(
                f"another user has the name or address of {body['userName']}{whose}",
                status=409,
                remedy="Find out whose record it is, and correct the name or address in the IdP.",
            )
        return existing

    def _refuse_beyond_users(self, change: Change) -> None:
        limits = self._limits
        with limits.lock:
            if limits.taken is None:
                limits.taken = self._directory.total("Users")
        if limits.taken >= limits.users:
            numbers = f"{limits.taken:,} users of {limits.users:,}"
            raise Refused(
                f"{change.subject} does not fit: the directory holds {numbers}",
                remedy="Delete records that nobody needs, or get the limit raised and set `user_limit`.",
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
        answer = self._write("PATCH", path, rows.patch(operations))
        late = action in STATES and answer.get("active", STATES[action]) is not STATES[action]
        return Applied(account_id, propagating=late, message=LATE if late else None)

    def _delete(self, path: str, account_id: str) -> Applied:
        try:
            self._client.write("DELETE", f"{self._directory.home}/{path}", headers=HEADERS)
        except NotFound:
            return Applied(account_id, message=ALREADY)
        return Applied(account_id)

    def _permit_group(self, change: Change) -> None:
        name = change.entitlement or ""
        if self._is_default(name):
            raise Refused(NEVER_SYNCED.format(name), remedy=OTHER_NAME)

    def _write(self, method: str, path: str, body: Row) -> Row:
        reply = self._client.write(method, f"{self._directory.home}/{path}", body, headers=HEADERS)
        return record_of(reply)


def _is_late(user: Row) -> bool:
    """Whether the account of a user does not exist yet."""
    linked = (user.get(ATLASSIAN) or {}).get("atlassianAccountId")
    return rows.state_of(user.get("active"), linked) == AccountState.INVITED


def _same_person(existing: Row, body: Row) -> bool:
    """Whether two users bear the same identifier of the IdP; where one bears none, the same address."""
    stated, wanted = existing.get("externalId"), body.get("externalId")
    if stated and wanted:
        return bool(stated == wanted)
    addresses = [rows.address_of(user.get("emails")) or "" for user in (existing, body)]
    return fold(addresses[0]) == fold(addresses[1])


def _writable(after: Mapping[str, object]) -> Mapping[str, object]:
    if strange := sorted(set(after) - set(rows.PATHS)):
        raise Refused(
            f"a user of the directory has no {', '.join(strange)}",
            remedy=f"Leave it out of `mover: update`; there are {', '.join(rows.PATHS)}.",
        )
    return after
