"""What a connection of kind `csv` or `sql` may say."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from provisioning.model.terms import State
from provisioning.model.text import fold
from provisioning.policy.values import Duration
from sources.tables.headers import NAMES

_READS = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


class Groups(BaseModel):
    """Where the table names a person's groups."""

    model_config = ConfigDict(extra="forbid")

    columns: list[str] = Field(description="Headers of the columns that hold names of groups.")
    separator: str | None = Field(None, description="What stands between several names in one field.")


class TableOptions(BaseModel):
    """What a connection to any table of people may say."""

    model_config = ConfigDict(extra="forbid")

    columns: dict[str, str] = Field({}, description="Column to header, where the header is not well known.")
    states: dict[str, State] = Field({}, description="What the table's words for a state mean.")
    state: State | None = Field(
        None, description="State of a row without one, or of a table without the column."
    )
    groups: Groups | None = Field(None, description="Where groups are named.")
    sign_in_staleness: Duration = Field(
        timedelta(0),
        description="How far behind its last sign-ins may be, in days, such as 14d of lastLogonTimestamp.",
    )
    dates: list[str] = Field(
        [], description="Formats of dates such as %d/%m/%Y, beside 2026-01-31 and 31 Jan 2026."
    )

    @field_validator("states")
    @classmethod
    def _whatever_case(cls, states: dict[str, State]) -> dict[str, State]:
        return {fold(word): state for word, state in states.items()}

    @model_validator(mode="after")
    def _known_columns(self) -> Self:
        if unknown := set(self.columns) - set(NAMES):
            raise ValueError(f"columns: no column {sorted(unknown)}; columns are {sorted(NAMES)}")
        return self


class CsvOptions(TableOptions):
    """What a connection of kind `csv` may say."""

    kind: ClassVar[str] = "csv"

    path: Path = Field(description="The file; one whose name ends in .parquet is read as Parquet.")
    delimiter: str | None = Field(None, min_length=1, max_length=1, description="Found by itself by default.")
    encoding: str | None = Field(None, description="UTF-8 or what the byte order mark says by default.")

    @property
    def parquet(self) -> bool:
        """Whether the file is Parquet."""
        return self.path.suffix.casefold() in (".parquet", ".pq")


class SqlOptions(TableOptions):
    """What a connection of kind `sql` may say."""

    kind: ClassVar[str] = "sql"

    url: SecretStr = Field(description="SQLAlchemy address, such as postgresql+psycopg://reader:…@host/hr.")
    query: str = Field(description="A SELECT; its column names are the headers.")

    @field_validator("query")
    @classmethod
    def _reads(cls, query: str) -> str:
        if not _READS.match(query):
            raise ValueError("a query begins with SELECT or WITH")
        return query
