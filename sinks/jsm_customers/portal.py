"""One Cloud site: its users, and who of them is where in its service management."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import ClassVar

from provisioning.model.text import fold
from sinks.kit.required import require_texts
from sinks.kit.service_desk import API, Circle, ServiceDesk
from transport.errors import NotFound
from transport.pages import follow_until_empty
from transport.reply import Reply
from transport.shape import Row, object_of, rows_of, text_in

JIRA = "rest/api/3"
USERS_A_PAGE = 1000


class Portal(ServiceDesk):
    """One site."""

    key: ClassVar[str] = "accountId"

    def create(self, email: str, name: str) -> str:
        """Make a customer."""
        strict = {"strictConflictStatusCode": "true"}
        reply = self.client.write("POST", f"{API}/customer", {"email": email, "displayName": name}, strict)
        return text_in(object_of(reply), "accountId", reply)

    def members(self, account_id: str) -> dict[str, list[str]]:
        """Name somebody by the account."""
        return {"accountIds": [account_id]}

    def users(self) -> Iterator[Row]:
        """Read all users of the site, customers among them; only an empty page is the end."""

        def fetch(start: int) -> Reply:
            params = {"startAt": str(start), "maxResults": str(USERS_A_PAGE)}
            return self.client.get(f"{JIRA}/users/search", params)

        return chain.from_iterable(follow_until_empty(fetch, _users))

    def user(self, account_id: str) -> Row | None:
        """Read one user; None where the site knows none."""
        try:
            reply = self.client.get(f"{JIRA}/user", {"accountId": account_id})
        except NotFound:
            return None
        return require_texts([object_of(reply)], ("accountId",), reply)[0]

    def find(self, email: str) -> list[Row]:
        """Find the users with an address: somebody may have a customer's account and one of the directory."""
        reply = self.client.get(f"{JIRA}/user/search", {"query": email, "maxResults": "50"})
        rows = require_texts(rows_of(reply), ("accountId",), reply)
        return [row for row in rows if fold(row.get("emailAddress") or "") == fold(email)]

    def organisations_of(self, account_id: str) -> list[Circle]:
        """Read the organisations a person is in."""
        return self.organisations(accountId=account_id)

    def desks_of(self, user: Row, desks: Sequence[Circle]) -> list[Circle]:
        """Find the desks a person is a customer of."""
        query = str(user.get("emailAddress") or user.get("displayName"))
        calls = (partial(self._customers, desk, query) for desk in desks)
        answers = zip(desks, self.client.in_parallel(calls), strict=True)
        return [desk for desk, rows in answers if any(row["accountId"] == user["accountId"] for row in rows)]

    def caller(self) -> str:
        """Return the account whose token it is."""
        reply = self.client.get(f"{JIRA}/myself")
        return text_in(object_of(reply), "accountId", reply)

    def _customers(self, desk: Circle, query: str) -> list[Row]:
        return list(self.all(desk.path, (self.key,), query=query))


def _users(reply: Reply) -> list[Row]:
    return require_texts(rows_of(reply), ("accountId",), reply)
