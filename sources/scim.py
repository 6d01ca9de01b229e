"""SCIM 2.0 and 1.1: users and groups of any directory that serves them.

Needs: a bearer token, or a name and password, that may read users and groups.
Reads: one list of users and one of groups with their members; groups a list tells without members are
read one by one. Groups in groups are followed, and each membership through them says its path.
Speed: whatever the server allows; pages by index are read side by side, pages by cursor (RFC 9865,
where the server offers them) one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from typing import Any, ClassVar, Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator
from requests.auth import AuthBase

from provisioning.findings import Finding
from provisioning.frames import Identities, Rejects, Screened, State, concat
from provisioning.intake import batches, reject, screened
from sources.labels import label
from sources.members import Members, batched
from sources.nesting import fits
from sources.scim_dialect import ACCEPT, FIELDS, STATES, Abilities, Row, abilities, body_of, flat, paths
from sources.scim_groups import Groups
from sources.scim_pages import Lists
from transport.auth import Basic, Bearer
from transport.client import Client
from transport.door import Door
from transport.errors import TransportError


class ScimOptions(BaseModel):
    """What a connection of kind `scim` may say."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address under which /Users and /Groups stand, version included.")
    token: SecretStr | None = Field(None, description="Bearer token.")
    username: str | None = Field(None, description="Name for HTTP Basic, in place of a token.")
    password: SecretStr | None = Field(None, description="Its password.")
    version: Literal["auto", "2.0", "1.1"] = Field("auto", description="Version of SCIM; asked by default.")
    format: Literal["json", "xml"] = Field("json", description="What the server answers; XML means 1.1.")
    paging: Literal["auto", "index", "cursor"] = Field(
        "auto", description="How lists are paged; by cursor where the server offers it."
    )
    members: Literal["auto", "inline", "one_by_one"] = Field(
        "auto", description="Where members of groups stand: in the list, else in each group."
    )
    nested: bool = Field(True, description="Whether members of groups in groups count.")
    filter: str | None = Field(None, description="Only users who satisfy this, asked of the server.")
    attributes: dict[str, str] = Field(
        {}, description="Column to attribute: title, name.formatted, enterprise:division or urn:…:badge."
    )
    states: dict[str, State] = Field({}, description="What `active` means here: {'false': departed}.")
    groups: list[str] = Field(["*"], description="Patterns of the names of groups to read.")
    page_size: int = Field(100, ge=1, le=10_000, description="Users and groups a page.")
    workers: int = Field(8, ge=1, le=64, description="Pages read side by side.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        pair = self.username is not None and self.password is not None
        if pair == (self.token is not None):
            raise ValueError("give either token, or username with password")
        if unknown := set(self.attributes) - set(FIELDS):
            raise ValueError(f"attributes: no column {sorted(unknown)}; columns are {sorted(FIELDS)}")
        if self.format == "xml" and (self.version == "2.0" or self.paging == "cursor"):
            raise ValueError("format: xml is SCIM 1.1, which has no cursors")
        return self


class Scim:
    """One SCIM server."""

    kind: ClassVar[str] = "scim"
    Options: ClassVar[type[BaseModel]] = ScimOptions

    def __init__(self, name: str, options: ScimOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, inactive users too; raises unless as many came as there are."""
        version = self._abilities.version
        fields = paths(FIELDS | self._options.attributes, version)
        pages = (flat(page, version) for page in self._listed("/Users", self._filter))
        for columns in batches(pages, fields, key="source_id"):
            yield self._screened(columns)

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships; raises unless every group was read to its end."""
        return batched(self.name, self._members())

    def check(self) -> list[Finding]:
        """Say what the server speaks, and whether the credential reads users and groups."""
        try:
            able = self._abilities
        except TransportError as error:
            return [Finding("error", f"{self.name}: server", str(error), error.remedy)]
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

    def _listed(self, path: str, params: dict[str, Any]) -> Iterator[list[Row]]:
        options = self._options
        count = min(options.page_size, self._abilities.most or options.page_size)
        lists = Lists(self._client, xml=self._xml, count=count, workers=options.workers)
        return lists.by_cursor(path, params) if self._by_cursor else lists.by_index(path, params)

    def _members(self) -> Iterator[Members]:
        options = self._options
        alone = options.members == "one_by_one"
        pages = self._listed("/Groups", {"excludedAttributes": "members"} if alone else {})
        groups = Groups(self._one_by_one, absent_is_empty=options.members == "inline")
        for page in pages:
            groups.add(page)
        return groups.members(lambda name: fits(name, options.groups), deep=options.nested)

    def _one_by_one(self, keys: Iterable[str]) -> Iterator[Row]:
        """Groups as they stand alone, side by side."""
        calls = (partial(self._group, key) for key in keys)
        return self._client.side_by_side(calls, workers=self._options.workers)

    def _group(self, key: str) -> Row:
        return body_of(self._client.get(f"/Groups/{key}"), xml=self._xml)

    def _screened(self, columns: dict[str, list[Any]]) -> Screened:
        states = {word: state.value for word, state in (STATES | self._options.states).items()}
        words, active = columns["source_state"], State.ACTIVE.value
        known = {word: active if word is None else states.get(word) for word in set(words)}
        columns["state"] = [known[word] or State.STAGED.value for word in words]
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
            return Finding("error", f"{self.name}: {what}", str(error), error.remedy)
        return Finding("ok", f"{self.name}: {what}", "can be read")
