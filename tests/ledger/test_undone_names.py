"""Rows of the first versions do not tell what was taken back: an upgrade finds it in the plans that did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from ledger import Ledger, migrate
from ledger.engine import engine_for

AT = "2026-03-01 12:30:15.123456+00:00"
MOVED = "mover.mode: authoritative"
LOST, BACK = ("revoke", "not granted any more"), ("grant", "Undo: not granted any more")


@pytest.fixture
def upgraded(url: str, tmp_path: Path):
    """Write plans and rows of `undone` into a ledger of revision 0009, then open it."""

    def upgrade(made: list[tuple[str, str, tuple[str, str]]], *ids: str) -> list[tuple[Any, ...]]:
        engine = engine_for(url)
        with engine.connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                config = Config()
                config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
                config.attributes["connection"] = connection
                command.upgrade(config, "0009")
                write(connection, made, ids)
        engine.dispose()
        with Ledger.open(url, folder=tmp_path / "snapshots") as ledger:
            found = ledger.suspended_rules("acme")
            return list(
                found[["entitlement_id", "entitlement", "run_id"]]
                .fillna("")
                .itertuples(index=False, name=None)
            )

    return upgrade


STATEMENTS = [
    """INSERT INTO runs (run_id, flow, started_at, alive_at, policy) VALUES (:run, 'sync', :at, :at, 'p')""",
    """INSERT INTO plans VALUES (:plan, 1)""",
    """INSERT INTO planned
        (run_id, target, fingerprint, policy_fingerprint, blocked_by, created, undoes)
        VALUES (:run, 'acme', :plan, 'p', '[]', :at, :undoes)""",
    """INSERT INTO changes
        (fingerprint, change_id, position, target, action, account_id, subject, kind, entitlement_id,
            entitlement, before, after, reason, rule, destructive, reversible, nth)
        VALUES (:plan, 'c', 0, 'acme', :action, 'ann', 'ann@acme.test', 'group', :group,
            :name, '{}', '{}', :reason, :rule, false, true, 0)""",
    """INSERT INTO outcomes (run_id, fingerprint, change_id, status, account_id, at, intended_by)
        VALUES (:run, :plan, 'c', 'applied', 'ann', :at, :run)""",
]
SUSPEND = """INSERT INTO undone
    (target, account_id, rule, action, entitlement_id, subject, run_id, rule_digest, at)
    VALUES ('acme', 'ann', :rule, 'revoke', :id, 'ann@acme.test', 'r9', 'd', :at)"""


def write(connection: Any, made: list[tuple[str, str, tuple[str, str]]], ids: tuple[str, ...]) -> None:
    """A run and a plan for each change, in the order they were made, and the rows of `undone`."""
    same = {"at": AT, "rule": MOVED}
    for number, (plan, group, (action, reason)) in enumerate(made):
        row = {**same, "plan": plan, "group": group, "name": group.upper(), "action": action}
        undoes = "r0" if reason.startswith("Undo") else None
        for statement in STATEMENTS:
            connection.execute(
                text(statement), {**row, "reason": reason, "run": f"r{number}", "undoes": undoes}
            )
    for one in ids:
        connection.execute(text(SUSPEND), {**same, "id": one})


def test_an_old_row_becomes_one_for_each_entitlement_that_was_taken_back(upgraded):
    """What was only lost was taken back by nobody, and `lift` knows each by the run that was taken back."""
    made = [("p0", "dev", LOST), ("p1", "wiki", LOST), ("p2", "jira", LOST), ("p3", "dev", BACK)]

    assert upgraded([*made, ("p4", "wiki", BACK)], "") == [("dev", "DEV", "r0"), ("wiki", "WIKI", "r0")]


def test_what_was_made_again_since_is_suspended_no_longer(upgraded):
    made = [("p0", "dev", BACK), ("p1", "wiki", BACK), ("p2", "wiki", LOST)]

    assert upgraded(made, "") == [("dev", "DEV", "r0")]


def test_what_cannot_be_found_stays_as_it_was(upgraded):
    assert upgraded([("p0", "dev", LOST)], "") == [("", "", "r9")]


def test_a_row_that_tells_its_entitlement_gets_the_name(upgraded):
    """It is not written a second time for a row beside it that does not."""
    assert upgraded([("p0", "dev", BACK)], "dev", "") == [("dev", "DEV", "r9")]
