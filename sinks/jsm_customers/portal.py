"""Listings of one site's service management: desks, organisations, who is in them, and the site's users.

Pages state no total; the last one says so, and a short one is not the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple

from provisioning.model.text import fold
from sinks.kit.optional import unless_refused
from sinks.kit.required import require_texts
from transport.client import Client
from transport.errors import NotFound
from transport.pages import follow_offsets, follow_until_empty
from transport.reply import Reply
from transport.shape import Row, malformed, object_of, rows_in, rows_of, text_in

API, JIRA = "rest/servicedeskapi", "rest/api/3"
DESK = "desk:"
"""How the identifier and the name of a group begin that stands for the customers of a desk."""
USERS_A_PAGE = 1000


class Circle(NamedTuple):
    """People the site keeps together, as a group: an organisation, or the customers of a desk.

    Attributes:
        group_id: identifier; of a desk it begins with `DESK`.
        name: of an organisation its own, of a desk `DESK` and the key of its project.
        modifiable: whether people may be put in and taken out.
        unread: whether the site refused to tell who is in it.
    """

    group_id: str
    name: str
    modifiable: bool = True
    unread: bool = False

    @property
    def number(self) -> str:
        """The number under which the site knows it."""
        return self.group_id.removeprefix(DESK)

    @property
    def path(self) -> str:
        """Where its people are listed, put in and taken out."""
        desk = self.group_id.startswith(DESK)
        return (
            f"{API}/servicedesk/{self.number}/customer" if desk else f"{API}/organization/{self.number}/user"
        )


class Portal:
    """One site.

    Args:
        client: requests go through it.
        page_size: rows a page.
    """

    def __init__(self, client: Client, page_size: int) -> None:
        self._client, self._size = client, page_size

    def desks(self) -> list[Circle]:
        """Read the service desks."""
        rows = self._all(f"{API}/servicedesk", ("id", "projectKey"))
        return [Circle(f"{DESK}{row['id']}", f"{DESK}{row['projectKey']}") for row in rows]

    def organisations(self) -> list[Circle]:
        """Read the organisations of the site."""
        return [_organisation(row) for row in self._all(f"{API}/organization", ("id", "name"))]

    def of_desk(self, desk: Circle) -> list[Circle]:
        """Read the organisations on one desk."""
        rows = self._all(f"{API}/servicedesk/{desk.number}/organization", ("id", "name"))
        return [_organisation(row) for row in rows]

    def people(self, circles: Sequence[Circle]) -> list[tuple[Circle, list[Row]]]:
        """Read who is in each; one that is refused is marked as unread."""
        calls = (partial(self._people, circle) for circle in circles)
        answers = self._client.in_parallel(calls)
        return [
            (circle if rows is not None else circle._replace(unread=True), rows or [])
            for circle, rows in zip(circles, answers, strict=True)
        ]

    def users(self) -> Iterator[Row]:
        """Read all users of the site, customers among them; only an empty page is the end."""

        def fetch(start: int) -> Reply:
            params = {"startAt": str(start), "maxResults": str(USERS_A_PAGE)}
            return self._client.get(f"{JIRA}/users/search", params)

        return chain.from_iterable(follow_until_empty(fetch, _users))

    def user(self, account_id: str) -> Row | None:
        """Read one user; None where the site knows none."""
        try:
            reply = self._client.get(f"{JIRA}/user", {"accountId": account_id})
        except NotFound:
            return None
        return require_texts([object_of(reply)], ("accountId",), reply)[0]

    def find(self, email: str) -> list[Row]:
        """Find the users with an address: somebody may have a customer's account and one of the directory."""
        reply = self._client.get(f"{JIRA}/user/search", {"query": email, "maxResults": "50"})
        rows = require_texts(rows_of(reply), ("accountId",), reply)
        return [row for row in rows if fold(row.get("emailAddress") or "") == fold(email)]

    def organisations_of(self, account_id: str) -> list[Circle]:
        """Read the organisations a person is in."""
        rows = self._all(f"{API}/organization", ("id", "name"), accountId=account_id)
        return [_organisation(row) for row in rows]

    def desks_of(self, user: Row, desks: Sequence[Circle]) -> list[Circle]:
        """Find the desks a person is a customer of."""
        query = str(user.get("emailAddress") or user.get("displayName"))
        calls = (partial(self._list, desk.path, ("accountId",), query=query) for desk in desks)
        answers = zip(desks, self._client.in_parallel(calls), strict=True)
        return [desk for desk, rows in answers if any(row["accountId"] == user["accountId"] for row in rows)]

    def caller(self) -> str:
        """Return the account whose token it is."""
        reply = self._client.get(f"{JIRA}/myself")
        return text_in(object_of(reply), "accountId", reply)

    def first(self, path: str) -> object:
        """Read a page of one row."""
        return _values(self._client.get(f"{API}/{path}", {"start": "0", "limit": "1"}))

    def _people(self, circle: Circle) -> list[Row] | None:
        read: Callable[[], list[Row] | None] = partial(self._list, circle.path, ("accountId",))
        return unless_refused(f"people of {circle.name}", read, None)

    def _list(self, path: str, needed: Sequence[str], **query: str) -> list[Row]:
        return list(self._all(path, needed, **query))

    def _all(self, path: str, needed: Sequence[str], **query: str) -> Iterator[Row]:
        read = 0

        def fetch(start: int) -> Reply:
            return self._client.get(path, {**query, "start": str(start), "limit": str(self._size)})

        def next_start(reply: Reply) -> int | None:
            nonlocal read
            read += len(_values(reply))
            last = object_of(reply).get("isLastPage")
            if not isinstance(last, bool):
                raise malformed("the page does not say whether it is the last", reply)
            return None if last else read

        for reply in follow_offsets(fetch, next_start):
            yield from require_texts(_values(reply), needed, reply)


def _values(reply: Reply) -> list[Row]:
    return rows_in(object_of(reply), "values", reply)


def _users(reply: Reply) -> list[Row]:
    return require_texts(rows_of(reply), ("accountId",), reply)


def _organisation(row: dict[str, Any]) -> Circle:
    return Circle(str(row["id"]), str(row["name"]))
