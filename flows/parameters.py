"""The parameters flows share, described once: for the Prefect UI, and for the help of the commands."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

CONFIG = "The policy file, or block:NAME for one kept at the Prefect server."
OUT = "Folder for the files people read."
ONLY = "E-mail addresses to restrict the run to; empty means everyone."
AS_OF = "Judge as of this moment (UTC), to rehearse a date; one that is past shows what was read then."
FULL = "Read every source whole, also those that can tell what changed."


class Described(NamedTuple):
    """What a parameter means; Prefect takes it from the schema of its type."""

    text: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add the description to the schema of the type."""
        return {**handler(core), "description": self.text}


Config = Annotated[str, Described(CONFIG)]
Out = Annotated[str, Described(OUT)]
Only = Annotated[list[str] | None, Described(ONLY)]
AsOf = Annotated[datetime | None, Described(AS_OF)]
Full = Annotated[bool, Described(FULL)]
