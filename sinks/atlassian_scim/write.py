"""Writes on a provisioning directory: users one by one, members of a group many at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from provisioning.model.findings import Refused
from provisioning.model.frames import AccountState, Action, Change
from sinks import ALREADY, Applied
from sinks.atlassian_scim import rows
from sinks.atlassian_scim.directory import ATLASSIAN, HEADERS, ScimDirectory
from sinks.atlassian_scim.memory import KnownUsers, Limits
from sinks.kit.new_group import make_group
from sinks.kit.permission import Reason, permit
from sinks.kit.required import texts_of
from sinks.kit.target_reader import TargetReader
from transport.client import Client
from transport.errors import BadRequest, Conflict, Forbidden, Malformed, NotFound, RateLimited
from transport.reply import Reply
from transport.shape import Row, object_of, rows_in, text_in

SETS = (Action.GRANT, Action.REVOKE)
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
_NOT_DONE = (BadRequest, Conflict, Forbidden, Malformed, NotFound, RateLimited)
LATE = "the directory has it; Atlassian follows within minutes"
NEVER_SYNCED = "group {} is named like one of Atlassian's own, and such a group is never synced"
NEXT_PLAN = "Run again; the next plan creates the account."
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
        self._at_once, self._is_default = at_once, is_default

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes of one bundle; see `AtlassianScim.apply`."""
        for change in changes:
            permit(change, ACTIONS, IMPOSSIBLE)
        first = changes[0]
        if first.action in SETS:
            return self._set_members(changes)
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

    # Members

    def _set_members(self, changes: Sequence[Change]) -> Applied:
        """Make all changes of one group and direction, in as few requests as may name them."""
        group_id, assigned = str(changes[0].entitlement_id), changes[0].action == Action.GRANT
        self._permit_group(changes[0])
        accounts, failed = self._find_accounts(changes)
        if not accounts:
            raise Refused(f"{changes[0].subject} has no account yet", remedy=NEXT_PLAN)
        with self._limits.group(group_id):
            if assigned:
                self._refuse_beyond_members(group_id, changes[0], len(accounts))
            late, reasons = self._set_all(group_id, list(dict.fromkeys(accounts.values())), assigned=assigned)
        failed |= {change_id: reasons[key] for change_id, key in accounts.items() if key in reasons}
        account = next(iter(accounts.values())) if len(changes) == 1 else None
        return Applied(account, late, LATE if late else None, failed, accounts)

    def _set_all(
        self, group_id: str, scim_ids: Sequence[str], *, assigned: bool
    ) -> tuple[bool, dict[str, str]]:
        """Set members in as few requests as may name them; whether an answer lags, and why some failed."""
        late, failed = False, dict[str, str]()
        for start in range(0, len(scim_ids), self._at_once):
            part = scim_ids[start : start + self._at_once]
            try:
                missing, lags = self._set_some(group_id, part, assigned=assigned)
                reason = "the directory has no such user; read it again"
            except _NOT_DONE as error:
                if start == 0:
                    raise
                missing, lags, reason = set(part), False, str(error)
            late |= lags
            failed |= dict.fromkeys(missing, reason)
        return late, failed

    def _set_some(self, group_id: str, scim_ids: Sequence[str], *, assigned: bool) -> tuple[set[str], bool]:
        """Set a few members; which of them are no users any more, and whether the answer lags behind."""
        body = rows.patch(rows.set_members(scim_ids, assigned=assigned))
        path = f"{self._directory.home}/Groups/{group_id}"
        try:
            reply = self._client.write("PATCH", path, body, headers=HEADERS)
        except (BadRequest, NotFound):
            existing = {str(row["id"]) for row in self._directory.some_users(scim_ids)}
            missing = set(scim_ids) - existing
            if not missing or (assigned and not existing):
                raise
            rest = [key for key in scim_ids if key in existing]
            lags = self._set_some(group_id, rest, assigned=assigned)[1] if rest else False
            return (missing if assigned else set(), lags)
        return set(), self._lags(group_id, reply, scim_ids, assigned=assigned)

    def _lags(self, group_id: str, reply: Reply, scim_ids: Sequence[str], *, assigned: bool) -> bool:
        """Whether an answer that shows the members does not show yet what was written."""
        group = _object_or_nothing(reply)
        if group.get("members") is None:
            return False
        members = set(texts_of(rows_in(group, "members", reply), "value", reply))
        self._limits.sizes[group_id] = len(members)
        return any((key in members) != assigned for key in scim_ids)

    def _find_accounts(self, changes: Sequence[Change]) -> tuple[dict[str, str], dict[str, str]]:
        """Find the account of each change, by address where the plan knew none; and who has none."""
        known = {change.change_id: change.account_id for change in changes if change.account_id}
        new = [change for change in changes if not change.account_id]
        by_email = self._known.created()
        if unmet := [change.subject for change in new if change.subject.casefold() not in by_email]:
            accounts = self._reader.observe([], unmet).accounts
            by_email |= zip(accounts["email"].str.casefold(), accounts["account_id"], strict=True)
        met = {c.change_id: str(key) for c in new if (key := by_email.get(c.subject.casefold()))}
        unmet_ids = [change for change in new if change.change_id not in met]
        words = f"has no account yet. {NEXT_PLAN}"
        return known | met, {change.change_id: f"{change.subject} {words}" for change in unmet_ids}

    def _permit_group(self, change: Change) -> None:
        name = change.entitlement or ""
        if self._is_default(name):
            raise Refused(NEVER_SYNCED.format(name), remedy=OTHER_NAME)

    def _refuse_beyond_members(self, group_id: str, change: Change, more: int) -> None:
        limits = self._limits
        size = limits.sizes.get(group_id)
        if size is None:
            size = limits.sizes[group_id] = self._directory.size(group_id)
        if size + more > limits.members:
            numbers = f"{size:,} members of {limits.members:,}"
            raise Refused(
                f"{more:,} more do not fit into {change.entitlement}: it has {numbers}",
                remedy="Split the group in the IdP, or get the limit raised and set `member_limit`.",
            )

    def _write(self, method: str, path: str, body: Row) -> Row:
        reply = self._client.write(method, f"{self._directory.home}/{path}", body, headers=HEADERS)
        return _object_or_nothing(reply)


def _object_or_nothing(reply: Reply) -> Row:
    """Return the record an answer shows; an answer need not show it."""
    return object_of(reply) if reply.content else {}


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
    return addresses[0].casefold() == addresses[1].casefold()


def _writable(after: Mapping[str, object]) -> Mapping[str, object]:
    if strange := sorted(set(after) - set(rows.PATHS)):
        raise Refused(
            f"a user of the directory has no {', '.join(strange)}",
            remedy=f"Leave it out of `mover: update`; there are {', '.join(rows.PATHS)}.",
        )
    return after
