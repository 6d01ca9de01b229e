"""The users of a tenant: those that are not deleted, those that are, and when they last signed in."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from provisioning.model.by_column import Fields, batches
from provisioning.model.screening import Screened
from sources.entra.batch import chunks
from sources.entra.fields import (
    ATTEMPTS,
    DELETED,
    DISABLED,
    ENABLED,
    EXPAND,
    FACTS,
    FIELDS,
    GUARDED,
    GUEST,
    INVITED,
    MANAGER,
    NOT_STATED,
    PENDING,
    STATES,
    SUCCESS,
)
from sources.entra.graph import Graph
from sources.entra.options import EntraOptions
from sources.kit.budget import Budget
from sources.kit.checks import REFUSED
from sources.kit.states import screen_people
from transport.clock import Clock
from transport.prefetch import prefetch
from transport.shape import Row

log = logging.getLogger(__name__)
USERS, GONE = "/users", "/directory/deletedItems/microsoft.graph.user"
NAMED_AT_ONCE = 15
"""How many identifiers one filter may name."""


@dataclass(frozen=True)
class Way(AbstractContextManager[None]):
    """One way to list users: within it a refusal passes over to the next, if there is one.

    Attributes:
        managers: whether with managers.
        without: the property that is left out.
        last: whether a refusal raises.
    """

    managers: bool
    without: str = ""
    last: bool = False

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        """Say whether an error is only this way's."""
        return isinstance(error, REFUSED) and not self.last


