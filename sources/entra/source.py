"""Entra ID: what it reads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import chain
from typing import Any, ClassVar

from pydantic import BaseModel

from provisioning.model.findings import Finding
from provisioning.model.merge import Delta
from provisioning.model.screening import Screened
from provisioning.model.snapshots import SourceSnapshot
from sources.entra.feed import Changes
from sources.entra.fields import CHECKS
from sources.entra.graph import Graph
from sources.entra.groups import Groups
from sources.entra.options import GRAPH, EntraOptions
from sources.entra.people import People
from sources.kit.checks import check_patterns, check_read
from sources.kit.members import Members, batched
from transport.door import Door
from transport.prefetch import prefetch


class Entra:
    """One Entra ID tenant."""

    kind: ClassVar[str] = EntraOptions.kind
    Options: ClassVar[type[BaseModel]] = EntraOptions

    def __init__(self, name: str, options: EntraOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, deleted users last; raises unless both listings reached their ends."""
        people = self._people
        signed_in = people.sign_ins() if self._options.sign_ins else {}
        # In this order someone deleted meanwhile is in one of the listings at least; the first row counts.
        for columns in people.gather(prefetch(chain(people.living(), people.deleted()))):
            yield people.screen(columns, signed_in)

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships, with the path of the nested ones; raises unless all were read."""
        yield from batched(self.name, self._members())

    def checkpoint(self) -> str | None:
        """Where Graph's feeds of users and groups stand; None where the tenant has none."""
        return self._changes().checkpoint()

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:
        """Return what changed since; see `sources.entra.feed` for what it does not tell."""
        return self._changes().delta(checkpoint, before)

    def check(self) -> list[Finding]:
        """Say what the credential reads, and what stays unknown without a further right."""
        options = self._options
        unread = {"last sign-ins": not options.sign_ins, "applications": not options.apps}
        groups = self._groups()
        return [
            *(self._check(*check) for check in CHECKS if not unread.get(check[0])),
            *check_patterns(self.name, "groups", options.groups, groups.group_names),
            *check_patterns(self.name, "apps", options.apps, groups.app_names, what="application"),
        ]

    @cached_property
    def _graph(self) -> Graph:
        from sources.entra.auth import EntraToken, from_pem

        options = self._options
        if options.client_secret is not None:
            credential: Any = options.client_secret.get_secret_value()
        else:
            assert options.certificate is not None
            credential = from_pem(options.certificate.get_secret_value())
        # A rehearsal on this machine answers for the public cloud.
        audience = options.graph if options.graph.startswith("https:") else GRAPH
        auth = EntraToken(
            self._door,
            f"{options.authority}/{options.tenant}",
            options.client_id,
            credential,
            scope=f"{audience}/.default",
        )
        label = f"{options.client_id} in {options.tenant}"
        client = self._door.client(
            f"{options.graph}/v1.0", auth, token_id=label, bucket=_bucket, workers=options.workers + 2
        )
        return Graph(client, self._door, options.resource_units)

    @cached_property
    def _people(self) -> People:
        return People(self.name, self._graph, self._options, self._door.pacing.clock)

    def _groups(self) -> Groups:
        options = self._options
        return Groups(
            self._graph,
            page_size=options.page_size,
            member_page_size=options.member_page_size,
            workers=options.workers,
        )

    def _changes(self) -> Changes:
        return Changes(self._graph, self._people, self._groups(), self._options)

    def _members(self) -> Iterator[Members]:
        options, groups = self._options, self._groups()
        yield from groups.members(groups.select(options.groups), nested=options.nested)
        if options.apps:
            yield from groups.assigned(groups.assignments(options.apps))

    def _check(self, what: str, path: str, name: str, permission: str, needed: bool) -> Finding:
        def read() -> object:
            return next(self._graph.pages(path, {"$select": name, "$top": 1}))

        return check_read(f"{self.name}: {what}", read, permission=permission, needed=needed)


def _bucket(_method: str, path: str) -> str:
    return "batch" if path.endswith("/$batch") else "directory"
