"""Members of the groups of a Cloud site; one group that is refused costs that group alone."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, Self, TypeVar

from transport.client import Client
from transport.errors import BadRequest, Forbidden, NotFound
from transport.pages import Listings, Page
from transport.shape import Row

log = logging.getLogger(__name__)


class ListedGroup(Protocol):
    """What must be known of a group to read its members and to say that they could not be read."""

    @property
    def group_id(self) -> str:
        """Its identifier."""

    @property
    def name(self) -> str:
        """Its name."""

    def _replace(self, *, unread: bool) -> Self:
        """Return the group marked as read or not."""


G = TypeVar("G", bound=ListedGroup)


class GroupListings(Generic[G]):
    """The members of some groups, read once.

    Args:
        client: sends the requests.
        fetch: reads the page of a group's members that starts at a row.
        groups: the groups.

    Attributes:
        by_group: account ids by group id, of the pages that were taken so far.
    """

    def __init__(self, client: Client, fetch: Callable[[G, int], Page], groups: Sequence[G]) -> None:
        self._listings = Listings[G](client, fetch, may_refuse=(BadRequest, Forbidden, NotFound))
        self._groups = groups
        self.by_group: dict[str, list[str]] = {group.group_id: [] for group in groups}

    def pages(self) -> Iterator[list[Row]]:
        """Yield the pages of all groups.

        Raises:
            TransportError: a page failed, other than by the refusal of a group.
        """
        for group, rows in self._listings.pages(self._groups):
            self.by_group[group.group_id] += [row["accountId"] for row in rows]
            yield rows
        for group, error in self._listings.refused:
            log.warning(
                "group %s: not read, for it was refused (%s). %s", group.name, error.message, error.remedy
            )

    def marked(self) -> list[G]:
        """Return the groups, those that were refused marked as unread; to be asked after the last page."""
        refused = {group.group_id for group, _ in self._listings.refused}
        return [group._replace(unread=True) if group.group_id in refused else group for group in self._groups]