class People:
    """The users of a tenant.

    Args:
        source: name of the connection.
        graph: where they are read.
        options: what of them, and in which portions.
        clock: paces the requests for sign-ins, which have a quota of their own.
    """

    def __init__(self, source: str, graph: Graph, options: EntraOptions, clock: Clock) -> None:
        self.source, self._graph, self._options, self._clock = source, graph, options, clock

    @cached_property
    def _quota(self) -> Budget:
        return Budget(self._options.sign_ins_per_minute, 60.0, self._clock)

    @property
    def properties(self) -> list[str]:
        """What is selected of a user."""
        roots = dict.fromkeys(name.partition(".")[0] for name in self._paths.values())
        return [name for name in roots if name != "manager"]

    @property
    def _paths(self) -> dict[str, str]:
        """Which property fills which column, and those that decide about one."""
        managers = {"manager": MANAGER} if self._options.managers else {}
        return FIELDS | managers | FACTS | self._options.attributes

    def living(self) -> Iterator[list[Row]]:
        """Yield pages of the users that are not deleted.

        What needs a right of its own is left out where it is refused.
        """
        for way in self._ways(managers=self._options.managers):
            with way:
                yield from self._listed(USERS, managers=way.managers, without=way.without)
                return

    def deleted(self) -> Iterator[list[Row]]:
        """Yield pages of the users deleted within the last 30 days."""
        for way in self._ways(managers=False):
            with way:
                yield from self._listed(GONE, without=way.without)
                return

    def only(self, ids: Iterable[str]) -> list[Row]:
        """Return those of these users that are not deleted, as `living` lists them."""
        wanted = list(ids)
        for way in self._ways(managers=self._options.managers):
            with way:
                return self._named(wanted, managers=way.managers, without=way.without)
        raise AssertionError("the last way raises")

    def _ways(self, *, managers: bool) -> Iterator[Way]:
        """Yield how users may be listed, from everything to what no tenant refuses."""
        yield Way(managers)
        log.warning("%s: last working days may not be read, so they are unknown", self.source)
        yield Way(managers, GUARDED, last=not managers)
        if managers:
            log.warning("%s: managers may not be read, so they are unknown", self.source)
            yield Way(False, GUARDED, last=True)

    def sign_ins(self, since: str | None = None) -> dict[str, str | None]:
        """Return the last sign-in of each user; of nobody where they may not be read.

        Args:
            since: only of those who succeeded since then, ISO 8601.
        """
        chosen = {"$filter": f"signInActivity/{SUCCESS} ge {since}"} if since else {}
        return self._signed_in([chosen])

    def sign_ins_of(self, ids: Iterable[str]) -> dict[str, str | None]:
        """Return the last sign-in of each of these users; of nobody where they may not be read."""
        return self._signed_in([{"$filter": named} for named in _filters(ids)])

    def screen(self, columns: dict[str, list[Any]], signed_in: Mapping[str, str | None]) -> Screened:
        """Make Identities of gathered columns."""
        words = _state_words(columns)
        types = zip(columns["user_type"], columns["sort"], strict=True)
        derived = {
            "source_state": words,
            "user_name": _without_prefix(columns),
            "user_type": [kind or (GUEST if sort == GUEST else None) for kind, sort in types],
            "last_sign_in": [signed_in.get(key) for key in columns["source_id"]],
        }
        return screen_people(
            self.source,
            columns | derived,
            words,
            STATES | self._options.states,
            problem=NOT_STATED,
            remedy="give the application User.Read.All; until then the account counts as staged",
            show=lambda _: None,
        )

    def gather(self, pages: Iterable[list[Row]]) -> Iterator[dict[str, list[Any]]]:
        """Gather rows into batches of columns; of rows of one user the first counts."""
        return batches(map(Fields(self._paths), pages), key="source_id")

    def _listed(self, path: str, *, managers: bool = False, without: str = "") -> Iterator[list[Row]]:
        """Read one listing of users."""
        params = self._query(managers=managers, without=without) | {"$top": self._options.page_size}
        return self._graph.pages(path, params, cost=2 if managers else 1)

    def _named(self, ids: list[str], *, managers: bool, without: str = "") -> list[Row]:
        """Read users by their identifiers, many at once."""
        query = "&".join(f"{k}={v}" for k, v in self._query(managers=managers, without=without).items())
        paths = [f"{USERS}?{query}&$filter={named}" for named in _filters(ids)]
        cost = 2 if managers else 1
        return list(self._graph.gather_all(paths, cost, self._options.workers))

    def _query(self, *, managers: bool, without: str) -> dict[str, Any]:
        query: dict[str, Any] = {"$select": ",".join(name for name in self.properties if name != without)}
        return query | {"$expand": EXPAND} if managers else query

    def _signed_in(self, queries: Iterable[Mapping[str, str]]) -> dict[str, str | None]:
        select: dict[str, Any] = {"$select": "id,signInActivity", "$top": self._options.sign_in_page_size}
        last = dict[str, str | None]()
        try:
            for query in queries:
                for page in prefetch(self._graph.pages(USERS, {**select, **query}, budget=self._quota)):
                    last.update((row["id"], _last(row.get("signInActivity"))) for row in page)
        except REFUSED as refusal:
            log.warning("%s: last sign-ins are unknown: %s", self.source, refusal)
            return {}
        return last


def _filters(ids: Iterable[str]) -> list[str]:
    """Return filters that name identifiers, as few as there may be."""
    quoted = (f"'{key}'" for key in ids)
    return [f"id in ({','.join(some)})" for some in chunks(quoted, NAMED_AT_ONCE)]


def _state_words(columns: dict[str, list[Any]]) -> list[str]:
    """Return what each account is, in our words for Graph's properties."""
    on: dict[Any, str] = {True: ENABLED, False: DISABLED}
    facts = zip(columns["enabled"], columns["invitation"], columns["deleted_on"], strict=True)
    return [
        DELETED if gone else INVITED if enabled and asked == PENDING else on.get(enabled, NOT_STATED)
        for enabled, asked, gone in facts
    ]


def _without_prefix(columns: dict[str, list[Any]]) -> list[str | None]:
    """Take the identifier off the sign-in names of deleted users, where Entra puts it to free the name."""
    users = zip(columns["source_id"], columns["user_name"], columns["deleted_on"], strict=True)
    return [name.removeprefix(key.replace("-", "")) if gone and name else name for key, name, gone in users]


def _last(activity: dict[str, str] | None) -> str | None:
    """Return the last success; where none is noted, the last of what is."""
    if not activity:
        return None
    last = activity.get(SUCCESS) or max(activity.get(name) or "" for name in ATTEMPTS)
    # The first day of the calendar stands for never.
    return None if not last or last.startswith("0001") else last
