"""Members of a group of a provisioning directory, many at a time."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from provisioning.model.terms import Action
from provisioning.model.text import fold, folded
from sinks import Applied
from sinks.atlassian_scim import rows
from sinks.atlassian_scim.directory import HEADERS, ScimDirectory, record_of
from sinks.atlassian_scim.memory import KnownUsers, Limits
from sinks.kit.required import texts_of
from sinks.kit.target_reader import TargetReader
from transport.client import Client
from transport.errors import BadRequest, Malformed, NotFound, ReadOnly, TransportError, UnknownOutcome
from transport.reply import Reply
from transport.shape import rows_in

SETS = (Action.GRANT, Action.REVOKE)
LATE = "the directory has it; Atlassian follows within minutes"
NEXT_PLAN = "Run again; the next plan creates the account."


class MemberWriter:
    """Adds members to groups and removes them.

    Args:
        client: requests go through it.
        directory: the directory.
        reader: tells the present state.
        limits, known: shared by all writes of a connection.
        at_once: members that one request may name.
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
    ) -> None:
        self._client, self._directory, self._reader = client, directory, reader
        self._limits, self._known, self._at_once = limits, known, at_once

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make all changes of one group and direction, in as few requests as may name them."""
        group_id, assigned = str(changes[0].entitlement_id), changes[0].action == Action.GRANT
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
            except (Malformed, ReadOnly, UnknownOutcome):
                raise
            except TransportError as error:
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
        group = record_of(reply)
        if group.get("members") is None:
            return False
        members = set(texts_of(rows_in(group, "members", reply), "value", reply))
        self._limits.sizes[group_id] = len(members)
        return any((key in members) != assigned for key in scim_ids)

    def _find_accounts(self, changes: Sequence[Change]) -> tuple[dict[str, str], dict[str, str]]:
        """Find the account of each change, by address where the plan knew none; and who has none."""
        accounts = {change.change_id: change.account_id for change in changes if change.account_id}
        new = [change for change in changes if not change.account_id]
        by_email = self._find_by_email([change.subject for change in new])
        failed: dict[str, str] = {}
        for change in new:
            account_id = by_email.get(fold(change.subject))
            if account_id is None:
                failed[change.change_id] = f"{change.subject} has no account yet. {NEXT_PLAN}"
            else:
                accounts[change.change_id] = account_id
        return accounts, failed

    def _find_by_email(self, emails: Sequence[str]) -> dict[str, str]:
        """Find accounts that this connection created, or that the directory shows now; by folded address."""
        by_email = self._known.created()
        if unknown := [email for email in emails if fold(email) not in by_email]:
            accounts = self._reader.observe([], unknown).accounts
            by_email |= zip(folded(accounts["email"]), accounts["account_id"], strict=True)
        return by_email

    def _refuse_beyond_members(self, group_id: str, change: Change, more: int) -> None:
        limits = self._limits
        size = limits.sizes.get(group_id)
        if size is None:
            size = limits.sizes[group_id] = len(self._directory.members(group_id))
        if size + more > limits.members:
            numbers = f"{size:,} members of {limits.members:,}"
            raise Refused(
                f"{more:,} more do not fit into {change.entitlement}: it has {numbers}",
                remedy="Split the group in the IdP, or get the limit raised and set `member_limit`.",
            )
