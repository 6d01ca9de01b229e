"""How raw values become a screened frame: JSON rows by column, columns by type.

Validation has a fixed price of some tens of milliseconds, so connectors gather `BATCH` rows of many
pages before they screen them, and they keep of each page only the columns they need. Larger batches
would hold more in memory and, of many pages, wait with their work until the last one has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import compress
from operator import itemgetter
from types import NoneType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from provisioning.frames import Frame, Rejects, Screened, columns, complete, concat, empty, screen

BATCH = 25_000
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
"""What pandas calls `str`."""
_TIME = pd.DatetimeTZDtype("us", "UTC")

Instants = Callable[["pd.Series[str]"], "pd.Series[pd.Timestamp]"]


class Columns:
    """Gathers JSON rows by column, so that no row object outlives its page.

    A listing that moves while it is read may name a row twice; the first one is kept.

    Args:
        fields: for each column the dotted path of the JSON field that fills it, at most two deep.
        key: the column that tells rows apart.
    """

    def __init__(self, fields: Mapping[str, str], key: str) -> None:
        self._values: dict[str, list[Any]] = {name: [] for name in fields}
        self._parents: dict[str, dict[str, str]] = {}
        for name, path in fields.items():
            parent, _, field = path.rpartition(".")
            self._parents.setdefault(parent, {})[name] = field
        self._key = key
        self._seen: set[Any] = {None}

    @property
    def gathered(self) -> int:
        """Rows gathered since the last `take`."""
        return len(self._values[self._key])

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append the fields of a page; an absent field is null."""
        page = self._page(rows)
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

    def _page(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[Any]]:
        page: dict[str, Sequence[Any]] = {}
        for parent, fields in self._parents.items():
            page.update(_fields(_inner(rows, parent) if parent else rows, fields))
        return page


def _inner(rows: Sequence[Mapping[str, Any]], parent: str) -> list[Mapping[str, Any]]:
    """The objects in one field; anything else there counts as absent."""
    found = [row.get(parent) for row in rows]
    return [value if type(value) is dict else {} for value in found]


def _fields(rows: Sequence[Mapping[str, Any]], fields: Mapping[str, str]) -> dict[str, Sequence[Any]]:
    """The values of fields by column; those every row has are taken at once."""
    usual = [name for name, field in fields.items() if rows and field in rows[0]]
    page: dict[str, Sequence[Any]] = {}
    if len(usual) > 1:
        with suppress(KeyError):
            values = zip(*map(itemgetter(*(fields[name] for name in usual)), rows), strict=True)
            page = dict(zip(usual, values, strict=True))
    rest = {name: field for name, field in fields.items() if name not in page}
    return page | {name: [row.get(field) for row in rows] for name, field in rest.items()}


def batches(
    pages: Iterable[Sequence[Mapping[str, Any]]], fields: Mapping[str, str], *, key: str
) -> Iterator[dict[str, list[Any]]]:
    """Gather pages into batches of columns; the last one may be small, none is empty."""
    rows = Columns(fields, key)
    for page in pages:
        rows.add(page)
        if rows.gathered >= BATCH:
            yield rows.take()
    if rows.gathered:
        yield rows.take()


def gathered(model: type[Frame], pages: Iterable[Screened]) -> Screened:
    """Join the rows of all pages, and what could not be read of them."""
    whole = list(pages)
    frame = concat(model, [page.frame for page in whole])
    return Screened(frame, concat(Rejects, [page.rejects for page in whole]))


