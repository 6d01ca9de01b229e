"""Google's Directory API: its pages, its limit, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sources.kit.budget import Budget
from transport.client import Client
from transport.errors import Forbidden
from transport.pages import follow_cursor
from transport.reply import Reply
from transport.shape import Row, malformed, object_of, rows_in

PATH = "/admin/directory/v1/"
TOO_SOON = frozenset({"userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded"})
"""Reasons that say: later. Google gives them under 403 as well, where others say: never."""
REMEDIES = {
    "accessNotConfigured": "Enable the Admin SDK API in the Google Cloud project of the service account.",
    "domainCannotUseApis": "Let an administrator of the domain switch on API access in the Admin console.",
    "forbidden": "Give the administrator that `subject` names the privileges to read users and groups.",
    "insufficientPermissions": "Authorise the service account for both scopes in the Admin console.",
}


def status_of(status: int, body: Any) -> int:
    """Return the status a refusal stands for: one that came too soon is 429, whatever it bears."""
    return 429 if status == 403 and reason_of(body) in TOO_SOON else status


def reason_of(body: Any) -> str | None:
    """Return Google's word for why it refused."""
    error = body.get("error") if isinstance(body, dict) else None
    details = error.get("errors") if isinstance(error, dict) else None
    first = details[0] if isinstance(details, list) and details else None
    return first.get("reason") if isinstance(first, dict) else None


class Page(NamedTuple):
    """Rows of a listing, and the answer they came in."""

    rows: list[Row]
    reply: Reply


class Directory:
    """The directory of one customer.

    Args:
        client: the API's host.
        customer: which customer, `my_customer` for the administrator's own.
        budget: what the minute allows.
    """

    def __init__(self, client: Client, customer: str, budget: Budget) -> None:
        self.client, self._customer, self._budget = client, customer, budget

    def get(self, path: str, params: Mapping[str, Any]) -> Reply:
        """Read a path below the API.

        Raises:
            TransportError: by its next step; Google's reason decides what that is.
        """
        try:
            with self._budget.spend(1):
                return self.client.get(PATH + path, params)
        except Forbidden as refused:
            refused.remedy = REMEDIES.get(reason_of(refused.body) or "", refused.remedy)
            raise

    def customers(self, what: str, params: Mapping[str, Any], fields: str) -> Iterator[Page]:
        """Yield the pages of a listing of the customer: `users` or `groups`."""
        return self.pages(what, what, {"customer": self._customer, **params}, fields)

    def pages(self, path: str, what: str, params: Mapping[str, Any], fields: str) -> Iterator[Page]:
        """Yield the pages of a listing.

        Google leaves the list out where a page is empty, so a document counts as the listing by its kind
        alone; but a page without rows that names a next one is no page.

        Args:
            path: below the API.
            what: name of the list in a page.
            params: what is asked for.
            fields: of a row, the fields to tell.

        Raises:
            Malformed: a page is not of the listing.
            PageLoop: a page names one that was read before.
            TransportError: a page failed; its number is in `page`.
        """
        told = {**params, "fields": f"kind,nextPageToken,{what}({fields})"}

        def fetch(token: str | None) -> Reply:
            return self.get(path, told if token is None else {**told, "pageToken": token})

        for reply in follow_cursor(fetch, _next_token):
            yield Page(_rows(reply, what), reply)


def _next_token(reply: Reply) -> str | None:
    token = object_of(reply).get("nextPageToken")
    if token is not None and not isinstance(token, str):
        raise malformed("`nextPageToken` is no text", reply)
    return token


def _rows(reply: Reply, what: str) -> list[Row]:
    body = object_of(reply)
    if body.get("kind") != f"admin#directory#{what}":
        raise malformed(f"the answer is no list of {what}; its `kind` is {body.get('kind')!r}", reply)
    if what not in body and not body.get("nextPageToken"):
        return []
    return rows_in(body, what, reply)
