"""Google Workspace: what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import Any, ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import batches
from provisioning.model.findings import Finding
from provisioning.model.screening import Screened
from provisioning.model.text import matches
from sources.google_workspace.directory import Directory, Page, status_of
from sources.google_workspace.fields import STATES, columns, custom_schemas, wanted_fields
from sources.google_workspace.groups import Groups
from sources.google_workspace.options import GoogleWorkspaceOptions
from sources.kit.budget import Budget
from sources.kit.checks import check_patterns, check_read
from sources.kit.members import batched
from sources.kit.states import screen_people
from transport.client import Client
from transport.door import Door
from transport.prefetch import prefetch

MINUTE = 60.0
MOST_MEMBERS = 200
"""Groups and members a page may have."""


class GoogleWorkspace:
    """One customer of Google Workspace."""

    kind: ClassVar[str] = GoogleWorkspaceOptions.kind
    Options: ClassVar[type[BaseModel]] = GoogleWorkspaceOptions

    def __init__(self, name: str, options: GoogleWorkspaceOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, users of every state; raises unless the last page was reached."""
        for taken in batches(self._users(), key="source_id"):
            yield screen_people(self.name, taken, taken["source_state"], STATES | self._options.states)

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; raises unless every group was read to its end."""
        return batched(self.name, self._groups.members(self._is_wanted, deep=self._options.nested))

    def check(self) -> list[Finding]:
        """Say whether the administrator reads users, deleted ones and groups."""
        subject = self.name
        return [
            check_read(f"{subject}: users", partial(self._first, "users", {})),
            *self._check_deleted(),
            check_read(f"{subject}: groups", partial(self._first, "groups", {})),
            *check_patterns(
                subject, "groups", self._options.groups, lambda: (one.name for one in self._groups.listed())
            ),
        ]

    def _check_deleted(self) -> list[Finding]:
        if not self._options.deleted:
            return []
        return [check_read(f"{self.name}: deleted users", partial(self._first, "users", DELETED))]

    @cached_property
    def _client(self) -> Client:
        from sources.google_workspace.auth import GoogleToken, read_key

        options = self._options
        key = read_key(options.key)
        auth = GoogleToken(self._door, key, options.subject, options.token_url or key["token_uri"])
        return self._door.client(
            options.url,
            auth,
            token_id=f"{key['client_email']} as {options.subject}",
            bucket=lambda *_: "directory",
            workers=options.workers + 2,
            meaning=status_of,
        )

    @cached_property
    def _directory(self) -> Directory:
        budget = Budget(self._options.queries_per_minute, MINUTE, self._door.pacing.clock)
        return Directory(self._client, self._options.customer, budget)

    @cached_property
    def _groups(self) -> Groups:
        options = self._options
        return Groups(
            self._directory, page_size=min(options.page_size, MOST_MEMBERS), workers=options.workers
        )

    def _users(self) -> Iterator[Any]:
        """Columns of the users, then of the deleted ones.

        Those deleted are asked for first and told last: whoever is brought back meanwhile is in both
        listings, and the one of users counts.
        """
        attributes = self._options.attributes
        gone = list(self._list_users(DELETED)) if self._options.deleted else []
        take = columns(attributes)
        yield from (take(page.rows) for page in prefetch(self._list_users({})))
        take = columns(attributes, deleted=True)
        yield from (take(page.rows) for page in gone)

    def _list_users(self, query: dict[str, str]) -> Iterator[Page]:
        attributes = self._options.attributes
        schemas = custom_schemas(attributes)
        custom = {"projection": "custom", "customFieldMask": ",".join(schemas)} if schemas else {}
        params = {"maxResults": self._options.page_size, **custom, **query}
        return self._directory.customers("users", params, ",".join(wanted_fields(attributes)))

    def _first(self, what: str, query: dict[str, str]) -> Page:
        return next(self._directory.customers(what, {"maxResults": 1, **query}, "id"))

    def _is_wanted(self, name: str) -> bool:
        return matches(name, self._options.groups)


DELETED = {"showDeleted": "true"}
"""Asks for the users deleted of late, and for no others."""
