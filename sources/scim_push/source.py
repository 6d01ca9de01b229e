"""Pushed SCIM: what it reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar

import pandas as pd
from pydantic import BaseModel

from ledger.pushed import Inbox, Pushed
from provisioning.model.by_column import Fields, batches
from provisioning.model.findings import Finding
from provisioning.model.frames import Identities, Memberships, Rejects, concat, empty
from provisioning.model.intake import reject
from provisioning.model.screening import Screened
from provisioning.model.terms import State
from provisioning.model.text import matches
from provisioning.policy.values import duration_text
from sources.kit.checks import check_patterns
from sources.kit.members import Members, batched
from sources.kit.nesting import DirectMembers, nested
from sources.kit.scim_users import FIELDS, STATES, derived_fields, paths
from sources.kit.states import screen_people
from sources.scim_push.options import ScimPushOptions
from transport.door import Door

AT_ONCE = 2_000
DELETED = "deleted"
HEARD = "heard"
"""The field of a reject that says of the connection that nothing was heard of it for too long."""
GUIDE = (
    "See whether the provisioning job of the identity provider runs, and enter the address and token that "
    "`seatwise receive guide` names."
)
_PARTS = frozenset({"identities", "memberships"})


class ScimPush:
    """One identity provider that pushes."""

    kind: ClassVar[str] = ScimPushOptions.kind
    Options: ClassVar[type[BaseModel]] = ScimPushOptions

    def __init__(self, name: str, options: ScimPushOptions, door: Door) -> None:  # noqa: ARG002 - needs no HTTP
        self.name, self._options = name, options
        self._lock = threading.Lock()
        self._pushed: Pushed | None = None
        self._open: frozenset[str] = frozenset()

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, inactive and deleted users too."""
        pushed = self._read("identities")
        rows = (pushed.users[start : start + AT_ONCE] for start in range(0, len(pushed.users), AT_ONCE))
        pages = (self._columns([_resource(user) for user in some]) for some in rows)
        meanings: dict[str | None, State] = {None: State.ACTIVE, DELETED: State.DEPARTED}
        meanings.update(STATES | self._options.states)
        for columns in batches(pages, key="source_id"):
            words = columns["source_state"]
            yield screen_people(self.name, columns, words, meanings, problem="neither true nor false")
        if silence := self._silence(pushed.heard_at):
            yield Screened(empty(Identities), self._told(self.name, HEARD, None, silence, GUIDE))

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; members of groups in groups too, with their path."""
        pushed = self._read("memberships")
        people = {user.id for user in pushed.users}
        names: dict[str, str | None] = {group.id: group.display_name for group in pushed.groups}
        inside = {group.id: _sorted_out(group.members, people, names) for group in pushed.groups}
        yield from batched(self.name, self._members(inside, names))
        strangers = {
            group.id: [one for one in group.members if one not in people and one not in names]
            for group in pushed.groups
        }
        rejects = [self._stranger(key, names[key], found) for key, found in strangers.items() if found]
        if rejects:
            yield Screened(empty(Memberships), concat(Rejects, rejects))

    @property
    def as_of(self) -> datetime | None:
        """When the connection was last heard of: what is known is of then."""
        return self._pushed.heard_at if self._pushed else None

    def check(self) -> list[Finding]:
        """Say whether anything was pushed, how much, and when last."""
        subject = f"{self.name}: pushes"
        with self._inbox() as inbox:
            pushed = inbox.read_pushed(self.name)
            valid = [token for token in inbox.tokens(self.name) if token.revoked_at is None]
        if not valid:
            remedy = f"Make one with `seatwise receive token new {self.name}`."
            return [Finding("error", subject, "there is no valid token, so nobody can push", remedy)]
        if pushed.heard_at is None:
            return [Finding("warning", subject, "nothing was ever heard", GUIDE)]
        if silence := self._silence(pushed.heard_at):
            return [Finding("warning", subject, silence, GUIDE)]
        number = f"{len(pushed.users):,} users and {len(pushed.groups):,} groups"
        heard = f"{number}, last heard {pushed.heard_at:%Y-%m-%d %H:%M} UTC"
        groups = [group.display_name for group in pushed.groups]
        patterns = check_patterns(self.name, "groups", self._options.groups, lambda: groups)
        return [Finding("ok", subject, heard), *patterns]

    @cached_property
    def _columns(self) -> Fields:
        return Fields(paths(FIELDS | self._options.attributes, "2.0"), derived_fields("2.0"))

    def _inbox(self) -> Inbox:
        assert self._options.ledger is not None
        return Inbox.open(self._options.ledger)

    def _read(self, part: str) -> Pushed:
        """One state for both parts, in whatever order and thread they are asked for; then the next."""
        with self._lock:
            if self._pushed is None or part not in self._open:
                with self._inbox() as inbox:
                    self._pushed = inbox.read_pushed(self.name)
                self._open = _PARTS
            self._open -= {part}
            return self._pushed

    def _silence(self, heard_at: datetime | None) -> str | None:
        """What is to be said of a connection that said nothing for too long."""
        if heard_at is None or datetime.now(UTC) - heard_at <= self._options.silent_after:
            return None
        allowed = duration_text(self._options.silent_after)
        return f"nothing was heard since {heard_at:%Y-%m-%d %H:%M} UTC, longer than {allowed}"

    def _members(
        self, inside: Mapping[str, DirectMembers], names: Mapping[str, str | None]
    ) -> Iterator[Members]:
        for key, direct in inside.items():
            if matches(names[key] or "", self._options.groups):
                yield Members(key, names[key], direct.users)
                if direct.groups:
                    yield from nested(key, inside, names)

    def _stranger(self, key: str, name: str | None, found: list[str]) -> pd.DataFrame:
        which = "1 member was" if len(found) == 1 else f"{len(found):,} members were"
        problem = f"{which} never pushed as a user, and counts for nothing until then"
        remedy = f"assign {', '.join(found[:3])} to the application in the identity provider, too"
        return self._told(key, "member", name, problem, remedy)

    def _told(self, key: str, field: str, value: Any, problem: str, remedy: str) -> pd.DataFrame:
        return reject(key, field, value, problem, origin=self.name, remedy=remedy)


def _resource(user: Any) -> dict[str, Any]:
    """A pushed user as SCIM resources are."""
    active = DELETED if user.deleted_at else user.active
    return {**user.body, "id": user.id, "active": active, "meta": {"created": f"{user.created_at:%FT%TZ}"}}


def _sorted_out(members: list[str], people: set[str], groups: Mapping[str, Any]) -> DirectMembers:
    """Which members are users and which are groups; whoever is neither is told elsewhere."""
    return DirectMembers([one for one in members if one in people], [one for one in members if one in groups])
