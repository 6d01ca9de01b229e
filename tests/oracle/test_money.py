"""Day after day the paid seats and the money of the report are those that the oracle states."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from sandbox import policy
from sandbox.jira_dc.rows import installation
from sandbox.kit.cloud_wire import organisation
from sandbox.kit.world import World, make_world
from tests.chaos import bare
from tests.chaos.company import Flows
from tests.chaos.staging import free_port, served
from tests.oracle.life import Life
from tests.oracle.money import BOOK, CLOUD, SERVERS, Seat, cents_a_month, paid_seats

PEOPLE, SEED = 24, int(os.environ.get("ORACLE_SEED", "1"))
STEPS = [1] * int(os.environ.get("ORACLE_DAYS", "0")) or [10, 43]
"""Days from one look to the next: ORACLE_DAYS=90 looks every day, else only either side of new prices."""
WRITTEN, READ = ["acme-cloud", "legacy-jira"], ["acme-cloud", "acme-jira", "acme-confluence", "legacy-jira"]
ON_SERVERS = {"legacy-jira"}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A company whose targets were founded before the first day."""
    for name, value in {**policy.SECRETS, bare.SIMULATED: ""}.items():
        monkeypatch.setenv(name, value)
    made = make_world(PEOPLE, SEED)
    organisation(made)
    installation(made)
    return made


@pytest.mark.timeout(300 * len(STEPS))
def test_every_day_the_seats_and_the_money_are_the_oracles(world: World, tmp_path: Path) -> None:
    """The company lives on, a sync changes its seats, and a report counts them through four connections."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    written, read = tmp_path / "written", tmp_path / "read"
    policy.write(written, base, PEOPLE, targets=WRITTEN)
    policy.write(read, base, PEOPLE, targets=READ)
    for folder in (written, read):
        (folder / "prices.yaml").write_text(BOOK)
    life, wrong = Life(world, [], Flows(), SEED), []
    before, begun = paid_seats(world), world.company.now
    with served(world, port):
        with bare.without_prefect(report=True):
            bare.run("reconcile", written, as_of=begun)
        for days in STEPS:
            world.advance(days)
            life._something_happens()
            _in_step(written, world)
            with bare.without_prefect(report=True):
                summary = bare.run("licences", read, as_of=world.company.now)
            wrong += _differences(world, read / "out", summary) + _not_kept(world, written)

        with bare.without_prefect(report=True):
            then = bare.run("licences", written, as_of=world.company.now, compare=begun + timedelta(hours=2))

    assert wrong == []
    _judge_between(then["compared"], before, paid_seats(world))
    # A report keeps nothing that is counted by later.
    assert _rows(read, "SELECT * FROM seat_days") == []


def _in_step(folder: Path, world: World) -> None:
    """Bring the targets in step; whatever waits is released, for it is the money that is judged here."""
    with bare.without_prefect(report=True):
        summary = bare.sync(folder, world.company.now)
        for fingerprint in summary["fingerprints"].values():
            bare.approve(folder, fingerprint, world.company.now)
        if summary["exit_code"] == 3:
            bare.sync(folder, world.company.now)


def _differences(world: World, out: Path, summary: dict) -> list[str]:
    """Where the report and the oracle do not agree."""
    if summary["exit_code"] == 1:
        return [summary["error"]]
    seats, day = paid_seats(world), world.company.now.date()
    shown, cents = _reported_seats(out), _reported_cents(out)
    stated = cents_a_month(seats, day)
    found = [f"{one} is {'' if one in seats else 'not '}paid for" for one in sorted(seats ^ shown)]
    found += [
        f"{name} costs {cents.get(name)}, not {stated.get(name)}"
        for name in {**stated, **cents}
        if cents.get(name) != stated.get(name)
    ]
    total = round(summary["cost"] * 100)
    found += [f"all cost {total}, not {sum(stated.values())}"] if total != sum(stated.values()) else []
    return [f"{day}: {text}" for text in found]


def _not_kept(world: World, folder: Path) -> list[str]:
    """Where the history of seats, read by SQL alone, differs from the oracle on this day."""
    day = world.company.now.date()
    kept = _rows(
        folder,
        "SELECT p.deployment, p.product, a.account_id FROM bi_seat_day d "
        "JOIN bi_product p ON p.product_key = d.product_key "
        f"JOIN bi_account a ON a.account_key = d.account_key WHERE d.day = '{day}'",
    )
    seats = {Seat(*row) for row in kept}
    costs = dict(_rows(folder, f"SELECT contract, cost_a_month FROM bi_price_day WHERE day = '{day}'"))
    stated = cents_a_month(paid_seats(world), day)
    found = [f"{one} is not kept rightly" for one in sorted(seats ^ paid_seats(world))]
    cents = {name: round(cost * 100) for name, cost in costs.items()}
    return [f"{day}: {text}" for text in [*found, *([] if cents == stated else [f"kept {cents}"])]]


def _judge_between(told: dict, before: set[Seat], after: set[Seat]) -> None:
    """What went and came since the first day, and money whose parts add up to the difference."""
    money = told["between"]
    parts = sum(round(money[name] * 100) for name in ("then", "seats", "prices", "contracts"))

    assert (told["went"], told["came"]) == (len(before - after), len(after - before))
    assert 0 < told["freed"] <= told["went"]
    assert 0 < told["given"] <= told["came"]
    assert parts == round(money["now"] * 100)


def _rows(folder: Path, query: str) -> list[tuple]:
    with closing(sqlite3.connect(folder / "seatwise.db")) as plain:
        return plain.execute(query).fetchall()


def _reported_seats(out: Path) -> set[Seat]:
    rows = pd.read_csv(out / "seats.csv")
    paid = rows[rows["billable"]]
    return {
        Seat(SERVERS if target in ON_SERVERS else CLOUD, product, account_id)
        for target, product, account_id in zip(
            paid["target"], paid["product"], paid["account_id"], strict=True
        )
    }


def _reported_cents(out: Path) -> dict[str, int]:
    """What the workbook says of each contract."""
    rows = pd.read_excel(out / "licences.xlsx", sheet_name="Products")
    title = next(title for title in rows.columns if title.startswith("Cost a month"))
    told = rows.dropna(subset=["Contract", title])
    return {name: round(cost * 100) for name, cost in zip(told["Contract"], told[title], strict=True)}
