"""A file of people, CSV or Parquet: an export of any IdP or HR system.

Needs: the file, and for columns whose names are not well known a mapping in the connection.
Reads: one row per person; groups from a column that lists them, or from repeated rows of one person.
Every row or value that cannot be used is reported with its line. It reads no network.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from pydantic import BaseModel

from provisioning.model import delimited
from provisioning.model.findings import Unreadable
from sources.tables.options import CsvOptions
from sources.tables.table import Table
from transport.door import Door


class Csv(Table):
    """One file of people."""

    kind: ClassVar[str] = CsvOptions.kind
    Options: ClassVar[type[BaseModel]] = CsvOptions
    _options: CsvOptions

    def __init__(self, name: str, options: CsvOptions, door: Door) -> None:  # noqa: ARG002 - needs no network
        super().__init__(name, options)
        self.unit = "row" if options.parquet else "line"

    @property
    def _where(self) -> str:
        return str(self._options.path)

    @property
    def as_of(self) -> datetime:
        """When the file was written: what it says is of then at the latest."""
        return datetime.fromtimestamp(self._options.path.stat().st_mtime, UTC)

    def _table(self) -> delimited.Table:
        path = self._options.path
        try:
            content = path.read_bytes()
            if self._options.parquet:
                from sources.tables.parquet import parse

                return parse(content)
            text = delimited.decode(content, self._options.encoding)
            return delimited.parse(text, delimiter=self._options.delimiter)
        except OSError as error:
            raise Unreadable(
                f"{path}: {error.strerror}", remedy="Check the path and that the file may be read."
            ) from error
        except Unreadable as error:
            raise Unreadable(f"{path}: {error.message}", remedy=error.remedy) from error
