"""Seats over time: written as they change, the same on both databases, read by whoever speaks SQL."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import inspect, text

from ledger import Ledger, Moments
from provisioning.model.facts import Facts, HolderFacts, IdentityFacts, PriceFacts, SeatFacts
from provisioning.model.frames import complete

FIRST = date(2026, 3, 1)
TABLES = ("seat_days", "seat_accounts", "seat_people", "seat_spans", "seat_prices", "seat_identities")


def facts(
    *seats: str, department: str = "Sales", lanes: dict[str, str] | None = None, cents: int = 800
) -> Facts:
    """Each seat is written `holder product`."""
    pairs = [seat.split() for seat in seats]
    frame = pd.DataFrame(pairs, columns=["holder", "product"], dtype="str")
    lane = frame["holder"].map(lanes or {}).astype("str")
    here = frame.assign(deployment="cloud", site="acme", contract=frame["product"].str.upper(), lane=lane)
    people = frame.drop_duplicates("holder")
    named = people.assign(
        target="cloud", account_id=people["holder"], source="hr", source_id=people["holder"],
        display_name=people["holder"].str.title(), email=people["holder"] + "@acme.test",
        department=department,
    )  # fmt: skip
    counts = frame.groupby("product", as_index=False).size().rename(columns={"size": "held"})
    prices = counts.assign(
        contract=counts["product"].str.upper(), deployment="cloud", site="acme", billing="monthly",
        unit="user", paid=counts["held"], cents=counts["held"] * cents, currency="USD",
        price_book="prices.yaml",
    )  # fmt: skip
    return Facts(
        complete(SeatFacts, here.assign(reason=lane)),
        complete(HolderFacts, named),
        complete(PriceFacts, prices),
        complete(IdentityFacts, named[["source", "source_id"]]),
    )


@pytest.fixture
def keep(ledger: Ledger, run_id: str):
    """Keep the facts of the day so many days after the first; the rows that were written."""

    def kept(days: int, *seats: str, **more) -> int:
        day = FIRST + timedelta(days=days)
        at = datetime(day.year, day.month, day.day, 8, tzinfo=UTC)
        return ledger.keep_facts(facts(*seats, **more), day, at=at, run_id=run_id)

    return kept


def rows(ledger: Ledger, query: str) -> list[tuple]:
    with ledger._reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def spans(ledger: Ledger) -> list[tuple[str, str, str | None]]:
    """Who held a seat from when until when, as days after the first."""
    found = rows(
        ledger,
        "SELECT a.holder, s.since, s.until FROM seat_spans s JOIN seat_accounts a ON a.seq = s.account_key "
        "ORDER BY a.holder, s.since",
    )
    return [
        (holder, *(None if day is None else (date.fromisoformat(str(day)) - FIRST).days for day in days))
        for holder, *days in found
    ]


def test_a_day_without_change_writes_the_day_alone(ledger, keep):
    """Whatever the size of the company."""
    many = [f"p{n} jira" for n in range(300)]
    # 300 accounts, people, seats and identities, and one price.
    assert keep(0, *many) == 4 * 300 + 1
    assert keep(1, *many) == 0
    # One seat went: its row, its holder's, and the price with its new count ended and begun.
    assert keep(2, *many[1:]) == 4
    assert rows(ledger, "SELECT count(*) FROM seat_days") == [(3,)]


def test_a_seat_holds_from_the_day_it_was_seen_until_the_day_it_was_not(ledger, keep):
    keep(0, "ada jira", "bob jira")
    keep(3, "ada jira")
    keep(9, "ada jira", "bob jira", "cat jira")

    assert spans(ledger) == [("ada", 0, None), ("bob", 0, 3), ("bob", 9, None), ("cat", 9, None)]


def test_a_day_is_as_its_last_read_shows_it(ledger, keep):
    """What came and went within it leaves no row, what went and came back was never gone."""
    keep(0, "ada jira")
    keep(1, "ada jira", "bob jira")
    keep(1, "bob jira")
    keep(1, "ada jira")

    assert spans(ledger) == [("ada", 0, None)]


def test_an_earlier_day_changes_nothing(ledger, keep):
    """A clock that was put back does not rewrite what is known."""
    keep(5, "ada jira")

    assert keep(4, "bob jira") == 0
    assert spans(ledger) == [("ada", 5, None)]


def test_people_lanes_and_prices_have_a_history_of_their_own(ledger, keep):
    """Who moves between departments keeps the seat; a seat that becomes idle stays one with another lane."""
    keep(0, "ada jira")
    keep(4, "ada jira", department="Legal")
    keep(6, "ada jira", department="Legal", lanes={"ada": "ready"}, cents=900)

    told = rows(
        ledger,
        "SELECT day, department, lane FROM bi_seat_day d JOIN bi_person p ON p.person_key = d.person_key "
        "ORDER BY day",
    )
    assert [(str(day), *more) for day, *more in told] == [
        ("2026-03-01", "Sales", None),
        ("2026-03-05", "Legal", None),
        ("2026-03-07", "Legal", "ready"),
    ]
    costs = rows(ledger, "SELECT cost_a_month FROM bi_price_day ORDER BY day")
    assert [Decimal(str(cost)) for (cost,) in costs] == [8, 8, 9]


def test_the_history_by_day_is_what_was_kept_that_day(ledger, keep):
    """By brute force: every day's seats are in the view as they were given."""
    given = {
        0: ["ada jira", "bob jira"],
        1: ["ada jira", "ada wiki"],
        2: ["bob jira"],
        5: ["ada wiki", "bob jira", "cat wiki"],
    }
    for days, seats in given.items():
        keep(days, *seats)
    for days, seats in given.items():
        day = (FIRST + timedelta(days=days)).isoformat()
        found = rows(
            ledger,
            "SELECT c.account_id, p.product FROM bi_seat_day d "
            "JOIN bi_account c ON c.account_key = d.account_key "
            f"JOIN bi_product p ON p.product_key = d.product_key WHERE d.day = '{day}'",
        )
        assert sorted(" ".join(pair) for pair in found) == sorted(seats)


