"""JumpCloud: what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import batches
from provisioning.model.findings import Finding
from provisioning.model.screening import Screened
from provisioning.model.text import matches
from sources.jumpcloud.console import USERS, Console
from sources.jumpcloud.fields import STATES, columns, wanted_fields
from sources.jumpcloud.groups import Groups
from sources.jumpcloud.options import JumpCloudOptions
from sources.kit.checks import check_patterns, check_read
from sources.kit.labels import label
from sources.kit.members import batched
from sources.kit.states import screen_people
from transport.auth import ApiKey
from transport.door import Door


class JumpCloud:
    """One organisation of JumpCloud."""

    kind: ClassVar[str] = JumpCloudOptions.kind
    Options: ClassVar[type[BaseModel]] = JumpCloudOptions

    def __init__(self, name: str, options: JumpCloudOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, users of every state; raises unless as many came as there are."""
        attributes = self._options.attributes
        people = self._console.users(wanted_fields(attributes), columns(attributes))
        for taken in batches(people, key="source_id"):
            yield screen_people(self.name, taken, taken["source_state"], STATES | self._options.states)

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; raises unless every group was read to its end."""
        return batched(self.name, self._groups.members(self._is_wanted, deep=self._options.nested))

    def check(self) -> list[Finding]:
        """Say whether the key reads users and groups."""
        one = {"limit": 1}
        return [
            check_read(f"{self.name}: users", lambda: self._console.client.get(USERS, one)),
            check_read(f"{self.name}: groups", lambda: self._console.client.get("/v2/usergroups", one)),
            *check_patterns(self.name, "groups", self._options.groups, lambda: self._groups.names().values()),
        ]

    @cached_property
    def _console(self) -> Console:
        options = self._options
        client = self._door.client(
            options.url,
            ApiKey("x-api-key", options.key),
            token_id=label(options.key),
            bucket=lambda *_: "organisation",
            headers={"x-org-id": options.org} if options.org else None,
            workers=options.workers,
        )
        return Console(client, options.page_size, options.workers)

    @cached_property
    def _groups(self) -> Groups:
        return Groups(self._console, self._options.workers)

    def _is_wanted(self, name: str) -> bool:
        return matches(name, self._options.groups)
