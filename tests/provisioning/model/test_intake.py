"""How JSON rows become screened frames."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.model import by_column, frames
from provisioning.model.by_column import Columns, Fields, batches
from provisioning.model.frames import Identities, Memberships, empty
from provisioning.model.intake import iso_times, reject, screened

FIELDS = Fields({"source_id": "id", "email": "profile.mail"})


def test_columns_gather_nested_fields() -> None:
    """Dotted paths are followed; what is absent, or whose parent is, is null."""
    rows = Columns(FIELDS.names, "source_id")
    rows.add(FIELDS([{"id": "1", "profile": {"mail": "a"}}, {"id": "2", "profile": None}, {"id": "3"}]))

    assert rows.gathered == 3
    assert rows.take() == {"source_id": ["1", "2", "3"], "email": ["a", None, None]}
    assert rows.gathered == 0


@given(st.lists(st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=6), max_size=6))
def test_each_key_is_kept_once(pages: list[list[int | None]]) -> None:
    """However a key repeats within and between pages, its first row alone is kept; rows without one stay."""
    rows = Columns(("key", "at"), "key")
    taken: list[Any] = []
    for number, page in enumerate(pages):
        rows.add({"key": page, "at": [(number, place) for place in range(len(page))]})
        taken += zip(*rows.take().values(), strict=True)

    flat = [(key, (n, p)) for n, page in enumerate(pages) for p, key in enumerate(page)]
    first: dict[int, Any] = {}
    for key, at in flat:
        if key is not None:
            first.setdefault(key, at)
    assert taken == [(key, at) for key, at in flat if key is None or first[key] == at]


def test_batches_hold_many_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are gathered until a batch is full; none is empty and none is lost."""
    monkeypatch.setattr(by_column, "BATCH", 4)
    pages = [{"source_id": [f"{n}-{i}" for i in range(3)]} for n in range(3)] + [{"source_id": []}]

    sizes = [len(batch["source_id"]) for batch in batches(pages, key="source_id")]

    assert sizes == [6, 3]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-11-06T23:07:29.936941226Z", "2025-11-06T23:07:29.936941226Z"),
        ("2025-11-06T23:07:29.5Z", "2025-11-06T23:07:29.500Z"),
        ("2025-11-06", "2025-11-06T00:00:00Z"),
        ("2025-11-06T23:07:29+02:00", "2025-11-06T21:07:29Z"),
        ("20251106", "2025-11-06T00:00:00Z"),
        ("2025/11/6", "2025-11-06T00:00:00Z"),
        ("soon", None),
        ("2025-11", None),
        ("2025/11", None),
        ("2025", None),
        ("-1", None),
        ("today", None),
    ],
)
def test_iso_times_read_any_precision(text: str, instant: str | None) -> None:
    """Three digits or nine, with a zone or without, mixed or alone; never what names no day."""
    mixed = iso_times(pd.Series(["2020-01-01T00:00:00.000Z", text], dtype="str"))

    assert mixed[1] is pd.NaT if instant is None else mixed[1] == pd.Timestamp(instant)
    assert list(iso_times(pd.Series([text], dtype="str")).dropna()) == list(mixed[1:].dropna())


def test_screened_types_and_reports() -> None:
    """Numbers become text, structures and bad dates null and reported, a row without its key is left out."""
    raw = {
        "source": "okta",
        "source_id": ["1", None, "3"],
        "state": ["active", "active", "asleep"],
        "employee_number": [7, None, {"a": 1}],
        "title": ["", "x", "y"],
        "hired_on": ["2024-01-01", "2024-01-01", "soon"],
    }

    page = screened(frames.Identities, raw, origin="okta", key="source_id")

    assert page.frame["employee_number"].tolist() == ["7"]
    assert page.frame["title"].isna().all()
    assert set(zip(page.rejects["key"].fillna(""), page.rejects["field"], strict=True)) == {
        ("3", "employee_number"),
        ("3", "hired_on"),
        ("3", "state"),
        ("", "source_id"),
    }


def test_reject_takes_columns_or_scalars() -> None:
    """One problem of many rows is a frame as long as the rows; of none it is empty."""
    keys = pd.Series(["a", "b"], index=[4, 9], dtype="str")

    many = reject(keys, "state", keys, "odd", origin="hr")
    none = reject(keys[:0], "state", keys[:0], "odd", origin="hr")

    assert many["key"].tolist() == ["a", "b"]
    assert many["remedy"].str.contains("hr").all()
    assert none.empty
    assert list(none.columns) == list(many.columns)


def test_numbers_keep_their_own_words() -> None:
    """Identifiers sent as numbers are texts from then on, however large; truths and fractions as written."""
    keys: list[Any] = [7, None, 2**70, True, 1.0, "x"]
    for column in (keys[:2], keys[:3], keys):
        raw = {
            "source": "s",
            "source_id": [str(n) for n in range(len(column))],
            "state": ["active"] * len(column),
        }
        frame = screened(Identities, {**raw, "manager": column}, origin="s", key="source_id").frame

        told = frame["manager"].astype(object).where(frame["manager"].notna(), None).tolist()
        assert told == [None if value is None else str(value) for value in column]


def test_a_column_nothing_fills_is_null_and_one_that_must_be_filled_is_told() -> None:
    """Missing columns have their types; a row without what it needs is rejected."""
    raw = {"source": "s", "source_id": ["1"], "state": ["active"]}
    good = screened(Identities, raw, origin="s", key="source_id")
    bad = screened(
        Memberships, {"source": "s", "source_id": ["1"], "group_id": ["g"]}, origin="s", key="group_id"
    )

    assert good.frame.dtypes.equals(empty(Identities).dtypes)
    assert bad.frame.empty
    assert set(bad.rejects["field"]) >= {"group_name"}


@pytest.mark.parametrize(
    "texts",
    [
        ["2026-11-23T08:00:00.000Z", None],
        ["2026-11-23T08:00:00+02:00", "2026-11-23T08:00:00Z"],
        ["2026-11-23", None, "2026-11-23T08:00"],
        ["2026-11-23", "2026-11-23T08:00:00Z", "no date"],
        [None, None],
        [],
    ],
)
def test_instants_keep_their_rows(texts: list[str | None]) -> None:
    """However a column writes its times, each one stays with its row and is what pandas makes of it."""
    column = pd.Series(texts, dtype="str", index=range(7, 7 + len(texts)))

    wanted = pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce")

    pd.testing.assert_series_equal(iso_times(column), wanted, check_dtype=False)
