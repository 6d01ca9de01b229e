"""Joining by numbers gives what joining by the texts themselves gives, except that nulls never join."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.model import keys
from provisioning.model.keys import attach, numbered, translated

KEY = ["target", "account_id"]
_parts = st.tuples(st.sampled_from(["a", "ab", ""]), st.sampled_from(["b", "", "ab", "c"]))


def table(parts: list[tuple[str, str]], value: str) -> pd.DataFrame:
    rows = pd.DataFrame(parts, columns=KEY, dtype="str")
    return rows.assign(**{value: np.arange(len(rows))})


@given(mine=st.lists(_parts, max_size=8), theirs=st.lists(_parts, max_size=8, unique=True))
def test_attaching_is_merging(mine: list[tuple[str, str]], theirs: list[tuple[str, str]]) -> None:
    """In the same order, with the same columns, whether or not rows without a partner stay."""
    rows, others = table(mine, "here"), table(theirs, "there")

    for how in ("left", "inner"):
        merged = rows.merge(others, on=KEY, how=how)
        pd.testing.assert_frame_equal(attach(rows, others, KEY, how=how), merged, check_dtype=bool(mine))


@given(parts=st.lists(_parts, min_size=1, max_size=9), cut=st.integers(0, 9))
def test_numbers_are_alike_where_all_parts_are(parts: list[tuple[str, str]], cut: int) -> None:
    """Of two tables, too; also where there are more combinations than a number can tell apart."""
    first, second = table(parts[:cut], "n"), table(parts[cut:], "n")

    for most in (keys._MOST, 4):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keys, "_MOST", most)
            together = np.concatenate(numbered([first, second], KEY))
        same = {(one, other) for one in range(len(parts)) for other in range(len(parts))}
        assert all((together[a] == together[b]) == (parts[a] == parts[b]) for a, b in same)


def test_nulls_never_join() -> None:
    rows = pd.DataFrame({"target": ["a", None], "account_id": ["1", "2"]}, dtype="str")

    joined = attach(rows, rows.assign(found="yes"), KEY)

    assert joined["found"].fillna("no").tolist() == ["yes", "no"]


def test_a_table_that_must_tell_each_thing_once_may_not_tell_it_twice() -> None:
    twice = table([("a", "1"), ("a", "1")], "n")

    with pytest.raises(pd.errors.MergeError):
        attach(twice[KEY], twice, KEY)
    assert len(attach(twice[KEY], twice, KEY, once=False)) == 4


def test_each_value_is_translated_where_it_stands() -> None:
    words = pd.Series(["x", None, "y", "x", "z"], index=[5, 3, 1, 8, 9], dtype="str")

    told = translated(words, {"x": 1, "y": 2})

    assert told.index.tolist() == [5, 3, 1, 8, 9]
    assert told.fillna(-1).tolist() == [1, -1, 2, 1, -1]
