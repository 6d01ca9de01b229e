"""What the Prefect UI shows of a licence report."""

from __future__ import annotations

from decimal import Decimal

from reports import glance


def amounts(rows: list[dict], title: str) -> list[Decimal]:
    return [Decimal(str(row[title]).removesuffix(" USD").replace(",", "")) for row in rows if row[title]]


def test_the_last_row_is_the_sum_of_the_others_and_money_has_its_currency(report):
    *rows, total = glance.table_rows(report)

    assert total["Product"] == "Total"
    assert all(total[name] == sum(row[name] for row in rows) for name in ("Billed", "In use", "Wasted"))
    assert all(str(row["Cost a month"]).endswith(" USD") for row in rows if row["Cost a month"])
    assert amounts([total], "Cost a month") == [sum(amounts(rows, "Cost a month"))]
    # Savings of different dates are never added.
    assert total["Saving at renewal"] is None


def test_bars_are_as_long_as_the_seats_are_many_and_none_is_lost(report):
    text = glance.bars(report)

    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [line.split("|")[1:-1] for line in lines[2:]]
    seats = {name: (len(bar.strip()), int(count.replace(",", ""))) for name, bar, count, *_ in rows}
    longest = max(count for _, count in seats.values())
    assert sum(count for _, count in seats.values()) == report.headline.billed
    assert all(abs(length - count / longest * glance.WIDTH) <= 2 for length, count in seats.values())
    assert f"{report.headline.cost:,.2f} USD a month" in text


def test_without_prices_there_is_no_money(unpriced):
    rows = glance.table_rows(unpriced)

    assert {row["Cost a month"] for row in rows} == {None}
    assert "USD" not in glance.bars(unpriced)
    assert "no price book" in glance.bars(unpriced)
