"""Listings that come in pages.

A listing ends only where the service says so: at a page without a next one. A page without rows is
not the end, and every page but a successful one raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from transport.client import Client
from transport.errors import PageLoop, TransportError
from transport.reply import Reply
from transport.wire import Params


def follow_links(client: Client, path: str, params: Params = None) -> Iterator[Reply]:
    """Yield the pages of a listing that names the next one in its Link header.

    Raises:
        PageLoop: a page names one that was read before.
        ForeignHost: a page names one on another host.
        TransportError: a page failed; its number, from 1, is in `page`.
    """

    def fetch(link: str | None) -> Reply:
        return client.get(path, params) if link is None else client.get(link)

    return follow_cursor(fetch, next_link)


def next_link(reply: Reply) -> str | None:
    """Return the address of the page after this one, None on the last."""
    return reply.links.get("next")


def follow_cursor(
    fetch: Callable[[str | None], Reply], next_of: Callable[[Reply], str | None]
) -> Iterator[Reply]:
    """Yield the pages of a listing whose pages hold the token of the next.

    Args:
        fetch: reads the page of a token; of None, the first.
        next_of: returns the token of the page after this one; None or "" on the last.

    Raises:
        PageLoop: a token came twice.
        TransportError: a page failed; its number, from 1, is in `page`.
    """
    token: str | None = None
    seen: set[str] = set()
    while True:
        try:
            reply = fetch(token)
            token = next_of(reply)
            if token in seen:
                raise PageLoop("the token of the next page came before", method=reply.method, url=reply.url)
        except TransportError as error:
            error.page = error.page or len(seen) + 1
            raise
        yield reply
        if not token:
            return
        seen.add(token)
