"""JSON rows by column, before they have types.

Of each page only the columns that are needed are kept (`Fields`), best by the thread that fetched it:
rows that live on have the collector of garbage walk through them again and again. Screening has a fixed
price of some milliseconds, so connectors gather `BATCH` rows of many pages first. Larger batches would
hold more in memory and, of many pages, wait with their work until the last one has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from operator import itemgetter
from types import MappingProxyType
from typing import Any

BATCH = 25_000

Rows = Sequence[Mapping[str, Any]]
Page = Mapping[str, Sequence[Any]]
"""Values by column."""
Made = Mapping[str, Callable[[Rows], Sequence[Any]]]
NOTHING_MADE: Made = MappingProxyType({})


class Fields:
    """Takes columns out of JSON rows; an absent field is null.

    Args:
        fields: for each column the dotted path of the JSON field that fills it, at most two deep.
        made: paths that are no fields; of a page, the values are worked out.

    Attributes:
        names: the columns.
    """

    def __init__(self, fields: Mapping[str, str], made: Made = NOTHING_MADE) -> None:
        self.names = tuple(fields)
        self._made = {name: made[path] for name, path in fields.items() if path in made}
        self._parents: dict[str, dict[str, str]] = {}
        for name, path in fields.items():
            if path in made:
                continue
            parent, _, field = path.rpartition(".")
            self._parents.setdefault(parent, {})[name] = field

    def __call__(self, rows: Rows) -> Page:
        """Return the columns of a page."""
        page = {name: make(rows) for name, make in self._made.items()}
        for parent, fields in self._parents.items():
            told = _inner(rows, parent) if parent else rows
            page.update((name, values_of(told, field)) for name, field in fields.items())
        return page


class Columns:
    """Gathers pages.

    A listing that moves while it is read may name a row twice; the first one is kept.

    Args:
        names: the columns.
        key: the one that tells rows apart.
    """

    def __init__(self, names: Iterable[str], key: str) -> None:
        self._values: dict[str, list[Any]] = {name: [] for name in names}
        self._key = key
        self._seen: set[Any] = {None}

    @property
    def gathered(self) -> int:
        """Rows gathered since the last `take`."""
        return len(self._values[self._key])

    def add(self, page: Page) -> None:
        """Append a page."""
        fresh = self._fresh(page[self._key])
        for name, values in page.items():
            self._values[name].extend(values if fresh is None else compress(values, fresh))

    def take(self) -> dict[str, list[Any]]:
        """The gathered values by column; nothing is gathered afterwards."""
        taken = self._values
        self._values = {name: [] for name in taken}
        return taken

    def _fresh(self, keys: Sequence[Any]) -> list[bool] | None:
        """Which rows did not come before, those without a key among them; None when all did not."""
        distinct = set(keys)
        if len(distinct) == len(keys) and self._seen.isdisjoint(distinct):
            self._seen |= distinct
            return None
        return [self._is_new(key) for key in keys]

    def _is_new(self, value: Any) -> bool:
        known = value in self._seen
        self._seen.add(value)
        return value is None or not known


def values_of(rows: Rows, field: str) -> list[Any]:
    """The values of a field, null where it is absent."""
    try:  # Most fields are in every row.
        return list(map(itemgetter(field), rows))
    except KeyError:
        return [row.get(field) for row in rows]


def _inner(rows: Rows, parent: str) -> list[Mapping[str, Any]]:
    """The objects in one field; anything else there counts as absent."""
    found = values_of(rows, parent)
    if set(map(type, found)) == {dict}:
        return found
    return [value if type(value) is dict else {} for value in found]


def batches(pages: Iterable[Page], *, key: str) -> Iterator[dict[str, list[Any]]]:
    """Gather pages of the same columns into batches; the last one may be small, none is empty."""
    rows: Columns | None = None
    for page in pages:
        rows = rows or Columns(page, key)
        rows.add(page)
        if rows.gathered >= BATCH:
            yield rows.take()
    if rows and rows.gathered:
        yield rows.take()
