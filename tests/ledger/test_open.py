"""Opening a ledger: where, in which version, by several at once, and how quickly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from ledger import Ledger, migrate
from ledger.errors import LedgerTooNew, LedgerUnavailable

MANY_RUNS = """
import sys
from datetime import UTC, datetime
from ledger import Ledger
with Ledger.open(sys.argv[1]) as ledger:
    for _ in range(20):
        ledger.start_run("sync", datetime.now(UTC), policy="policy-1")
"""
QUICK = """
import sys
from ledger import Ledger
with Ledger.open(sys.argv[1]) as ledger:
    ledger.runs()
slow = {"alembic", "pyarrow.parquet", "prefect", "sqlalchemy.orm"} & set(sys.modules)
assert not slow, slow
"""


def _python(script: str, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, url], stderr=subprocess.PIPE, text=True)


def test_several_processes_open_and_write_at_once(url: str) -> None:
    """One of them makes the tables, the others wait, and nobody's rows are lost."""
    running = [_python(MANY_RUNS, url) for _ in range(2)]
    errors = [process.communicate()[1] for process in running]

    assert errors == ["", ""]
    with Ledger.open(url) as ledger:
        assert len(ledger.runs(limit=100)) == 40


def test_a_ledger_at_head_opens_without_the_slow_libraries(tmp_path: Path) -> None:
    """Commands that only look something up answer at once."""
    url = f"sqlite:///{tmp_path / 'seatwise.db'}"
    Ledger.open(url).close()
    process = _python(QUICK, url)

    assert process.communicate()[1] == ""


def test_a_ledger_written_by_a_later_version_is_refused(url: str) -> None:
    """Old code never writes into tables it does not know."""
    Ledger.open(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {migrate.VERSION_TABLE} SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(LedgerTooNew, match=r"version 9999 .* Install the newer Seatwise"):
        Ledger.open(url)


def test_a_second_opening_finds_what_the_first_wrote(url: str, now: object) -> None:
    """Opening twice makes no second set of tables."""
    with Ledger.open(url) as ledger:
        run_id = ledger.start_run("sync", now, policy="policy-1")
    with Ledger.open(url) as ledger:
        assert run_id == ledger.run(run_id).run_id


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mysql://me:hush@host/db", r"cannot be kept in mysql://me:\*\*\*@host/db\. Write sqlite:///"),
        ("seatwise.db", r"not a database URL\. Write sqlite:///"),
        ("sqlite://", "would forget everything"),
        (
            "postgresql+psycopg://me:hush@127.0.0.1:1/db",
            r"me:\*\*\*@127.0.0.1:1/db cannot be used: .*refused",
        ),
    ],
)
def test_an_address_that_does_not_work_is_explained(address: str, words: str) -> None:
    """The error says what to write and never shows the password."""
    with pytest.raises(LedgerUnavailable, match=f"(?s){words}") as caught:
        Ledger.open(address)

    assert "hush" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    """A wrong path does not end in a stack trace of the driver."""
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\n" * 200)

    with pytest.raises(LedgerUnavailable, match="file is not a database"):
        Ledger.open(f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    """A file in the way is named."""
    (tmp_path / "notes").write_text("buy milk")

    with pytest.raises(LedgerUnavailable, match=r"notes cannot be made: .*\. Name a folder"):
        Ledger.open(f"sqlite:///{tmp_path / 'notes' / 'seatwise.db'}")


def test_snapshots_lie_beside_a_sqlite_ledger(tmp_path: Path) -> None:
    """Moving the file and the folder of the same name moves the whole ledger."""
    with Ledger.open(f"sqlite:///{tmp_path / 'deep' / 'acme.db'}") as ledger:
        assert tmp_path / "deep" / "acme.snapshots" == ledger._frame_files.folder


def test_sqlite_keeps_its_promises(tmp_path: Path) -> None:
    """Readers are not blocked, references hold, and a commit is on the disk."""
    with Ledger.open(f"sqlite:///{tmp_path / 'seatwise.db'}") as ledger, ledger._reading() as connection:
        names = ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert found == ["wal", 1, 2, 60_000]
