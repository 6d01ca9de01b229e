"""SCIM 2.0 and 1.1: what it reads."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import cached_property, partial
from itertools import islice
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel
from requests.auth import AuthBase

from provisioning.model.by_column import Fields, Page, batches
from provisioning.model.findings import Finding
from provisioning.model.frames import Identities, Memberships, Rejects, concat
from provisioning.model.intake import gathered
from provisioning.model.merge import Delta, FeedLost
from provisioning.model.screening import Screened
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.terms import State
from provisioning.model.text import matches
from sources.kit.checks import check_patterns, check_read
from sources.kit.client_credentials import ClientCredentials
from sources.kit.labels import label
from sources.kit.members import Members, batched
from sources.kit.scim_users import FIELDS, STATES, derived_fields, full_name, paths
from sources.kit.states import screen_people
from sources.scim import dialect, feed
from sources.scim.dialect import Abilities
from sources.scim.feed import MODIFIED, Checkpoint, RefreshedGroups
from sources.scim.groups import TELLS_NONE, Groups, ListedGroup, read_groups
from sources.scim.options import ScimOptions
from sources.scim.pages import Lists, Read
from sources.scim.pages import Page as ListPage
from transport.auth import Basic, Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import BadRequest, NotFound, TransportError
from transport.server_clock import stamp
from transport.shape import Row, malformed

log = logging.getLogger(__name__)
T = TypeVar("T")
SAMPLE = 20
"""Groups that are asked for their members to see whether the server tells any."""
NO_GROUPS = "the server lists no groups among its resource types, so users are read alone"
SAY_NO_GROUPS = "If the server has no groups, say `groups: []` in connection {}; else correct its address."
ASK_MEMBERS = (
    "Let the server list the members of its groups, or say `groups: []`; until then nobody gets or loses "
    "anything by its groups."
)


class Scim:
    """One SCIM server."""

    kind: ClassVar[str] = ScimOptions.kind
    Options: ClassVar[type[BaseModel]] = ScimOptions

    def __init__(self, name: str, options: ScimOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, inactive users too; raises unless as many came as there are."""
        return self._people(self._list("/Users", self._filter, self._columns))

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; raises unless every group was read to its end."""
        return batched(self.name, self._members())

    @property
    def lists_everyone(self) -> bool:
        """Whether all users are listed, so that a member of a group who is not is a stranger."""
        return not self._options.filter

    def checkpoint(self) -> str | None:
        """The moment by the server's clock; None where it does not tell what changed since one."""
        users = feed.prove_feed(self._count, "/Users", self._options.filter)
        if users and not self._options.groups:
            return str(Checkpoint(stamp(users[1]), 0, flat=True))
        groups = feed.prove_feed(self._count, "/Groups")
        return str(Checkpoint(stamp(users[1]), groups[0])) if users and groups else None

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:
        """Users and groups that were modified.

        Raises:
            FeedLost: users are gone, or the server tells no longer what changed.
        """
        then = Checkpoint.parse(checkpoint)
        try:
            now = self._count("/Users", self._filter)
            people = gathered(Identities, self._people(self._changed_people(then.since)))
            known = {*before.identities["source_id"], *people.frame["source_id"]}
            at = feed.confirm_users(now, len(known))
            groups = self._refresh_groups(then, known)
        except BadRequest as refused:
            raise FeedLost(refused.message) from refused
        memberships = gathered(Memberships, batched(self.name, groups.members))
        return Delta(
            str(Checkpoint(at, groups.total, groups.flat)),
            identities=people.frame,
            memberships=memberships.frame,
            groups=groups.ids | set(before.memberships["group_id"] if groups.every else ()),
            rejects=concat(Rejects, [people.rejects, memberships.rejects]),
        )

    def check(self) -> list[Finding]:
        """Say what the server speaks, and whether the credential reads users and groups."""
        try:
            able = self._abilities
        except TransportError as error:
            return [Finding("error", f"{self.name}: server", error.message, error.remedy)]
        way = "cursor" if self._by_cursor else "index"
        return [
            Finding("ok", f"{self.name}: server", f"speaks SCIM {able.version}, pages by {way}"),
            check_read(f"{self.name}: users", partial(self._read_one, "/Users")),
            *self._check_filter(),
            *self._check_groups(),
            *check_patterns(self.name, "groups", self._options.groups, self._group_names),
        ]

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth, name = self._auth()
        return self._door.client(
            options.url,
            auth,
            token_id=name,
            bucket=lambda *_: "all",
            headers={"Accept": dialect.ACCEPT[options.format]},
            workers=options.workers,
        )

    def _auth(self) -> tuple[AuthBase, str]:
        options = self._options
        if options.token is not None:
            return Bearer(options.token), label(options.token)
        if options.client_id is not None:
            assert options.client_secret is not None
            assert options.token_url is not None
            client, secret = options.client_id, options.client_secret
            return ClientCredentials(
                self._door, options.token_url, client, secret, scope=options.scope
            ), client
        assert options.username is not None
        assert options.password is not None
        return Basic(options.username, options.password), options.username

    @cached_property
    def _abilities(self) -> Abilities:
        options = self._options
        if self._xml or options.version == "1.1":
            return Abilities("1.1")
        if options.version == "2.0" and options.paging != "auto":
            return Abilities("2.0", options.paging == "cursor")
        return dialect.abilities(self._client, known=options.version == "2.0")

    @property
    def _by_cursor(self) -> bool:
        return self._options.paging == "cursor" or (self._options.paging == "auto" and self._abilities.cursor)

    @property
    def _xml(self) -> bool:
        return self._options.format == "xml"

    @property
    def _filter(self) -> dict[str, Any]:
        return {"filter": self._options.filter} if self._options.filter else {}

    def _list(self, path: str, params: dict[str, Any], read: Read[T]) -> Iterator[T]:
        pages = self._lists.by_cursor if self._by_cursor else self._lists.by_index
        return pages(path, self._asking(path) | params, read)

    def _asking(self, path: str) -> dict[str, Any]:
        """Return what a connection asks beside, where a server tells some attributes on request alone."""
        return dict(self._options.query.get("users" if path == "/Users" else "groups", {}))

    @property
    def _lists(self) -> Lists:
        options = self._options
        count = min(options.page_size, self._abilities.most or options.page_size)
        return Lists(self._client, xml=self._xml, count=count, workers=options.workers)

    @cached_property
    def _columns(self) -> Fields:
        version = self._abilities.version
        fields = paths(FIELDS | self._options.attributes, version)
        return Fields(fields, derived_fields(version))

    def _people(self, pages: Iterable[Page]) -> Iterator[Screened]:
        return map(self._screen, batches(pages, key="source_id"))

    def _changed_people(self, start: datetime) -> Iterator[Page]:
        """Users who were modified, and those who signed in where a connection names the attribute for it."""
        own, sign_in = self._options.filter, self._options.attributes.get("last_sign_in")
        modified = self._list("/Users", feed.query_after(MODIFIED, start, own), list)
        yield from map(self._columns, feed.pass_changed(modified, start))
        if sign_in:
            name = full_name(sign_in, self._abilities.version)
            yield from self._list("/Users", feed.query_after(name, start, own), self._columns)

    def _count(self, path: str, params: dict[str, Any]) -> ListPage[list[Row]]:
        return self._lists.first(path, params, by_cursor=self._by_cursor)

    def _members(self) -> Iterator[Members]:
        groups = self._all_groups()
        return groups.members(self._is_wanted, deep=self._options.nested)

    def _check_filter(self) -> list[Finding]:
        """Say how many of the users the filter selects; a server may take no notice of it, or misread it."""
        if not self._options.filter:
            return []
        subject = f"{self.name}: filter"
        try:
            chosen, every = (self._count("/Users", query).total for query in (self._filter, {}))
        except TransportError as error:
            return [Finding("error", subject, error.message, error.remedy)]
        message = f"selects {chosen} of {every} users"
        if chosen in (None, 0, every):
            remedy = "Compare with the server: it may not know this filter. Correct it, or leave it out."
            return [Finding("warning", subject, message, remedy)]
        return [Finding("ok", subject, message)]

    def _check_groups(self) -> list[Finding]:
        """Say whether groups can be read, and whether anybody is shown to be in one."""
        subject = f"{self.name}: groups"
        if not self._options.groups:
            return [Finding("ok", subject, "are not read: `groups` is empty")]
        try:
            groups = self._groups(islice(self._list_groups({}, read_groups), 1))
            told = groups.show_members(SAMPLE)
        except NotFound as missing:
            if self._has_no_groups():
                return [Finding("warning", subject, NO_GROUPS, SAY_NO_GROUPS.format(self.name))]
            return [Finding("error", subject, missing.message, SAY_NO_GROUPS.format(self.name))]
        except TransportError as error:
            return [Finding("error", subject, error.message, error.remedy)]
        if groups.ids and not told:
            return [Finding("warning", subject, TELLS_NONE, ASK_MEMBERS)]
        return [Finding("ok", subject, "can be read")]

    def _has_no_groups(self) -> bool:
        """Whether the server says by its resource types that it has no groups."""
        try:
            body = dialect.body_of(self._client.get("/ResourceTypes"), xml=self._xml)
        except TransportError:
            return False
        types = body.get("Resources")
        named = (
            {str(row.get("name")) for row in types if isinstance(row, dict)} if type(types) is list else ()
        )
        return "User" in named and "Group" not in named

    def _list_groups(self, params: dict[str, Any], read: Read[T]) -> Iterator[T]:
        alone = self._options.members == "one_by_one"
        return self._list("/Groups", params | ({"excludedAttributes": "members"} if alone else {}), read)

    def _all_groups(self) -> Groups:
        """Read the list of groups; a server that says it has none, or one not asked for any, has none."""
        if not self._options.groups:
            return self._groups([])
        try:
            return self._groups(self._list_groups({}, read_groups))
        except NotFound as missing:
            if not self._has_no_groups():
                missing.remedy = SAY_NO_GROUPS.format(self.name)
                raise
            log.warning("%s: %s", self.name, NO_GROUPS)
            return self._groups([])

    def _groups(self, pages: Iterable[list[ListedGroup]]) -> Groups:
        groups = Groups(self._one_by_one, absent_is_empty=self._options.members == "inline")
        for page in pages:
            groups.add(page)
        return groups

    def _group_names(self) -> Iterator[str]:
        names = {"attributes": "displayName"}
        return (group.name or "" for page in self._list("/Groups", names, read_groups) for group in page)

    def _is_wanted(self, name: str | None) -> bool:
        return matches(name or "", self._options.groups)

    def _refresh_groups(self, then: Checkpoint, people: Collection[str]) -> RefreshedGroups:
        """Read the groups that changed, or all of them where those alone do not show everything."""
        if not self._options.groups:
            return RefreshedGroups([], set(), 0, flat=True)
        total = self._count("/Groups", {}).total
        if total is None:
            raise FeedLost("the server no longer says how many groups there are")
        deep = self._options.nested
        new = feed.pass_changed(self._list_groups(feed.query_after(MODIFIED, then.since), list), then.since)
        rows = [row for page in new for row in page]
        settled = (then.flat or not deep) and not feed.may_be_newer(rows, then.since)
        if total == then.groups and (not rows or settled):
            groups = self._groups([read_groups(rows)])
            members = list(groups.members(self._is_wanted, deep=False, whole=False))
            if not (deep and groups.nests) and all(set(people).issuperset(one.ids) for one in members):
                return RefreshedGroups(members, groups.ids, total, then.flat)
        groups = self._all_groups()
        members = list(groups.members(self._is_wanted, deep=deep))
        return RefreshedGroups(members, groups.ids, total, not groups.nests, every=True)

    def _one_by_one(self, keys: Iterable[str]) -> Iterator[Row]:
        """Groups as they stand alone, side by side."""
        calls = (partial(self._group, key) for key in keys)
        return self._client.in_parallel(calls, workers=self._options.workers)

    def _group(self, key: str) -> Row:
        reply = self._client.get(f"/Groups/{key}", self._asking("/Groups"))
        group = dialect.body_of(reply, xml=self._xml)
        if str(group.get("id")) != key:
            raise malformed(f"the answer is not the group {key}", reply)
        return group

    def _screen(self, columns: dict[str, list[Any]]) -> Screened:
        meanings: dict[str | None, State] = {None: State.ACTIVE}
        meanings.update(STATES | self._options.states)
        words = columns["source_state"]
        return screen_people(self.name, columns, words, meanings, problem="neither true nor false")

    def _read_one(self, path: str) -> None:
        """Read a list of one row, whose shape is checked."""
        self._count(path, {})
