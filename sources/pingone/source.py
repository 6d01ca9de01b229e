"""PingOne: what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import batches
from provisioning.model.findings import Finding
from provisioning.model.screening import Screened
from provisioning.model.text import matches
from sources.kit.checks import check_patterns, check_read
from sources.kit.client_credentials import ClientCredentials
from sources.kit.members import batched
from sources.kit.states import screen_people
from sources.pingone.environment import Environment
from sources.pingone.fields import STATES, columns
from sources.pingone.groups import list_groups, name_of, read_members
from sources.pingone.options import PingOneOptions
from transport.door import Door
from transport.prefetch import prefetch

ROLE = "Identity Data Read Only (a role of the worker application)"


class PingOne:
    """One environment of PingOne."""

    kind: ClassVar[str] = PingOneOptions.kind
    Options: ClassVar[type[BaseModel]] = PingOneOptions

    def __init__(self, name: str, options: PingOneOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, disabled users too; raises unless the last page was reached."""
        take = columns(self._options.attributes)
        people = map(take, prefetch(self._environment.listed("users", {})))
        for taken in batches(people, key="source_id"):
            yield screen_people(self.name, taken, taken["source_state"], STATES | self._options.states)

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; raises unless every user was read."""
        return batched(self.name, read_members(self._environment, self._is_wanted))

    def check(self) -> list[Finding]:
        """Say whether the application reads users and groups."""
        first = self._environment.first
        return [
            check_read(f"{self.name}: users", partial(first, "users"), permission=ROLE),
            check_read(f"{self.name}: groups", partial(first, "groups"), permission=ROLE),
            *check_patterns(self.name, "groups", self._options.groups, self._group_names),
        ]

    @cached_property
    def _environment(self) -> Environment:
        options = self._options
        base = options.url or f"https://api.pingone.{options.region}/v1"
        authority = options.auth_url or f"https://auth.pingone.{options.region}"
        token_url = f"{authority.rstrip('/')}/{options.environment}/as/token"
        client = self._door.client(
            f"{base.rstrip('/')}/environments/{options.environment}",
            ClientCredentials(self._door, token_url, options.client_id, options.client_secret),
            token_id=options.client_id,
            bucket=lambda *_: "environment",
        )
        return Environment(client, options.page_size)

    def _group_names(self) -> Iterator[str]:
        return map(name_of, list_groups(self._environment).values())

    def _is_wanted(self, name: str) -> bool:
        return matches(name, self._options.groups)
