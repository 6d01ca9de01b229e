"""OneLogin: what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import Any, ClassVar, Literal, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from provisioning.model.findings import Finding
from provisioning.model.frames import Identities, Memberships, Rejects, Screened, State, concat
from provisioning.model.intake import Fields, batches, gathered, reject, screened
from provisioning.model.merge import Delta
from provisioning.model.snapshots import SourceSnapshot
from sources.kit.feed import FeedLost
from sources.kit.members import Members, batched
from sources.kit.server_clock import since, stamp
from sources.onelogin import feed
from sources.onelogin.auth import AccessToken
from sources.onelogin.fields import FIELDS, STATE_WORDS, STATES, STATUS_WORDS
from sources.onelogin.pages import Row, listed
from transport.client import Client
from transport.door import Door
from transport.errors import TransportError

T = TypeVar("T")


class OneLoginOptions(BaseModel):
    """What a connection of kind `onelogin` may say."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="Address of the account, such as https://acme.onelogin.com.")
    client_id: str = Field(description="Client id of the API credential pair.")
    client_secret: SecretStr = Field(description="Its secret.")
    sign_in: Literal["basic", "header"] = Field(
        "basic", description="How the pair is sent: HTTP Basic, or OneLogin's own header."
    )
    attributes: dict[str, str] = Field(
        {}, description="Column to field of a user, such as custom_attributes.kostenstelle."
    )
    states: dict[str, State] = Field(
        {}, description="What state words (unlicensed, suspended, unlicensed suspended) mean here."
    )
    roles: list[str] = Field(["*"], description="Patterns of the names of roles to read.")
    page_size: int = Field(100, ge=1, le=100, description="Users and roles a page.")
    workers: int = Field(8, ge=1, le=64, description="Pages read side by side.")

    @field_validator("attributes")
    @classmethod
    def _known_columns(cls, attributes: dict[str, str]) -> dict[str, str]:
        if unknown := set(attributes) - set(FIELDS):
            raise ValueError(f"no column {sorted(unknown)}; columns are {sorted(FIELDS)}")
        return attributes


