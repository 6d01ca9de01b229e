"""Texts that may not go on as they came: control characters, and what is no e-mail address.

Each is reported. A name goes on without its control characters; what is no address goes on as unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from provisioning.model import addresses

_CONTROL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\x{80}-\\x{9f}]"
"""Characters that steer a terminal or end a text; tabs and line breaks are blanks that cells may hold."""
_BLANKS = (9, 10, 13)

Report = Callable[[pd.Series, str, pd.Series, str, str | None], pd.DataFrame]
"""Makes Rejects of keys, a field, values, the problem and its remedy."""


def clean(frame: pd.DataFrame, texts: list[str], key: str, report: Report) -> Iterator[pd.DataFrame]:
    """Take control characters out of the text columns of a frame, in place; yield Rejects.

    An identifier is not mended, for without some of its letters it may be somebody else's: it is dropped.
    """
    for name in texts:
        column = pa.chunked_array(pa.array(frame[name], type=pa.large_string()))
        if not _may_hold_control(column):
            continue
        odd = pc.match_substring_regex(column, _CONTROL).to_pandas().eq(other=True).to_numpy()
        if not odd.any():
            continue
        values = frame[name]
        without = pd.Series(pc.replace_substring_regex(column, _CONTROL, "").to_pandas(), dtype=values.dtype)
        shown = values[odd].map(lambda value: value.encode("unicode_escape").decode())
        frame[name] = values.mask(odd) if name == key else values.mask(odd, without).mask(without == "")
        yield report(frame[key][odd], name, shown, "it holds control characters", None)


def check_addresses(frame: pd.DataFrame, key: str, report: Report) -> pd.DataFrame | None:
    """Bring the column `email` to its normal form, in place; return Rejects of what is no address."""
    checked = addresses.normalise(frame["email"])
    wrong = frame["email"][checked.wrong]
    frame["email"] = checked.normal
    if wrong.empty:
        return None
    return report(frame[key][checked.wrong], "email", wrong, "not an e-mail address", addresses.REMEDY)


def _may_hold_control(column: pa.ChunkedArray) -> bool:
    """Whether a byte of a column may belong to a control character: quicker than to look at each text."""
    return any(_has_low_byte(chunk) for chunk in column.chunks)


def _has_low_byte(chunk: Any) -> bool:
    _, offsets, letters = chunk.buffers()
    if letters is None or not len(chunk):
        return False
    ends = np.frombuffer(offsets, dtype=np.int64)[[chunk.offset, chunk.offset + len(chunk)]]
    data = np.frombuffer(letters, dtype=np.uint8)[ends[0] : ends[1]]
    low = data < 32
    if low.any() and not np.isin(data[low], _BLANKS).all():
        return True
    if not len(data) or data.max() < 0x7F:
        return False
    after = data[1:][data[:-1] == 0xC2]
    return bool((data == 0x7F).any() or (after < 0xA0).any())
