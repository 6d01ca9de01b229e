"""OneLogin: what it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel

from provisioning.model.by_column import Fields, batches
from provisioning.model.findings import Finding
from provisioning.model.frames import Identities, Memberships, Rejects, concat
from provisioning.model.intake import gathered
from provisioning.model.merge import Delta, FeedLost
from provisioning.model.screening import Screened
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.terms import State
from provisioning.model.text import matches
from provisioning.model.unread import say_nobody
from sources.kit.checks import check_patterns, check_read
from sources.kit.members import Members, batched
from sources.kit.states import screen_people
from sources.onelogin import feed
from sources.onelogin.auth import OneLoginToken
from sources.onelogin.fields import FIELDS, STATE_WORDS, STATES, STATUS_WORDS
from sources.onelogin.options import OneLoginOptions
from sources.onelogin.pages import follow_numbers
from transport.client import Client
from transport.door import Door
from transport.errors import TransportError
from transport.server_clock import since, stamp
from transport.shape import Row, number_in_text, object_in, object_of

T = TypeVar("T")


class OneLogin:
    """One OneLogin account."""

    kind: ClassVar[str] = OneLoginOptions.kind
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
        now = feed.count_users(self._client)
        if now is None:
            return None
        roles = feed.count_roles(self._client)
        return str(feed.Checkpoint(stamp(now.at), roles, feed.find_role_events(self._client)))

    def delta(self, checkpoint: str, before: SourceSnapshot) -> Delta:
        """Users who changed or signed in, and every role once one may have changed.

        Raises:
            FeedLost: users are gone of whom nothing is told.
        """
        then, now = feed.Checkpoint.parse(checkpoint), feed.count_users(self._client)
        if now is None:
            raise FeedLost("the account no longer says how many users there are")
        start, count = since(then.at), feed.count_roles(self._client)
        people = gathered(Identities, self._people({"updated_since": stamp(start)}))
        known = {*before.identities["source_id"], *people.frame["source_id"]}
        again = feed.may_roles_have_changed(self._client, then, now, count)
        roles = gathered(Memberships, self.memberships() if again else ())
        return Delta(
            str(then._replace(at=stamp(now.at), roles=count)),
            identities=people.frame,
            gone=feed.find_deleted(self._client, start, now.users, known),
            memberships=roles.frame,
            groups={*before.memberships["group_id"], *roles.frame["group_id"]} if again else (),
            sign_ins=feed.frame_sign_ins(self._signed_in(stamp(start))),
            rejects=concat(Rejects, [people.rejects, roles.rejects]),
        )

    def check(self) -> list[Finding]:
        """Say whether the credential reads users and roles, and what is left of the hour."""
        return [
            check_read(f"{self.name}: users", lambda: self._client.get("/api/2/users", {"limit": 1})),
            check_read(
                f"{self.name}: roles",
                lambda: self._client.get("/api/2/roles", {"limit": 1, "fields": "id,name,users"}),
            ),
            *check_patterns(self.name, "roles", self._options.groups, self._role_names, what="role"),
            self._check_calls_left(),
        ]

    @cached_property
    def _client(self) -> Client:
        options = self._options
        auth = OneLoginToken(
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

    def _people(self, query: dict[str, str]) -> Iterator[Screened]:
        fields = self._fields | {"state": "state", "status": "status"}
        wanted = ",".join(dict.fromkeys(path.partition(".")[0] for path in fields.values()))
        pages = self._list("/api/2/users", wanted, query, Fields(fields))
        for columns in batches(pages, key="source_id"):
            yield self._screen(columns)

    def _signed_in(self, start: str) -> Iterator[list[Row]]:
        """Who signed in; nobody where another field holds the last sign-in, which counts as a change."""
        if self._fields["last_sign_in"] != FIELDS["last_sign_in"]:
            return iter(())
        return self._list("/api/2/users", "id,last_login", {"last_login_since": start}, list)

    def _list(
        self,
        path: str,
        fields: str,
        query: dict[str, str],
        read: Callable[[list[Row]], T],
    ) -> Iterator[T]:
        options = self._options
        params = {"fields": fields, **query}
        return follow_numbers(self._client, path, params, options.page_size, options.workers, read)

    def _roles(self) -> Iterator[Members]:
        seen: set[int] = set()
        for page in self._list("/api/2/roles", "id,name,users", {}, list):
            fresh = [role for role in page if role["id"] not in seen and self._is_wanted(role)]
            seen.update(role["id"] for role in page)
            silent = [role for role in fresh if role.get("users") is None]
            calls = (partial(self._list_members, role) for role in silent)
            asked = self._client.in_parallel(calls, workers=self._options.workers) if silent else iter(())
            for role in fresh:
                ids = next(asked) if role.get("users") is None else role["users"]
                yield _members(role, ids)

    def _role_names(self) -> Iterator[str]:
        return (
            role.get("name") or ""
            for page in self._list("/api/2/roles", "id,name", {}, list)
            for role in page
        )

    def _is_wanted(self, role: Row) -> bool:
        return matches(role.get("name") or "", self._options.groups)

    def _list_members(self, role: Row) -> list[int]:
        """Return the members of a role that was listed without them."""
        path = f"/api/2/roles/{role['id']}/users"
        pages = follow_numbers(self._client, path, {}, self._options.page_size, 1, list)
        return [user["id"] for page in pages for user in page]

    def _screen(self, columns: dict[str, list[Any]]) -> Screened:
        pairs = list(zip(columns.pop("state"), columns.pop("status"), strict=True))
        words = {pair: _state_words(*pair) for pair in set(pairs)}
        meanings = {both: self._meaning(both, alone) for both, alone in words.values()}
        columns["source_state"] = [words[pair][0] for pair in pairs]
        known = {both: state for both, state in meanings.items() if state is not None}
        return screen_people(self.name, columns, columns["source_state"], known)

    def _meaning(self, both: str, alone: str) -> State | None:
        """Return what the two words mean together, else what the one that counts means by itself."""
        meanings = STATES | self._options.states
        return meanings.get(both, meanings.get(alone))

    def _check_calls_left(self) -> Finding:
        subject = f"{self.name}: calls"
        try:
            reply = self._client.get("/auth/rate_limit")
            left = object_in(object_of(reply), "data", reply)
            limit, remaining, seconds = (
                number_in_text(left.get(f"X-RateLimit-{name}"), name, reply)
                for name in ("Limit", "Remaining", "Reset")
            )
        except TransportError:
            return Finding("ok", subject, "the account does not say how many calls are left")
        message = f"{remaining:,} of {limit:,} calls left for {seconds} s"
        if remaining * 5 >= limit:
            return Finding("ok", subject, message)
        return Finding("warning", subject, message, "Run later, or ask OneLogin for a larger limit.")


def _members(role: Row, stated: Any) -> Members:
    """Return the members of a role: numbers, or users with an `id`; of others nobody can say who they are."""
    told = stated if isinstance(stated, list) else [stated]
    numbers = [user.get("id") if isinstance(user, dict) else user for user in told]
    ids = [n for n in numbers if isinstance(n, int | str) and str(n).isdecimal()]
    odd = len(told) - len(ids)
    problem = say_nobody(odd, "without a number") if odd else None
    return Members(str(role["id"]), role.get("name"), [*dict.fromkeys(map(str, ids))], problem=problem)


def _state_words(state: Any, status: Any) -> tuple[str, str]:
    """Return the words for a pair of numbers: both, and the one that counts where both mean nothing."""
    words = STATE_WORDS.get(state, f"state {state}"), STATUS_WORDS.get(status, f"status {status}")
    return " ".join(words), words[1] if words[0] == "approved" else words[0]
