"""The two kinds of tables."""

from __future__ import annotations

from sources.tables.csv import Csv
from sources.tables.sql import Sql

__all__ = ["Csv", "Sql"]
