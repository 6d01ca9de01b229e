"""What must not grow, counted: budgets of time are for `make bench`, for a busy machine would break them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from benchmarks import bookkeeping, load
from benchmarks.figure import BUDGETS, Figure, lines
from ledger import Ledger
from sandbox import policy

ROOT = Path(__file__).resolve().parents[2]
SETTLED = 3
"""Batches until nothing is done for the first time."""


@contextmanager
def statements(ledger: Ledger) -> Iterator[list[str]]:
    """The SQL that a ledger is asked for."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(ledger._engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(ledger._engine, "before_cursor_execute", note)


def test_a_batch_asks_a_large_ledger_for_as_much_as_a_small_one(tmp_path):
    """Whoever reads or rewrites a whole table has more to ask where more is remembered."""
    asked = {}
    for people in (150, 1_500):
        company = bookkeeping.remembering(people, f"sqlite:///{tmp_path}/{people}.db", tmp_path)
        with statements(company.ledger) as said:
            for number in range(SETTLED):
                bookkeeping.record_batch(company, number)
        asked[people] = sorted(said)
        company.ledger.close()

    assert asked[150] == asked[1_500]


def test_links_that_did_not_change_are_kept_without_touching_their_table(tmp_path):
    """Nothing of it is read, written or sorted, however many there are."""
    company = bookkeeping.remembering(200, f"sqlite:///{tmp_path}/links.db", tmp_path)
    with statements(company.ledger) as said:
        links = company.ledger.links(bookkeeping.TARGET)
        company.ledger.save_links(bookkeeping.TARGET, links, bookkeeping.NOW)
    company.ledger.close()

    assert len(links) == 200
    assert [statement for statement in said if "links " in statement.replace("\n", " ")] == []


def test_a_change_costs_one_write_and_an_account_one_look(monkeypatch):
    """In the organisation, whose API takes several accounts in one look."""
    for name, secret in policy.SECRETS.items():
        monkeypatch.setenv(name, secret)
    found = load.measured("acme-cloud", load.Case(60, None), 60)

    assert found["writes per change"] <= 1
    assert found["looks per account"] <= 0.5


@pytest.mark.parametrize(
    ("name", "value", "missed"),
    [
        ("okta: bare over ours", 1.4, True),
        ("scim: bare over ours", 1.4, False),
        ("acme-jira: pacing efficiency", 0.94, True),
        ("files MB", 501.0, True),
        ("files over pandas", 6.0, False),
        ("users a second", 1.0, False),
    ],
)
def test_a_figure_is_held_to_the_budget_of_its_name(name, value, missed):
    """A figure that no budget names is told and held to nothing."""
    (line,) = lines({name: Figure.of(value, "2 s", "1 s of pandas")})

    assert line.missed == missed
    assert str(line).startswith(f"| {name} | 2 s | 1 s of pandas | {value:.3g} |")


def test_every_budget_has_its_reason():
    """The page says of each how it was chosen."""
    text = (ROOT / "docs" / "performance.md").read_text()

    assert [budget for budget in BUDGETS if str(budget) not in text] == []
