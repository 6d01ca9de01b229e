"""Whether a listing that states its total came whole.

There is no snapshot of a listing in pages: who is removed meanwhile shifts the others, and then one may
stand on no page at all. So rows are told apart by their identifiers; a listing whose total shrank, or
that brought fewer or more rows than it promised, raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from transport.errors import PageLoop
from transport.reply import Reply
from transport.shape import malformed

SHIFTED = "Run again: entries were removed while the list was read."
SHORT = "Run again; if it stays, report it to the service: its lists are not whole."
LOOP = "Report it to the service, or try another way of paging in the connection: its pages repeat."


class Tally:
    """Counts the rows that came against those that were promised.

    Args:
        promised: rows the first page says there are.
        first: the first page.
        shifts: whether rows shift to other pages when one is removed.

    Attributes:
        promised: as given.
        least, most: the smallest and the largest number any page said.
    """

    def __init__(self, promised: int, first: Reply, *, shifts: bool = True) -> None:
        self.promised = self.least = self.most = promised
        self._first, self._shifts = first, shifts
        self._seen: set[Any] = set()
        self._nameless = 0

    def add(self, ids: Sequence[Any], total: int | None, reply: Reply) -> None:
        """Count a page in.

        Args:
            ids: identifiers of its rows, None for a row without one.
            total: rows it says there are; None where it does not say.
            reply: where it came from.

        Raises:
            Malformed: rows were removed meanwhile.
        """
        self.most = max(self.most, total or 0)
        if total is not None and total < self.least:
            if self._shifts:
                raise malformed(f"of {self.promised} rows {total} are left", reply, SHIFTED)
            self.least = total
        self._nameless += ids.count(None)
        self._seen.update(ids)
        self._seen.discard(None)

    def refuse_repeat(self, ids: Sequence[Any], reply: Reply) -> None:
        """Raise if a page brings only rows that came before.

        Raises:
            PageLoop: it does.
        """
        if ids and not self.has_new(ids):
            message = "the page repeats rows of earlier pages"
            error = PageLoop(message, method=reply.method, url=reply.url, status=reply.status, remedy=LOOP)
            error.page = reply.page
            raise error

    def has_new(self, ids: Iterable[Any]) -> bool:
        """Return whether some of these rows did not come before."""
        return not self._seen.issuperset(ids)

    @property
    def came(self) -> int:
        """Rows that came so far, each once."""
        return len(self._seen) + self._nameless

    def settle(self, wanted: int) -> None:
        """Raise unless so many rows came, and no more than any page said there are.

        Raises:
            Malformed: fewer or more came.
        """
        if not wanted <= self.came <= max(wanted, self.most):
            raise malformed(f"{wanted} rows were promised and {self.came} came", self._first, SHORT)
