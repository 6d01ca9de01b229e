"""One LDAP server, and searches of it that are read to their end or raise."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import ldap
from ldap.controls import LDAPControl, SimplePagedResultsControl
from ldap.dn import dn2str, str2dn

from sources.ldap.connections import EVERYTHING, Connections
from sources.ldap.options import LdapOptions
from sources.ldap.refusals import refusal
from transport.door import Door
from transport.errors import Malformed, NotFound, PageLoop, TransportError

log = logging.getLogger(__name__)
T = TypeVar("T")
Entry = tuple[str, Mapping[str, Sequence[bytes]]]
"""A DN, and the values of each attribute."""

ROOT = ("defaultNamingContext", "namingContexts", "highestCommittedUSN", "dsServiceName", "currentTime")
SHOW_DELETED = LDAPControl("1.2.840.113556.1.4.417", criticality=True)
_SPELLED = re.compile(r'[\\";]|\s[,=+]|[,=+]\s')
"""What may be written in another way in a DN."""
MOST_EMPTY = 100
"""Pages without an entry that may follow each other: a server may look at many entries it does not show."""


def plain(dn: str) -> str:
    """Return a DN as every spelling of it has it in common: case, spaces and escapes do not count."""
    low = dn.lower()
    if not _SPELLED.search(low):
        return low
    try:
        spelled: str = dn2str(str2dn(low))
    except ldap.DECODING_ERROR:
        return low
    return spelled


class Directory:
    """Searches one server; everything that goes wrong is a TransportError.

    Attributes:
        referred: addresses the server refers to for what it does not hold itself.
    """

    def __init__(self, name: str, options: LdapOptions, door: Door) -> None:
        self._name, self._options, self._door = name, options, door
        self._host = urlsplit(options.url).netloc
        self._connections = Connections(name, options)
        self._said: dict[str, list[str]] = {}
        self.referred: set[str] = set()

    @cached_property
    def base(self) -> str:
        """What everything is read below.

        Raises:
            NotFound: the server names no single naming context.
        """
        if self._options.base:
            return self._options.base
        root = self._said or self.root()
        contexts = root["defaultNamingContext"] or root["namingContexts"]
        if len(contexts) != 1:
            raise NotFound(
                f"the server holds {len(contexts)} naming contexts",
                remedy=f"Say under `base` of connection {self._name} which one to read.",
            ).about("read", self._options.url)
        return contexts[0]

    @property
    def domain(self) -> str:
        """The naming context that Active Directory searches by default.

        Raises:
            NotFound: the server names none.
        """
        found = (self._said or self.root())["defaultNamingContext"]
        if not found:
            raise NotFound(
                "the server names no domain of its own",
                remedy=f"Say `profile: openldap` in connection {self._name}, if it is no Active Directory.",
            ).about("read", self._options.url)
        return found[0]

    def root(self) -> dict[str, list[str]]:
        """What the server says of itself now, by the names of `ROOT`."""
        _dn, said = self.entry("", ROOT) or ("", {})
        self._said = {name: [value.decode() for value in said.get(name, ())] for name in ROOT}
        return self._said

    def entry(self, dn: str, attributes: Sequence[str], filter_: str = EVERYTHING) -> Entry | None:
        """Return one entry; None where it is not there or does not satisfy the filter."""
        try:
            found = self._again(
                lambda again: self._ask(dn, ldap.SCOPE_BASE, filter_, attributes, (), again)[0]
            )
        except NotFound:
            return None
        return found[0] if found else None

    def pages(
        self,
        filter_: str,
        attributes: Sequence[str],
        *,
        base: str | None = None,
        controls: Iterable[LDAPControl] = (),
        size: int | None = None,
    ) -> Iterator[list[Entry]]:
        """Yield pages of the entries below a DN.

        A cookie is worth nothing on another connection: where one is lost, the search starts anew, and
        entries come twice. Whoever reads them goes by their identifiers.

        Args:
            filter_: which entries.
            attributes: what of them.
            base: the DN; by default that of the connection.
            controls: beside that of paging.
            size: entries a page, where it is not what the connection says.

        Raises:
            TransportError: the search did not come to its end.
        """
        base = base or self.base
        failures = 0
        while True:
            try:
                yield from self._pages(filter_, attributes, base, list(controls), size, failures > 0)
            except TransportError as failure:
                failures += 1
                self._wait(failure, failures)
            else:
                return

    def _pages(
        self,
        filter_: str,
        attributes: Sequence[str],
        base: str,
        controls: list[LDAPControl],
        size: int | None,
        again: bool,
    ) -> Iterator[list[Entry]]:
        paging = SimplePagedResultsControl(criticality=True, size=size or self._options.page_size, cookie="")
        seen: set[tuple[bytes, str]] = set()
        empty = 0
        while True:
            found, cookie = self._ask(
                base, ldap.SCOPE_SUBTREE, filter_, attributes, [paging, *controls], again
            )
            again = False
            if found:
                yield found
            if not cookie:
                return
            mark, empty = (cookie, found[0][0] if found else ""), 0 if found else empty + 1
            if (found and mark in seen) or empty > MOST_EMPTY:
                raise PageLoop("the same page came twice, or pages without entries do not end").about(
                    f"search {base}", self._options.url
                )
            seen.add(mark)
            paging.cookie = cookie

    def _ask(
        self,
        base: str,
        scope: int,
        filter_: str,
        attributes: Sequence[str],
        controls: Sequence[LDAPControl],
        again: bool,
    ) -> tuple[list[Entry], bytes]:
        """One request: its entries, and the cookie of the next page."""

        def search() -> tuple[list[Any], list[Any]]:
            connection = self._connections.mine()
            self._door.meter.count(self._host, writes=False, again=again)
            asked = connection.search_ext(base, scope, filter_, list(attributes), serverctrls=list(controls))
            _kind, rows, _asked, told = connection.result3(asked)
            return rows, told

        rows, told = self._guarded(search, f"search {base or 'root DSE'}")
        # Beside entries there are references to other servers, without a DN.
        entries = [row for row in rows if row[0] is not None]
        if len(entries) < len(rows):
            self._note_referrals(url for row in rows if row[0] is None for url in row[1])
        if not controls:
            return entries, b""
        cookies = [
            control.cookie for control in told if control.controlType == SimplePagedResultsControl.controlType
        ]
        if not cookies:
            raise Malformed("the server takes no notice of paging").about(f"search {base}", self._options.url)
        return entries, cookies[0]

    def _note_referrals(self, urls: Iterable[str]) -> None:
        fresh = set(urls) - self.referred
        self.referred |= fresh
        if fresh:
            log.info("%s: not followed: the server refers to %s", self._name, ", ".join(sorted(fresh)))

    def _again(self, ask: Callable[[bool], T]) -> T:
        """Ask until there is an answer, as often as the door allows."""
        failures = 0
        while True:
            try:
                return ask(failures > 0)
            except TransportError as failure:
                failures += 1
                self._wait(failure, failures)

    def _wait(self, failure: TransportError, failures: int) -> None:
        """Return when the next attempt may be made; raise the failure when there is to be none."""
        self._connections.close()
        policy, clock = self._door.retry_policy, self._door.pacing.clock
        if not failure.worth_retrying or failures >= policy.attempts:
            raise failure
        clock.wait_until(clock.monotonic() + policy.pause(failures))

    def _guarded(self, work: Callable[[], T], what: str) -> T:
        try:
            return work()
        except ldap.LDAPError as error:
            raise refusal(error, what, self._options.url) from error