def test_the_views_are_those_of_the_page(ledger):
    """Whoever builds on docs/licences.md finds each column, and none that is not told."""
    page = (Path(__file__).parents[2] / "docs" / "licences.md").read_text()
    rows = re.findall(r"^\| `(bi_\w+)` \|.*?\|(.*)\|$", page, re.MULTILINE)
    told = {view: re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", columns)) for view, columns in rows}
    with ledger._reading() as connection:
        views = inspect(connection).get_view_names()
        found = {view: [column["name"] for column in inspect(connection).get_columns(view)] for view in views}

    assert told == found


def test_what_ended_long_ago_is_forgotten_and_names_before_that(ledger, keep):
    """Figures outlive the people they are of."""
    keep(0, "ada jira", "bob jira", "cat jira")
    keep(100, "ada jira", "cat jira")
    keep(600, "ada jira")
    now = datetime(2027, 12, 1, tzinfo=UTC)
    long_ago = now - timedelta(days=4000)
    moments = Moments(now, long_ago, long_ago, people=now, seats=now - timedelta(days=300))

    assert ledger.prune(now, moments, (), really=True).people > 0
    # Bob's ended before the 300 days, Cat's within them, Ada holds hers.
    holders = [holder for holder, *_ in spans(ledger)]
    assert "ada" in holders
    assert len(holders) == 2
    dump = repr([rows(ledger, f"SELECT * FROM {table}") for table in TABLES])
    assert "ada@acme.test" in dump
    assert not [name for name in ("bob", "cat", "Cat") if f"'{name}" in dump]


def test_it_is_in_a_backup(ledger, keep, now, tmp_path: Path):
    keep(0, "ada jira")
    keep(2)
    ledger.back_up(tmp_path / "it.zip", at=now)
    with Ledger.open(f"sqlite:///{tmp_path / 'again.db'}", folder=tmp_path / "again") as again:
        again.restore(tmp_path / "it.zip")

        assert spans(again) == [("ada", 0, 2)]
        assert [len(part) for part in again.seat_history()] == [len(part) for part in ledger.seat_history()]
