"""Which pages of a list a test fails."""

from __future__ import annotations

import os

MOST = int(os.environ.get("SEATWISE_PAGES", "6"))
"""Pages of one list that fail one after the other; more of them on a day with time."""


def positions(pages: int, *, many: bool) -> list[int]:
    """The page in the middle; with `many` also the first, the last and others between them.

    Each costs a read of the whole list, so that every page would take the square of their number.
    """
    if not many:
        return [pages // 2]
    return sorted({0, pages // 2, pages - 1, *range(0, pages, max(1, pages // MOST))})
