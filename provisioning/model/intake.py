"""How raw columns become a screened frame, each of its type; `by_column` takes them out of JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cache, partial
from types import NoneType
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from provisioning.model.addresses import in_one_form
from provisioning.model.cleaning import check_addresses, clean
from provisioning.model.frames import Accounts, Frame, Identities, Rejects, complete, concat, empty
from provisioning.model.screening import Screened, screen

_AT_ONCE = 2_000
"""Rows whose texts are copied together: in memory those of a row are neighbours, not those of a column."""
_TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
"""What pandas calls `str`."""
_LARGE = pa.large_string()
_TIME = pd.DatetimeTZDtype("us", "UTC")
_NAIVE = pa.timestamp("us")

_WHOLE_DATE = r"\s*\d{4}(?:[-/. ]\d{1,2}[-/. ]\d{1,2}|\d{4})(?:\D|$)"
"""How an ISO 8601 text begins that names a day; pandas takes `2026-12` for its first one, `now` for now."""
NO_DATE = "not a whole date"

Words: TypeAlias = "pa.Array | pa.ChunkedArray"
Instants = Callable[["pd.Series[str]"], "pd.Series[pd.Timestamp]"]


def gathered(model: type[Frame], pages: Iterable[Screened]) -> Screened:
    """Join the rows of all pages, and what could not be read of them."""
    whole = list(pages)
    frame = concat(model, [page.frame for page in whole])
    return Screened(frame, concat(Rejects, [page.rejects for page in whole]))


def iso_times(values: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Instants of ISO 8601 texts, with any number of fractional digits; the unreadable are null.

    A month or a year alone is unreadable: nobody says which of its days is meant.
    """
    # Usual columns state an offset everywhere or nowhere; those are read at once. The first text tells
    # which, for a failure is dear: every value that cannot be read is put into words.
    for zone in ("UTC", None) if values.dtype == _TEXT else ():
        with suppress(pa.ArrowInvalid):
            for some in (values.dropna()[:1], values):
                read = pa.array(some).cast(pa.timestamp("us", zone)).cast(_NAIVE)
            times = pd.DatetimeIndex(read.to_numpy(zero_copy_only=False)).tz_localize("UTC")
            return pd.Series(times, index=values.index)
    whole = values.where(values.astype("str").str.match(_WHOLE_DATE).fillna(value=False).astype(bool))
    return pd.to_datetime(whole, utc=True, format="ISO8601", errors="coerce")


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
        raw: values by column: lists, series and arrays of one length, or a scalar for all rows.
        origin: source or target, for the report.
        key: column that names a row in the report.
        instants: how the texts of time columns are read; the unreadable become null.
    """
    height = next((len(values) for values in raw.values() if _is_column(values)), 1)
    texts = _texts({name: values for name, values in raw.items() if isinstance(values, list)}, height)
    kinds = {name: set(map(type, raw[name])) for name, plain in texts.items() if plain is None}
    table, unread = {}, {}
    for name, sort in _sorts(model).items():
        if name in raw:
            table[name] = _typed(raw[name], sort, texts.get(name), kinds.get(name), height)
        elif sort != "other":
            table[name] = pd.array(pa.nulls(height, _LARGE), dtype=_TEXT)
        if sort == "time" and not isinstance(table[name].dtype, pd.DatetimeTZDtype):
            table[name], unread[name] = _read_times(table[name], instants)
    frame = pd.DataFrame(table, index=pd.RangeIndex(height), copy=False)
    rejects = [
        reject(frame[key].loc[values.index], name, values, NO_DATE, origin=origin)
        for name, values in unread.items()
        if len(values)
    ]
    rejects += _cleaned(model, frame, key, origin)
    good = screen(model, frame, origin=origin, key=key)
    structures = _structures(raw, kinds, frame[key], origin)
    return Screened(good.frame, concat(Rejects, [structures, *rejects, good.rejects]))


def _cleaned(model: type[Frame], frame: pd.DataFrame, key: str, origin: str) -> list[pd.DataFrame]:
    """Clean the texts of a frame, in place, and report what was odd about them.

    An address has one form, whosever it is. That it must be one is asked of people alone; what else an
    account bears as its address, its target decides.
    """

    def report(keys: Any, field: str, values: Any, problem: str, remedy: str | None) -> pd.DataFrame:
        return reject(keys, field, values, problem, origin=origin, remedy=remedy)

    texts = [name for name, sort in _sorts(model).items() if sort == "text" and frame[name].dtype == _TEXT]
    found = list(clean(frame, texts, key, report))
    if model is Accounts:
        frame["email"] = in_one_form(frame["email"])
    wrong = check_addresses(frame, key, report) if model is Identities else None
    return found if wrong is None else [*found, wrong]


def _read_times(texts: Any, instants: Instants) -> tuple[Any, pd.Series[str]]:
    """A column of times, and the texts that cannot be read."""
    stated = pd.Series(texts)
    parsed = instants(stated).astype(_TIME)
    # Whole columns are read; looking for the unread ones costs more than knowing that none is null.
    lost = stated[stated.notna() & parsed.isna()] if parsed.hasnans else stated[:0]
    return parsed.array, lost


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


def _texts(lists: Mapping[str, list[Any]], height: int) -> dict[str, pa.ChunkedArray | None]:
    """Columns of texts and nulls alone; None for those with anything else in them."""
    parts: dict[str, list[pa.Array] | None] = {name: [] for name in lists}
    for start in range(0, max(height, 1), _AT_ONCE):
        for name, values in lists.items():
            if (part := parts[name]) is not None:
                texts = _plain(values[start : start + _AT_ONCE])
                parts[name] = None if texts is None else [*part, texts]
    chunked = partial(pa.chunked_array, type=_LARGE)
    return {name: None if part is None else chunked(part) for name, part in parts.items()}


def _plain(values: list[Any]) -> pa.Array | None:
    try:
        return pa.array(values, type=_LARGE)
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        return None


def _is_column(values: Any) -> bool:
    return isinstance(values, list | pd.Series | pd.api.extensions.ExtensionArray)


def _typed(values: Any, sort: str, texts: Words | None, kinds: set[type] | None, height: int) -> Any:
    """A column of its sort; in texts numbers keep their own words, structures and empty texts are null."""
    if sort == "other" or (_is_column(values) and not isinstance(values, list)):
        return values
    if not isinstance(values, list):
        texts = pa.repeat(_words([values], {type(values)})[0], height)
    elif texts is None:
        texts = _words(values, kinds or set())
    empty_texts = pc.equal(texts, "")
    if pc.any(empty_texts).as_py():
        texts = pc.if_else(empty_texts, pa.scalar(None, _LARGE), texts)
    return pd.array(texts, dtype=_TEXT)


def _words(values: list[Any], kinds: set[type]) -> pa.Array:
    """Anything as text; structures are null."""
    if kinds <= {int, NoneType}:
        with suppress(OverflowError):
            return pa.array(values, type=pa.int64()).cast(_LARGE)
    words = [None if v is None or isinstance(v, (list, dict)) else str(v) for v in values]
    return pa.array(words, type=_LARGE)


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