class OneLogin:
    """One OneLogin account."""

    kind: ClassVar[str] = "onelogin"
    Options: ClassVar[type[BaseModel]] = OneLoginOptions

    def __init__(self, name: str, options: OneLoginOptions, door: Door) -> None:
        self.name, self._options, self._door = name, options, door

    def identities(self) -> Iterator[Screened]:
        """Pages of Identities, users of every state; raises unless as many came as there are."""
        return self._people({})

    def memberships(self) -> Iterator[Screened]:
        """Pages of Memberships, a role for a group; raises unless every role came."""
        return batched(self.name, self._roles())

    def checkpoint(self) -> str | None:
        """The moment by the account's clock; None where it tells no time or not how many users there are."""
        now = feed.census(self._client)
        if now is None:
            return None
        return str(feed.Mark(stamp(now.at), feed.roles(self._client), feed.role_events(self._client)))

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:
        """Users who changed or signed in, and every role once one may have changed.

        Raises:
            FeedLost: users are gone of whom nothing is told.
        """
        mark, now = feed.Mark.of(checkpoint), feed.census(self._client)
        if now is None:
            raise FeedLost("the account tells no longer how many users there are")
        start, count = since(mark.at), feed.roles(self._client)
        people = gathered(Identities, self._people({"updated_since": stamp(start)}))
        known = {*before.identities["source_id"], *people.frame["source_id"]}
        again = feed.roles_changed(self._client, mark, now, count)
        roles = gathered(Memberships, self.memberships() if again else ())
        return Delta(
            str(mark._replace(at=stamp(now.at), roles=count)),
            identities=people.frame,
            gone=feed.gone(self._client, start, now.users, known),
            memberships=roles.frame,
            groups={*before.memberships["group_id"], *roles.frame["group_id"]} if again else (),
            sign_ins=feed.sign_ins(self._signed_in(stamp(start))),
            rejects=concat(Rejects, [people.rejects, roles.rejects]),
        )

    def check(self) -> list[Finding]:
        """Say whether the credential reads users and roles, and what is left of the hour."""
        return [
            self._try("users", "/api/2/users", {"limit": 1}),
            self._try("roles", "/api/2/roles", {"limit": 1, "fields": "id,name,users"}),
            self._limit(),
        ]

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth = AccessToken(
            self._door,
            options.url.rstrip("/"),
            options.client_id,
            options.client_secret,
            own_header=options.sign_in == "header",
        )
        return self._door.client(
            options.url,
            auth,
            token_id=options.client_id,
            bucket=lambda *_: "account",
            workers=options.workers,
        )

    @property
    def _fields(self) -> dict[str, str]:
        return FIELDS | self._options.attributes

    def _people(self, asked: dict[str, str]) -> Iterator[Screened]:
        fields = self._fields | {"state": "state", "status": "status"}
        wanted = ",".join(dict.fromkeys(path.partition(".")[0] for path in fields.values()))
        pages = self._listed("/api/2/users", wanted, asked, Fields(fields))
        for columns in batches(pages, key="source_id"):
            yield self._screened(columns)

    def _signed_in(self, start: str) -> Iterator[list[Row]]:
        """Who signed in; nobody where another field holds the last sign-in, which counts as a change."""
        if self._fields["last_sign_in"] != FIELDS["last_sign_in"]:
            return iter(())
        return self._listed("/api/2/users", "id,last_login", {"last_login_since": start})

    def _listed(
        self,
        path: str,
        fields: str,
        asked: dict[str, str] | None = None,
        read: Callable[[list[Row]], T] = list,
    ) -> Iterator[T]:
        options = self._options
        params = {"fields": fields, **(asked or {})}
        return listed(self._client, path, params, options.page_size, options.workers, read)

    def _roles(self) -> Iterator[Members]:
        seen: set[int] = set()
        for page in self._listed("/api/2/roles", "id,name,users"):
            fresh = [role for role in page if role["id"] not in seen and self._wanted(role)]
            seen.update(role["id"] for role in page)
            silent = [role for role in fresh if role.get("users") is None]
            calls = (partial(self._listed_members, role) for role in silent)
            asked = self._client.in_parallel(calls, workers=self._options.workers) if silent else iter(())
            for role in fresh:
                ids = next(asked) if role.get("users") is None else role["users"]
                yield Members(str(role["id"]), role["name"], list(dict.fromkeys(ids)))

    def _wanted(self, role: dict[str, Any]) -> bool:
        return any(fnmatchcase(role["name"] or "", pattern) for pattern in self._options.roles)

    def _listed_members(self, role: dict[str, Any]) -> list[int]:
        """The members of a role that did not tell them."""
        path = f"/api/2/roles/{role['id']}/users"
        pages = listed(self._client, path, {}, self._options.page_size, 1)
        return [user["id"] for page in pages for user in page]

    def _screened(self, columns: dict[str, list[Any]]) -> Screened:
        told = columns.pop("state"), columns.pop("status")
        known = {pair: self._standing(*pair) for pair in set(zip(*told, strict=True))}
        words = {pair: word for pair, (word, _) in known.items()}
        states = {pair: (state or State.STAGED).value for pair, (_, state) in known.items()}
        columns["source_state"] = list(map(words.__getitem__, zip(*told, strict=True)))
        columns["state"] = list(map(states.__getitem__, zip(*told, strict=True)))
        good = screened(Identities, {"source": self.name, **columns}, origin=self.name, key="source_id")
        strange = {pair for pair, (_, state) in known.items() if state is None}
        odd = [
            self._unknown(columns["source_id"][row], known[pair][0])
            for row, pair in enumerate(zip(*told, strict=True) if strange else ())
            if pair in strange
        ]
        return Screened(good.frame, concat(Rejects, [good.rejects, *odd]))

    def _standing(self, state: Any, status: Any) -> tuple[str, State | None]:
        """The words for a pair of numbers, and the state they mean if that is known."""
        words = STATE_WORDS.get(state, f"state {state}"), STATUS_WORDS.get(status, f"status {status}")
        meaning = STATES | self._options.states
        both = " ".join(words)
        told = (both, words[1]) if words[0] == "approved" else (both, words[0])
        return both, next((meaning[word] for word in told if word in meaning), None)

    def _unknown(self, key: Any, words: str) -> pd.DataFrame:
        remedy = f"say what it means under `states` of connection {self.name}; until then it counts as staged"
        return reject(str(key), "source_state", words, "not a known status", origin=self.name, remedy=remedy)

    def _try(self, what: str, path: str, params: dict[str, Any]) -> Finding:
        try:
            self._client.get(path, params)
        except TransportError as error:
            return Finding("error", f"{self.name}: {what}", error.message, error.remedy)
        return Finding("ok", f"{self.name}: {what}", "can be read")

    def _limit(self) -> Finding:
        subject = f"{self.name}: calls"
        try:
            left = self._client.get("/auth/rate_limit").json()["data"]
            limit, remaining = int(left["X-RateLimit-Limit"]), int(left["X-RateLimit-Remaining"])
        except (TransportError, LookupError, TypeError, ValueError):
            return Finding("ok", subject, "the account does not tell how many calls are left")
        told = f"{remaining:,} of {limit:,} calls left for {left['X-RateLimit-Reset']} s"
        if remaining * 5 >= limit:
            return Finding("ok", subject, told)
        return Finding("warning", subject, told, "Run later, or ask OneLogin for a larger limit.")
