"""The licence report at a glance, for the Prefect UI: seats and money as a table with totals, and as bars."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from reports.licences import Report
from reports.words import titled

COUNTS = ["capacity", "billed", "used", "wasted"]
MONEY = ["cost", "monthly", "at_renewal"]
WIDTH = 24
"""Letters of the longest bar."""
USED, OTHER, WASTED = "█", "▒", "░"


def table_rows(report: Report) -> list[dict[str, Any]]:
    """The products as rows of a table artifact, with a last row of totals; money with its currency."""
    columns = ["product", "site", *COUNTS, *MONEY]
    plain = report.products[columns].astype(object)
    rows: list[dict[Any, Any]] = [*plain.where(plain.notna(), None).to_dict("records"), _totals(report)]
    return [
        {titled(str(name)): _money(report, row[name]) if name in MONEY else row[name] for name in columns}
        for row in rows
    ]


def bars(report: Report) -> str:
    """The seats of each product as bars in Markdown: used, not known to be used, wasted; the money beside."""
    seats = report.products[report.products["billed"] > 0]
    longest = int(seats["billed"].max()) if len(seats) else 0
    lines = [
        _headline(report),
        "",
        "| Product | Seats | | Wasted | Cost a month |",
        "| --- | --- | --: | --: | --: |",
    ]
    for row in seats.to_dict("records"):
        bar = _bar(int(row["used"]), int(row["billed"]), int(row["wasted"]), longest)
        where = " · ".join(str(part) for part in (row["product"], row["site"]) if part).replace("|", "\\|")
        cost = _money(report, row["cost"]) or ""
        lines.append(f"| {where} | {bar} | {row['billed']:,} | {row['wasted']:,} | {cost} |")
    return "\n".join([*lines, "", f"{USED} in use  {OTHER} not known to be wasted  {WASTED} wasted"])


def _headline(report: Report) -> str:
    head = report.headline
    text = f"**{head.billed:,} seats are billed, {head.wasted:,} of them wasted.**"
    if head.cost is None:
        return f"{text} The policy names no price book, so there is no money here."
    text += f" They cost {_money(report, head.cost)} a month; freeing the wasted ones saves "
    text += f"{_money(report, head.monthly)} a month from the next cycles on"
    if head.next_renewal and head.renewal_day:
        text += f", and {_money(report, head.next_renewal)} of the bills of {head.renewal_day:%Y-%m-%d}"
    return f"{text}."


def _bar(used: int, billed: int, wasted: int, longest: int) -> str:
    """A bar as long as its seats are of the largest; whatever is there shows, be it one seat."""
    known = min(used, billed - wasted)
    parts = ((USED, known), (OTHER, billed - wasted - known), (WASTED, wasted))
    return "".join(
        letter * (max(1, round(seats / longest * WIDTH)) if seats else 0) for letter, seats in parts
    )


def _totals(report: Report) -> dict[str, Any]:
    """Savings at renewals of different days are never added, so that total stays empty."""
    head = report.headline
    sums = {name: int(report.products[name].fillna(0).sum()) for name in COUNTS[1:]}
    money = {"cost": head.cost, "monthly": head.monthly, "at_renewal": None}
    return {"product": "Total", "site": None, "capacity": None, **sums, **money}


def _money(report: Report, amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:,.2f} {report.currency}"
