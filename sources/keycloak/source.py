"""Keycloak: what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property, partial
from typing import ClassVar

from pydantic import BaseModel

from provisioning.model.by_column import batches
from provisioning.model.findings import Finding
from provisioning.model.screening import Screened
from provisioning.model.text import matches
from sources.keycloak.fields import STATES, columns
from sources.keycloak.groups import Groups
from sources.keycloak.options import KeycloakOptions
from sources.keycloak.realm import Realm
from sources.kit.checks import check_patterns, check_read
from sources.kit.client_credentials import ClientCredentials
from sources.kit.members import batched
from sources.kit.states import screen_people
from transport.door import Door


class Keycloak:
    """One realm of a Keycloak server."""

    kind: ClassVar[str] = KeycloakOptions.kind
    Options: ClassVar[type[BaseModel]] = KeycloakOptions

    def __init__(self, name: str, options: KeycloakOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, disabled users too; raises unless as many came as there are."""
        people = self._realm.counted("/users", columns(self._options.attributes))
        for taken in batches(people, key="source_id"):
            yield screen_people(self.name, taken, taken["source_state"], STATES | self._options.states)

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; raises unless every group was read to its end."""
        return batched(self.name, self._groups.members(self._is_wanted, deep=self._options.nested))

    def check(self) -> list[Finding]:
        """Say whether the client's service account reads users and groups."""
        roles = "view-users and query-groups of the client realm-management"
        return [
            check_read(f"{self.name}: users", partial(self._realm.first, "/users"), permission=roles),
            check_read(f"{self.name}: groups", partial(self._realm.first, "/groups"), permission=roles),
            *check_patterns(self.name, "groups", self._options.groups, self._group_names),
        ]

    @cached_property
    def _realm(self) -> Realm:
        options = self._options
        base = options.url.rstrip("/")
        token_url = f"{base}/realms/{options.realm}/protocol/openid-connect/token"
        auth = ClientCredentials(self._door, token_url, options.client_id, options.client_secret)
        client = self._door.client(
            f"{base}/admin/realms/{options.realm}",
            auth,
            token_id=f"{options.client_id} in {options.realm}",
            bucket=lambda *_: "realm",
            workers=options.workers,
        )
        return Realm(client, options.page_size)

    @cached_property
    def _groups(self) -> Groups:
        return Groups(self._realm, self._options.workers)

    def _group_names(self) -> Iterator[str]:
        return (group.name for group in self._groups.tree().values())

    def _is_wanted(self, name: str) -> bool:
        return matches(name, self._options.groups)
