"""SCIM 2.0 and 1.1: what it reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from functools import cached_property, partial
from typing import Any, ClassVar, TypeVar

import pandas as pd
from pydantic import BaseModel
from requests.auth import AuthBase

from provisioning.model.findings import Finding
from provisioning.model.frames import Identities, Memberships, Rejects, Screened, State, concat
from provisioning.model.intake import Fields, Page, batches, gathered, reject, screened
from provisioning.model.merge import Delta
from provisioning.model.snapshots import SourceSnapshot
from sources.kit.feed import FeedLost
from sources.kit.labels import label
from sources.kit.members import Members, batched
from sources.kit.nesting import fits
from sources.kit.server_clock import stamp
from sources.scim.dialect import (
    ACCEPT,
    FIELDS,
    STATES,
    Abilities,
    Row,
    abilities,
    body_of,
    full_name,
    made,
    paths,
)
from sources.scim.feed import MODIFIED, Mark, Regrouped, after, agreed, changed, proven, young
from sources.scim.groups import Groups, Listed, listed
from sources.scim.options import ScimOptions
from sources.scim.pages import Lists, Read
from sources.scim.pages import Page as ListPage
from transport.auth import Basic, Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import BadRequest, TransportError

T = TypeVar("T")


class Scim:
    """One SCIM server."""

    kind: ClassVar[str] = "scim"
    Options: ClassVar[type[BaseModel]] = ScimOptions

    def __init__(self, name: str, options: ScimOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, inactive users too; raises unless as many came as there are."""
        return self._people(self._listed("/Users", self._filter, self._columns))

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; raises unless every group was read to its end."""
        return batched(self.name, self._members())

    def checkpoint(self) -> str | None:
        """The moment by the server's clock; None where it does not tell what changed since one."""
        users = proven(self._count, "/Users", self._options.filter)
        groups = proven(self._count, "/Groups")
        return str(Mark(stamp(users[1]), groups[0])) if users and groups else None

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:
        """Users and groups that were modified.

        Raises:
            FeedLost: users are gone, or the server tells no longer what changed.
        """
        mark = Mark.of(checkpoint)
        try:
            now = self._count("/Users", self._filter)
            people = gathered(Identities, self._people(self._changed_people(mark.since)))
            known = {*before.identities["source_id"], *people.frame["source_id"]}
            at = agreed(now, len(known))
            groups = self._regrouped(mark, known)
        except BadRequest as refused:
            raise FeedLost(refused.message) from refused
        roles = gathered(Memberships, batched(self.name, groups.members))
        return Delta(
            str(Mark(at, groups.total, groups.flat)),
            identities=people.frame,
            memberships=roles.frame,
            groups=groups.ids | set(before.memberships["group_id"] if groups.every else ()),
            rejects=concat(Rejects, [people.rejects, roles.rejects]),
        )

    def check(self) -> list[Finding]:
        """Say what the server speaks, and whether the credential reads users and groups."""
        try:
            able = self._abilities
        except TransportError as error:
            return [Finding("error", f"{self.name}: server", error.message, error.remedy)]
        way = "cursor" if self._by_cursor else "index"
        told = Finding("ok", f"{self.name}: server", f"speaks SCIM {able.version}, pages by {way}")
        return [told, self._try("users", "/Users"), self._try("groups", "/Groups")]

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth, name = self._auth()
        return self._door.client(
            options.url,
            auth,
            token_id=name,
            bucket=lambda *_: "all",
            headers={"Accept": ACCEPT[options.format]},
            workers=options.workers,
        )

    def _auth(self) -> tuple[AuthBase, str]:
        options = self._options
        if options.token is not None:
            return Bearer(options.token), label(options.token)
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
        return abilities(self._client, known=options.version == "2.0")

    @property
    def _by_cursor(self) -> bool:
        return self._options.paging == "cursor" or (self._options.paging == "auto" and self._abilities.cursor)

    @property
    def _xml(self) -> bool:
        return self._options.format == "xml"

    @property
    def _filter(self) -> dict[str, Any]:
        return {"filter": self._options.filter} if self._options.filter else {}

    def _listed(self, path: str, params: dict[str, Any], read: Read[T]) -> Iterator[T]:
        pages = self._lists.by_cursor if self._by_cursor else self._lists.by_index
        return pages(path, params, read)

    @property
    def _lists(self) -> Lists:
        options = self._options
        count = min(options.page_size, self._abilities.most or options.page_size)
        return Lists(self._client, xml=self._xml, count=count, workers=options.workers)

    @cached_property
    def _columns(self) -> Fields:
        version = self._abilities.version
        return Fields(paths(FIELDS | self._options.attributes, version), made(version))

    def _people(self, pages: Iterable[Page]) -> Iterator[Screened]:
        return map(self._screened, batches(pages, key="source_id"))

    def _changed_people(self, start: datetime) -> Iterator[Page]:
        """Users who were modified, and those who signed in where a connection says what tells it."""
        own, told = self._options.filter, self._options.attributes.get("last_sign_in")
        modified = self._listed("/Users", after(MODIFIED, start, own), list)
        yield from map(self._columns, changed(modified, start))
        if told:
            signed_in = after(full_name(told, self._abilities.version), start, own)
            yield from self._listed("/Users", signed_in, self._columns)

    def _count(self, path: str, params: dict[str, Any]) -> ListPage[list[Row]]:
        return self._lists.first(path, params, by_cursor=self._by_cursor)

    def _members(self) -> Iterator[Members]:
        return self._all_groups().members(self._wanted, deep=self._options.nested)

    def _listed_groups(self, params: dict[str, Any], read: Read[T]) -> Iterator[T]:
        alone = self._options.members == "one_by_one"
        return self._listed("/Groups", params | ({"excludedAttributes": "members"} if alone else {}), read)

    def _all_groups(self) -> Groups:
        return self._groups(self._listed_groups({}, listed))

    def _groups(self, pages: Iterable[list[Listed]]) -> Groups:
        groups = Groups(self._one_by_one, absent_is_empty=self._options.members == "inline")
        for page in pages:
            groups.add(page)
        return groups

    def _wanted(self, name: str | None) -> bool:
        return fits(name, self._options.groups)

    def _regrouped(self, mark: Mark, people: Collection[str]) -> Regrouped:
        """Groups that changed, or all of them where those alone do not tell everything."""
        total = self._count("/Groups", {}).total
        if total is None:
            raise FeedLost("the server tells no longer how many groups there are")
        deep = self._options.nested
        new = changed(self._listed_groups(after(MODIFIED, mark.since), list), mark.since)
        rows = [row for page in new for row in page]
        if total == mark.groups and (not rows or ((mark.flat or not deep) and not young(rows, mark.since))):
            groups = self._groups([listed(rows)])
            members = list(groups.members(self._wanted, deep=False))
            if not (deep and groups.nests) and all(set(people).issuperset(one.ids) for one in members):
                return Regrouped(members, groups.ids, total, mark.flat)
        groups = self._all_groups()
        members = list(groups.members(self._wanted, deep=deep))
        return Regrouped(members, groups.ids, total, not groups.nests, every=True)

    def _one_by_one(self, keys: Iterable[str]) -> Iterator[Row]:
        """Groups as they stand alone, side by side."""
        calls = (partial(self._group, key) for key in keys)
        return self._client.in_parallel(calls, workers=self._options.workers)

    def _group(self, key: str) -> Row:
        return body_of(self._client.get(f"/Groups/{key}"), xml=self._xml)

    def _screened(self, columns: dict[str, list[Any]]) -> Screened:
        states = {word: state.value for word, state in (STATES | self._options.states).items()}
        words, active = columns["source_state"], State.ACTIVE.value
        known = {word: active if word is None else states.get(word) for word in set(words)}
        meant = {word: state or State.STAGED.value for word, state in known.items()}
        columns["state"] = [meant[word] for word in words]
        good = screened(Identities, {"source": self.name, **columns}, origin=self.name, key="source_id")
        strange = {word for word, state in known.items() if state is None}
        odd = [
            self._unknown(columns["source_id"][row], word)
            for row, word in enumerate(words if strange else [])
            if word in strange
        ]
        return Screened(good.frame, concat(Rejects, [good.rejects, *odd]))

    def _unknown(self, key: str, word: str) -> pd.DataFrame:
        remedy = f"say what it means under `states` of connection {self.name}; until then it counts as staged"
        return reject(key, "source_state", word, "neither true nor false", origin=self.name, remedy=remedy)

    def _try(self, what: str, path: str) -> Finding:
        try:
            body_of(self._client.get(path, {"startIndex": 1, "count": 1}), xml=self._xml)
        except TransportError as error:
            return Finding("error", f"{self.name}: {what}", error.message, error.remedy)
        return Finding("ok", f"{self.name}: {what}", "can be read")
