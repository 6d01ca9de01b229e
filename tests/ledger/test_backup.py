"""What is backed up is there again after a restore, on either database, from either."""

from __future__ import annotations

import sqlite3
import stat
from datetime import timedelta
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
import psycopg
import pytest
from sqlalchemy import inspect

from ledger import FeedPosition, Ledger, StoredPlan
from ledger.engine import engine_for
from ledger.errors import BackupOfAnotherVersion, BackupUnreadable, LedgerNotEmpty

LEFT_OUT = {"ledger_version", "link_copies"}
"""Tables of a database whose rows a backup need not hold."""


@pytest.fixture
def full(ledger, run_id, now, make_changes, make_outcomes, make_links) -> Ledger:
    """A ledger with something in every sort of column: texts, times, numbers, JSON, nulls."""
    plan = StoredPlan("f" * 64, "acme", run_id, "policy-1", ["60 changes, limit 50"], now, make_changes(3))
    ledger.store_plan(plan)
    ledger.approve(plan.fingerprint, by="Ada", reason="read 'all' of it, Ж", at=now)
    ledger.save_links("acme", make_links(("a1", "s1"), ("a2", "s2")), now)
    people = pd.DataFrame({"name": pd.Series(["Zoë", None], dtype="str")})
    ledger.save_snapshot("okta", {"people": people}, complete=True, at=now, run_id=run_id, measured={"n": 2})
    ledger.save_snapshot(
        "okta", {"people": people[:1]}, complete=False, at=now, run_id=run_id,
        feed=FeedPosition(now - timedelta(hours=1), "cursor", "options"),
    )  # fmt: skip
    ledger.finish_run(run_id, now, verdict="done", exit_code=0, summary={"applied": 3, "names": ["Ä"]})
    return ledger


def rows(url: str) -> dict[str, list[tuple]]:
    """Every row of every table there is, read by the database's own driver."""
    engine = engine_for(url)
    names = set(inspect(engine).get_table_names()) - LEFT_OUT
    engine.dispose()
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as plain:
            return {name: sorted(map(repr, plain.execute(f"SELECT * FROM {name}"))) for name in names}
    with psycopg.connect(url.replace("+psycopg", "")) as plain:
        return {name: sorted(map(repr, plain.execute(f"SELECT * FROM {name}"))) for name in names}


def new_url(url: str, tmp_path: Path) -> str:
    """Address of an empty database of the same kind."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path / 'restored.db'}"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS restored WITH (FORCE)")
        admin.execute("CREATE DATABASE restored")
    return engine_for(url).url.set(database="restored").render_as_string(hide_password=False)


def test_every_row_and_file_is_there_again(full, url, tmp_path, now):
    """Row by row as the database's own driver tells them, and the files byte by byte."""
    there = new_url(url, tmp_path)
    made = full.back_up(tmp_path / "it.zip", at=now)
    with Ledger.open(there, folder=tmp_path / "again") as again:
        restored = again.restore(tmp_path / "it.zip")

        assert rows(url) == rows(there)
        assert made == restored
        assert (made.files, made.lost) == (2, [])
        last = again.last_complete("okta")
        assert last.frame("people")["name"].tolist()[0] == "Zoë"
        # It goes on counting after the last row instead of at one that is taken.
        again.save_snapshot("okta", {}, complete=True, at=now, run_id=None)
    assert sum(len(found) for found in rows(url).values()) == made.rows
    before, after = (
        {p.name: p.read_bytes() for p in (tmp_path / f).rglob("*.parquet")} for f in ("snapshots", "again")
    )
    # The copy of the links is made again when they are kept the next time.
    assert after.items() < before.items()
    assert len(after) == 2


def test_a_backup_of_one_database_is_restored_into_the_other(full, url, postgres, tmp_path, now):
    """What is read through the ledger afterwards is the same."""
    full.back_up(tmp_path / "it.zip", at=now)
    if url.startswith("sqlite"):
        with psycopg.connect(postgres, autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS moved WITH (FORCE)")
            admin.execute("CREATE DATABASE moved")
        other = postgres.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", "/moved?")
    else:
        other = f"sqlite:///{tmp_path / 'moved.db'}"
    with Ledger.open(other, folder=tmp_path / "moved") as moved:
        moved.restore(tmp_path / "it.zip")

        pd.testing.assert_frame_equal(full.runs(), moved.runs())
        pd.testing.assert_frame_equal(full.snapshots(), moved.snapshots())
        pd.testing.assert_frame_equal(full.links("acme"), moved.links("acme"))
        plan, same = full.plan("f" * 12), moved.plan("f" * 12)
        pd.testing.assert_frame_equal(plan.changes, same.changes)
        assert (plan.blocked_by, plan.created) == (same.blocked_by, same.created)


def test_only_its_owner_can_read_it(full, tmp_path, now):
    full.back_up(tmp_path / "it.zip", at=now)

    assert stat.S_IMODE((tmp_path / "it.zip").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("it.*")] == ["it.zip"]


def test_nothing_is_restored_over_what_is_there(full, tmp_path, now, url):
    full.back_up(tmp_path / "it.zip", at=now)
    before = rows(url)

    with pytest.raises(LedgerNotEmpty, match="has links in it already"):
        full.restore(tmp_path / "it.zip")
    assert rows(url) == before


@pytest.mark.parametrize("harm", ["cut", "no archive", "altered file", "missing row", "absent"])
def test_a_damaged_backup_restores_nothing(harm, full, url, tmp_path, now):
    path = tmp_path / "it.zip"
    full.back_up(path, at=now)
    damage(path, harm)

    with Ledger.open(new_url(url, tmp_path), folder=tmp_path / "again") as again:
        with pytest.raises(BackupUnreadable):
            again.restore(path)
        assert len(again.runs()) == 0


def damage(path: Path, harm: str) -> None:
    if harm == "absent":
        path.unlink()
    elif harm == "no archive":
        path.write_bytes(b"hello")
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    else:
        with ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        for name, content in members.items():
            if harm == "altered file" and name.startswith("snapshots/"):
                members[name] = content + b"!"
            if harm == "missing row" and name == "tables/links.jsonl":
                members[name] = content.split(b"\n", 1)[1]
        with ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)


def test_a_backup_of_another_version_says_who_can_read_it(full, url, tmp_path, now):
    path = tmp_path / "it.zip"
    full.back_up(path, at=now)
    with ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["manifest.json"] = members["manifest.json"].replace(b'"revision": "', b'"revision": "9')
    with ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)

    with (
        Ledger.open(new_url(url, tmp_path), folder=tmp_path / "again") as again,
        pytest.raises(BackupOfAnotherVersion, match="this Seatwise has version"),
    ):
        again.restore(path)


def test_a_lost_file_is_told_and_the_rest_is_kept(full, tmp_path, now):
    next((tmp_path / "snapshots").rglob("*.parquet")).unlink()

    made = full.back_up(tmp_path / "it.zip", at=now)

    assert (made.files, len(made.lost)) == (1, 1)
