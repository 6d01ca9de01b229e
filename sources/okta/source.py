"""Okta: what it reads."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from typing import ClassVar

from pydantic import BaseModel
from requests.auth import AuthBase

from provisioning.model.by_column import batches
from provisioning.model.findings import Finding
from provisioning.model.frames import Identities, Memberships, Rejects, concat
from provisioning.model.intake import gathered
from provisioning.model.merge import Delta
from provisioning.model.screening import Screened
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.text import matches
from sources.kit.checks import REFUSED, WITHHELD, check_patterns, check_read
from sources.kit.labels import label
from sources.kit.members import Members, batched
from sources.kit.states import screen_people
from sources.okta.feed import iso, read_log, read_log_time
from sources.okta.fields import STATES, columns
from sources.okta.options import OktaOptions
from transport.auth import ApiKey
from transport.client import Client
from transport.door import Door
from transport.errors import TransportError
from transport.pages import follow_links
from transport.prefetch import prefetch
from transport.reply import decode_ids
from transport.server_clock import since
from transport.shape import Row, object_in, rows_of, text_in, values_of

log = logging.getLogger(__name__)
BUCKETS = (
    (re.compile(r"/api/v1/users$"), "users"),
    (re.compile(r"/api/v1/users/[^/]+$"), "user"),
    (re.compile(r"/api/v1/users/"), "users of"),
    (re.compile(r"/api/v1/groups/[^/]+$"), "group"),
    (re.compile(r"/api/v1/groups"), "groups"),
    (re.compile(r"/api/v1/apps/[^/]+$"), "app"),
    (re.compile(r"/api/v1/apps"), "apps"),
    (re.compile(r"/api/v1/logs"), "logs"),
)
"""Paths that Okta counts together; their sizes are learned from the answers."""

EVER = "1970-01-01T00:00:00.000Z"
LEAN = {"Content-Type": 'application/json; okta-response="omitCredentials,omitCredentialsLinks"'}


class Okta:
    """One Okta org."""

    kind: ClassVar[str] = OktaOptions.kind
    Options: ClassVar[type[BaseModel]] = OktaOptions

    def __init__(self, name: str, options: OktaOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, users of every status; raises unless the last page was reached."""
        return self._people(EVER)

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; raises unless every group was read to its end."""
        return self._members_of(group for group in self._groups({}) if self._is_wanted(group))

    def checkpoint(self) -> str | None:
        """The moment by Okta's clock; None where the credential may not read the system log."""
        try:
            return read_log_time(self._client)
        except REFUSED as refusal:
            log.warning("%s: always read whole: %s", self.name, refusal)
            return None

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:  # noqa: ARG002 - Okta tells all itself
        """Users and groups that changed, those deleted, and who signed in.

        Raises:
            FeedLost: the checkpoint is older than what the log keeps.
        """
        start = since(checkpoint)
        told = read_log(self._client, start)
        people = gathered(Identities, self._people(iso(start)))
        changed = f'lastUpdated gt "{iso(start)}" or lastMembershipUpdated gt "{iso(start)}"'
        groups = [group for group in self._groups({"filter": changed}) if group["id"] not in told.groups]
        memberships = gathered(Memberships, self._members_of(filter(self._is_wanted, groups)))
        sign_ins = {} if "last_sign_in" in self._options.attributes else {"sign_ins": told.sign_ins}
        return Delta(
            told.checkpoint,
            identities=people.frame,
            gone=told.users,
            memberships=memberships.frame,
            groups=told.groups | {group["id"] for group in groups},
            rejects=concat(Rejects, [people.rejects, memberships.rejects]),
            **sign_ins,
        )

    def check(self) -> list[Finding]:
        """Say whether the credential reads users and groups, and the log that tells of changes."""
        read = self._client.get
        return [
            check_read(f"{self.name}: users", lambda: read("/api/v1/users", {"limit": 1})),
            check_read(
                f"{self.name}: groups", lambda: read("/api/v1/groups", {"limit": 1, "expand": "stats"})
            ),
            *check_patterns(self.name, "groups", self._options.groups, self._group_names),
            self._check_log(),
        ]

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth, label = self._auth()
        return self._door.client(
            options.url, auth, token_id=label, bucket=_bucket, headers=LEAN, workers=options.workers
        )

    def _auth(self) -> tuple[AuthBase, str]:
        options = self._options
        if options.token is not None:
            return ApiKey("Authorization", options.token, prefix="SSWS "), label(options.token)
        from sources.okta.auth import OktaToken

        assert options.client_id is not None
        assert options.private_key is not None
        key = options.private_key.get_secret_value()
        auth = OktaToken(
            self._door,
            options.url.rstrip("/"),
            options.client_id,
            key,
            kid=options.kid,
            scopes=options.scopes,
            dpop=options.dpop,
        )
        return auth, options.client_id

    def _people(self, start: str) -> Iterator[Screened]:
        """Pages of Identities of whoever changed since."""
        pages = map(columns(self._options.attributes), self._users(start))
        for taken in batches(pages, key="source_id"):
            yield screen_people(self.name, taken, taken["source_state"], STATES | self._options.states)

    def _users(self, start: str) -> Iterator[list[Row]]:
        params = {"filter": f'lastUpdated gt "{start}"', "limit": self._options.page_size}
        return map(rows_of, prefetch(follow_links(self._client, "/api/v1/users", params)))

    def _groups(self, query: dict[str, str]) -> Iterator[Row]:
        params = {"expand": "stats", "limit": self._options.page_size, **query}
        seen: set[str] = set()
        for reply in follow_links(self._client, "/api/v1/groups", params):
            for group in rows_of(reply):
                text_in(group, "id", reply)
                object_in(group, "profile", reply)
                if group["id"] not in seen:
                    yield group
                seen.add(group["id"])

    def _group_names(self) -> Iterator[str]:
        return (group["profile"].get("name") or "" for group in self._groups({}))

    def _is_wanted(self, group: Row) -> bool:
        return matches(group["profile"].get("name") or "", self._options.groups)

    def _members_of(self, groups: Iterable[Row]) -> Iterator[Screened]:
        calls = (partial(self._members, group) for group in groups)
        return batched(self.name, self._client.in_parallel(calls, workers=self._options.workers))

    def _members(self, group: Row) -> Members:
        params = {"limit": self._options.member_page_size}
        path = f"/api/v1/groups/{group['id']}/users"
        # A member comes as a whole user.
        replies = follow_links(self._client, path, params, decode_ids)
        ids = dict.fromkeys(key for reply in replies for key in values_of(rows_of(reply), "id", reply))
        stats = (group.get("_embedded") or {}).get("stats")
        counted = stats.get("usersCount") if isinstance(stats, dict) else None
        # The count may lag behind; but a group that has members does not list none of them.
        problem = None if ids or not counted else f"Okta counts {counted} members and lists none of them"
        return Members(group["id"], group["profile"].get("name"), list(ids), problem=problem)

    def _check_log(self) -> Finding:
        subject = f"{self.name}: system log"
        try:
            read_log_time(self._client)
        except WITHHELD:
            why = "cannot be read, and it alone tells of sign-ins and deletions: every read is a whole one"
            remedy = "let the token's administrator read the system log, or grant the app okta.logs.read"
            return Finding("warning", subject, why, remedy)
        except TransportError as error:
            return Finding("error", subject, error.message, error.remedy)
        return Finding("ok", subject, "can be read, so changes alone can be")


def _bucket(_method: str, path: str) -> str:
    return next((name for pattern, name in BUCKETS if pattern.search(path)), "other")