def iso_times(values: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Instants of ISO 8601 texts, with any number of fractional digits; the unreadable are null."""
    # Usual columns state an offset everywhere or nowhere; those are read at once.
    for zone in ("UTC", None) if values.dtype == _TEXT else ():
        with suppress(pa.ArrowInvalid):
            times: pd.Series = pa.array(values).cast(pa.timestamp("us", zone)).to_pandas()
            return (times if zone else times.dt.tz_localize("UTC")).set_axis(values.index)
    return pd.to_datetime(values, utc=True, format="ISO8601", errors="coerce")


def screened(
    model: type[Frame],
    raw: Mapping[str, Any],
    *,
    origin: str,
    key: str,
    instants: Instants = iso_times,
) -> Screened:
    """Type the raw columns and screen them: an unreadable value becomes null and is reported.

    Args:
        model: frame to build.
        raw: values by column: sequences of one length, or a scalar for all rows.
        origin: source or target, for the report.
        key: column that names a row in the report.
        instants: how the texts of time columns are read; the unreadable become null.

    Returns:
        Valid rows, and what could not be read of all rows.
    """
    sorts = _sorts(model)
    texts = {name: _plain(values) for name, values in raw.items() if isinstance(values, list)}
    kinds = {name: set(map(type, raw[name])) for name, plain in texts.items() if plain is None}
    frame = pd.DataFrame(
        {name: _typed(raw[name], sorts[name], texts.get(name)) for name in columns(model) if name in raw}
    )
    rejects = [_structures(raw, kinds, frame[key], origin)]
    for name in frame.columns:
        if sorts[name] == "time" and not isinstance(frame[name].dtype, pd.DatetimeTZDtype):
            parsed = instants(frame[name])
            lost = frame[name].notna() & parsed.isna()
            if lost.any():
                keys, values = frame.loc[lost, key], frame.loc[lost, name]
                rejects.append(reject(keys, name, values, "not a date", origin=origin))
            frame[name] = parsed.astype(_TIME)
    good = screen(model, _whole(model, frame), origin=origin, key=key)
    return Screened(good.frame, concat(Rejects, [*rejects, good.rejects]))


def _whole(model: type[Frame], frame: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of texts and times that nothing fills, as nulls of their type."""
    types, sorts = empty(model).dtypes, _sorts(model)
    missing = [name for name in columns(model) if name not in frame.columns and sorts[name] != "other"]
    return frame.assign(**{name: pd.Series(index=frame.index, dtype=types[name]) for name in missing})


def reject(
    key: Any, field: str, value: Any, problem: Any, *, origin: str, remedy: str | None = None
) -> pd.DataFrame:
    """A Rejects frame of one problem: `key`, `value` and `problem` may be columns or scalars."""
    if isinstance(key, pd.Series) and key.empty:
        return empty(Rejects)
    remedy = remedy or f"correct the value in {origin}, then run again"
    told = {
        "origin": origin,
        "key": key,
        "field": field,
        "value": value,
        "problem": problem,
        "remedy": remedy,
    }
    index = key.index if isinstance(key, pd.Series) else [0]
    return complete(Rejects, pd.DataFrame(told, index=index).reset_index(drop=True))


@cache
def _sorts(model: type[Frame]) -> dict[str, str]:
    """For each column of a model: text, time or other."""
    return {name: _sort(str(column.dtype)) for name, column in model.to_schema().columns.items()}


def _sort(dtype: str) -> str:
    if dtype.startswith("str"):
        return "text"
    return "time" if "datetime" in dtype else "other"


def _plain(values: list[Any]) -> pa.Array | None:
    """A column of texts and nulls alone; None when there is anything else in it."""
    try:
        return pa.array(values, type=pa.large_string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return None


def _typed(values: Any, sort: str, texts: pa.Array | None) -> Any:
    """A column of its sort; in texts numbers keep their own words, structures and empty texts are null."""
    if sort == "other" or not isinstance(values, list):
        return values
    if texts is None:
        texts = _words(values)
    empty_texts = pc.equal(texts, "")
    if pc.any(empty_texts).as_py():
        texts = pc.if_else(empty_texts, pa.scalar(None, pa.large_string()), texts)
    return pd.Series(texts, dtype=_TEXT)


def _words(values: list[Any]) -> pa.Array:
    """Anything as text; structures are null."""
    if set(map(type, values)) <= {int, NoneType}:
        with suppress(OverflowError):
            return pa.array(values, type=pa.int64()).cast(pa.large_string())
    words = [None if v is None or isinstance(v, (list, dict)) else str(v) for v in values]
    return pa.array(words, type=pa.large_string())


def _structures(
    raw: Mapping[str, Any], kinds: Mapping[str, set[type]], keys: pd.Series[str], origin: str
) -> pd.DataFrame:
    """Report lists and objects that stand where a text is required."""
    problem = "a structure where a text is required"
    found = [
        reject(keys.iloc[row], name, str(value)[:200], problem, origin=origin)
        for name, present in kinds.items()
        if {list, dict} & present
        for row, value in enumerate(raw[name])
        if isinstance(value, (list, dict))
    ]
    return concat(Rejects, found)
