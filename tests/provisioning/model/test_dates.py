"""Dates of a column are read in one order, which its cells prove or the connection states."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.model.dates import Dates, read_dates
from provisioning.model.findings import Unreadable

DAYS = st.lists(st.dates(date(2001, 1, 1), date(2060, 12, 31)), min_size=1, max_size=5)


def _read(*cells: str | None, dates: tuple[str, ...] = ()) -> Dates:
    return read_dates(pd.Series(cells, dtype="str"), dates, column="Last day", connection="hr")


def _days(found: Dates) -> list[str]:
    return found.times.dropna().dt.strftime("%F").tolist()


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (("31/01/2024", "02/03/2024"), ["2024-01-31", "2024-03-02"]),
        (("01/31/2024", "02/03/24"), ["2024-01-31", "2024-02-03"]),
        (("02.03.2024", "2.3.24"), ["2024-03-02", "2024-03-02"]),
        (("11/5/2026 3:04 PM", "11/25/2026 3:04 PM"), ["2026-11-05", "2026-11-25"]),
        (("05/05/2024", None), ["2024-05-05"]),
        (
            ("2024-01-05", "3 Jan 2024", "20-Nov-26", "Jan 7, 2024", "2024/01/31"),
            ["2024-01-05", "2024-01-03", "2026-11-20", "2024-01-07", "2024-01-31"],
        ),
        (("9999-12-31",), ["9999-12-31"]),
        (("32/01/13", "26/11/20"), ["2032-01-13", "2026-11-20"]),
        (("31/01/45", "02/03/24"), ["2045-01-31", "2024-03-02"]),
        (("02.03.24",), ["2024-03-02"]),
    ],
)
def test_an_order_that_cells_prove_is_taken(cells: tuple[str | None, ...], days: list[str]) -> None:
    """One cell above twelve settles the column; with dots the day is first; names of months need no proof."""
    assert _days(_read(*cells)) == days


@pytest.mark.parametrize(
    "cells",
    [
        ("02/03/2024",),
        ("13/01/2024", "01/13/2024"),
        ("02-03-24", "x"),
        ("26/11/20", "26/11/25", "24/01/13"),
        ("31/01/24",),
        ("32/01/13", "13/01/32"),
    ],
)
def test_an_order_that_nothing_proves_is_refused(cells: tuple[str, ...]) -> None:
    """Where both orders would do, or cells prove both, the column is named with the option to state it."""
    with pytest.raises(Unreadable, match="'Last day'") as failure:
        _read(*cells)

    assert "connection hr: dates: ['%d/%m/%Y']" in failure.value.remedy


def test_a_stated_order_needs_no_proof() -> None:
    """`dates` of the connection comes first."""
    assert _days(_read("02/03/2024", dates=("%m/%d/%Y",))) == ["2024-02-03"]
    assert _days(_read("26/11/20", dates=("%y/%m/%d",))) == ["2026-11-20"]
    assert _days(_read("31/01/24", "02-03-2024", dates=("%d/%m/%Y",))) == ["2024-01-31", "2024-03-02"]


@pytest.mark.parametrize(
    ("dates", "cells", "told"),
    [
        (("%d/%m/%Y",), ("11/5/2026", "11/25/2026", "11/28/2026"), "11/25/2026, 11/28/2026"),
        (("%m/%d/%Y",), ("11/5/2026", "25/11/2026"), "25/11/2026"),
        (("%y/%m/%d",), ("26/11/20", "11/25/2026"), "11/25/2026"),
        (("%d/%m/%Y", "%m/%d/%Y"), ("25/11/2026", "11/25/2026"), "11/25/2026, 25/11/2026"),
        (("%d/%m/%Y", "%m/%d/%Y"), ("5/11/2026",), "5/11/2026"),
    ],
)
def test_two_orders_never_stand_in_one_column(
    dates: tuple[str, ...], cells: tuple[str, ...], told: str
) -> None:
    """A cell that only another order fits proves that the stated one is not the column's, and is named."""
    with pytest.raises(Unreadable, match="'Last day'") as failure:
        _read(*cells, dates=dates)

    assert failure.value.message.endswith(f": {told}")


def test_a_cell_that_is_no_date_at_all_costs_itself_in_a_stated_order_too() -> None:
    """Nothing speaks against the order."""
    found = _read("31/31/2026", "11/5/2026", dates=("%d/%m/%Y",))

    assert (found.unread.tolist(), _days(found)) == ([True, False], ["2026-05-11"])


def test_what_is_no_date_is_told() -> None:
    """One odd cell costs itself and not the column."""
    found = _read("soon", None, "13/01/2024")

    assert (found.unread.tolist(), _days(found)) == ([True, False, False], ["2024-01-13"])


@given(DAYS, st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d/%m/%y", "%m-%d-%y", "%y/%m/%d"]))
def test_a_date_is_never_read_as_another(days: list[date], order: str) -> None:
    """Whatever is read is what was written; what could be another day is refused."""
    try:
        found = _read(*(day.strftime(order) for day in days))
    except Unreadable:
        assert any(day.day <= 12 and day.day != day.month for day in days) or "y" in order
        return
    assert [time.date() for time in found.times] == days


def test_many_rows_of_few_days_are_cheap() -> None:
    """Each distinct cell is read once, and gaps stay gaps."""
    some = [(date(2024, 1, 31) + timedelta(n % 40)).strftime("%d/%m/%Y") for n in range(20_000)]

    found = _read(*some, None)

    assert (found.times.notna().sum(), found.unread.sum()) == (20_000, 0)


@pytest.mark.parametrize("cell", ["2026-12", "2026", "12/2026", "12.2026", "Dec 2026", "-1", "today"])
def test_what_names_no_day_is_unread(cell: str) -> None:
    """The first day of a month would be its last day at work."""
    found = _read(cell, "2030-01-31")

    assert found.unread.tolist() == [True, False]
    assert _days(found) == ["2030-01-31"]
