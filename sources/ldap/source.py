"""LDAP: what it reads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from pydantic import BaseModel

from errors import SeatwiseError
from provisioning.model.findings import Finding
from provisioning.model.merge import Delta
from provisioning.model.screening import Screened
from provisioning.model.snapshots import SourceSnapshot
from sources.kit.checks import check_patterns, check_read
from sources.kit.members import batched
from sources.ldap.options import LdapOptions
from transport.door import Door

if TYPE_CHECKING:
    from sources.ldap.reading import Reading

log = logging.getLogger(__name__)


class LdapMissing(SeatwiseError):
    """The library that speaks LDAP is not installed."""

    remedy = (
        "Run `make ldap`, or `pip install 'seatwise[ldap]'`; it is compiled there, so first install a C "
        "compiler and the headers of OpenLDAP and SASL (Debian: gcc libldap-dev libsasl2-dev)."
    )


class Ldap:
    """One directory that speaks LDAP."""

    kind: ClassVar[str] = LdapOptions.kind
    Options: ClassVar[type[BaseModel]] = LdapOptions

    def __init__(self, name: str, options: LdapOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities; raises unless the search came to its end."""
        return self._reading.people.everyone()

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships, nested ones with their path; raises unless every group was read whole."""
        reading = self._reading
        return batched(self.name, reading.groups.members(reading.people.known()))

    def checkpoint(self) -> str | None:
        """Where the directory's changes stand; None where it does not say."""
        mark = self._reading.feed.checkpoint()
        if mark is None:
            log.warning("%s: always read whole: its suffix shows no contextCSN", self.name)
        return mark

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:
        """Return what changed since; see `sources.ldap.feed` for how far that goes."""
        return self._reading.feed.delta(checkpoint, before)

    def check(self) -> list[Finding]:
        """Say whether the account reads people and groups, and what the server refers to elsewhere."""
        try:
            reading = self._reading
        except LdapMissing as missing:
            return [Finding("error", f"{self.name}: library", missing.message, missing.remedy)]
        return [
            self._check_listing("people", reading.people.has_any),
            self._check_listing("groups", reading.groups.has_any),
            *check_patterns(self.name, "groups", self._options.groups, reading.groups.names),
            *self._check_referrals(reading.directory.referred),
        ]

    def _check_listing(self, what: str, has_any: Callable[[], bool]) -> Finding:
        """Say whether there is anything to read: a directory shows nothing of what an account may not see."""
        found: list[bool] = []
        finding = check_read(f"{self.name}: {what}", lambda: found.append(has_any()))
        if found != [False]:
            return finding
        remedy = f"Let its account read {what}, or correct `base` and the filters of connection {self.name}."
        return Finding(
            "warning", finding.subject, "none are there, or none are shown to this account", remedy
        )

    def _check_referrals(self, referred: set[str]) -> list[Finding]:
        if not referred:
            return []
        told = f"are not followed, people there are not read: {', '.join(sorted(referred))}"
        return [Finding("ok", f"{self.name}: referrals", told)]

    @cached_property
    def _reading(self) -> Reading:
        try:
            from sources.ldap.reading import Reading
        except ModuleNotFoundError as missing:
            raise LdapMissing("python-ldap is not installed") from missing
        return Reading(self.name, self._options, self._door)
