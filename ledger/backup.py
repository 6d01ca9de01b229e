"""Backup and restore: every row and every file that a row names, in one archive for any database.

The archive is a ZIP: `manifest.json`, the rows of each table as lines of JSON, the files of the snapshots
under their digests. It holds all at one moment, also while runs go on, and it moves a ledger from SQLite to
PostgreSQL or back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

import orjson
from sqlalchemy import Connection, Date, Table, func, select, text

from ledger import tables
from ledger.errors import BackupOfAnotherVersion, BackupUnreadable, LedgerNotEmpty
from ledger.frame_files import FileLost, FrameFiles
from ledger.migrate import HEAD
from ledger.private import keep_private
from ledger.store import BATCH, Store, insert_rows

FORM = 1
MANIFEST = "manifest.json"


class BackedUp(NamedTuple):
    """What an archive holds.

    Attributes:
        at: moment it was made.
        rows: of all tables.
        files: of snapshots.
        lost: digests of files that the catalogue names and nobody has any more, or that were altered.
    """

    at: datetime
    rows: int
    files: int
    lost: list[str]


class Backups(Store):
    """The part of the ledger that goes into an archive and comes out of it."""

    def back_up(self, path: Path, *, at: datetime) -> BackedUp:
        """Write everything into an archive that only its owner can read; an older one is replaced at the end.

        Args:
            path: of the archive.
            at: aware time of now.
        """
        part = path.with_name(path.name + ".part")
        try:
            with ZipFile(part, "w", ZIP_DEFLATED) as archive, self._reading() as connection:
                keep_private(part)
                made = _write_all(archive, connection, self._frame_files, at)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return made

    def restore(self, path: Path) -> BackedUp:
        """Fill this empty ledger from an archive, all of it or nothing.

        Raises:
            LedgerNotEmpty: there is something in it; nothing is ever overwritten.
            BackupUnreadable: the archive is none, or was cut or altered.
            BackupOfAnotherVersion: another version of Seatwise made it.
        """
        try:
            with ZipFile(path) as archive:
                manifest = _read_manifest(archive, path)
                self._require_empty()
                _restore_files(archive, self._frame_files)
                with self._writing() as connection:
                    for table in _kept():
                        _restore_rows(archive, connection, table, manifest["rows"][table.name])
        except (BadZipFile, OSError, KeyError, orjson.JSONDecodeError) as error:
            raise BackupUnreadable(f"the backup {path} cannot be read: {error}") from error
        at = datetime.fromisoformat(manifest["at"])
        return BackedUp(at, sum(manifest["rows"].values()), manifest["files"], manifest["lost"])

    def _require_empty(self) -> None:
        with self._reading() as connection:
            for table in _kept():
                if connection.scalar(select(func.count()).select_from(table)):
                    shown = self._engine.url.render_as_string(hide_password=True)
                    raise LedgerNotEmpty(f"the ledger {shown} has {table.name} in it already")


def _kept() -> list[Table]:
    """The tables of a backup; copies of what others hold are made again.

    Asked for when it is needed: each part of the ledger adds its tables when it is imported.
    """
    return [table for table in tables.metadata.sorted_tables if table is not tables.link_copies]


def _write_all(archive: ZipFile, connection: Connection, frame_files: FrameFiles, at: datetime) -> BackedUp:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    rows = {_plain(table.name): _write_rows(archive, connection, table) for table in _kept()}
    digests = _catalogued(connection)
    lost = [digest for digest in digests if not _write_file(archive, frame_files, digest)]
    files = len(digests) - len(lost)
    told = {"form": FORM, "revision": HEAD, "at": at, "rows": rows, "files": files, "lost": lost}
    archive.writestr(MANIFEST, orjson.dumps(told, option=orjson.OPT_INDENT_2))
    return BackedUp(at, sum(rows.values()), files, lost)


def _write_rows(archive: ZipFile, connection: Connection, table: Table) -> int:
    count = 0
    names = [_plain(column.name) for column in table.columns]
    query = select(table).order_by(*table.primary_key.columns)
    with archive.open(_member(table), "w", force_zip64=True) as member:
        for row in connection.execute(query, execution_options={"yield_per": BATCH}):
            member.write(orjson.dumps(dict(zip(names, row, strict=True)), option=orjson.OPT_APPEND_NEWLINE))
            count += 1
    return count


def _plain(name: str) -> str:
    """SQLAlchemy's names are a sort of text that the writer of JSON refuses."""
    return "".join(name)


def _catalogued(connection: Connection) -> list[str]:
    """Digests of all files that the catalogue names."""
    return sorted(
        {
            digest
            for files in connection.scalars(select(tables.snapshots.c.files))
            for digest in files.values()
        }
    )


def _write_file(archive: ZipFile, files: FrameFiles, digest: str) -> bool:
    """Put a file into the archive; False when it is absent or altered."""
    try:
        archive.writestr(f"snapshots/{digest}", files.content(digest), compress_type=ZIP_STORED)
    except FileLost:
        return False
    return True


def _read_manifest(archive: ZipFile, path: Path) -> Mapping[str, Any]:
    manifest: dict[str, Any] = orjson.loads(archive.read(MANIFEST))
    if (manifest["form"], manifest["revision"]) != (FORM, HEAD):
        made_by = f"the ledger's version {manifest['revision']}, and this Seatwise has version {HEAD}"
        raise BackupOfAnotherVersion(f"the backup {path} is of {made_by}")
    return manifest


def _restore_files(archive: ZipFile, files: FrameFiles) -> None:
    for name in archive.namelist():
        kind, _, digest = name.partition("/")
        if kind != "snapshots" or not digest.isalnum():
            continue
        if files.put(archive.read(name)) != digest:
            raise BackupUnreadable(f"the file {digest[:12]} of the backup was altered")


def _restore_rows(archive: ZipFile, connection: Connection, table: Table, expected: int) -> None:
    count, batch = 0, []
    for row in _read_rows(archive, table):
        batch.append(row)
        count += 1
        if len(batch) == BATCH:
            insert_rows(connection, table, batch)
            batch = []
    insert_rows(connection, table, batch)
    if count != expected:
        raise BackupUnreadable(f"the backup holds {count} {table.name} and says that it holds {expected}")
    if count and "seq" in table.c and connection.dialect.name == "postgresql":
        _go_on_counting(connection, table)


def _read_rows(archive: ZipFile, table: Table) -> Iterator[dict[str, Any]]:
    parsers = {
        column.name: parse
        for column in table.columns
        for kind, parse in ((tables.UtcTime, datetime.fromisoformat), (Date, date.fromisoformat))
        if isinstance(column.type, kind)
    }
    with archive.open(_member(table)) as member:
        for line in member:
            row = orjson.loads(line)
            for name, parse in parsers.items():
                row[name] = None if row[name] is None else parse(row[name])
            yield row


def _go_on_counting(connection: Connection, table: Table) -> None:
    """New rows come after the restored ones; PostgreSQL counts beside the table."""
    last = f"SELECT setval(pg_get_serial_sequence('{table.name}', 'seq'), max(seq)) FROM {table.name}"  # noqa: S608
    connection.execute(text(last))


def _member(table: Table) -> str:
    return f"tables/{table.name}.jsonl"
