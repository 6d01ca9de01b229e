"""The parameters flows share, described once: for the forms of the Prefect UI, and the help of the commands.

The server checks a form against these bounds before a run exists, and shows the description beside the field.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flows.forms import Described, Filled

CONFIG = "The policy file, or block:NAME for one kept at the Prefect server."
OUT = "Folder for the files people read."
ONLY = "E-mail addresses to restrict the run to; empty means everyone."
AS_OF = "Judge as of this moment (UTC), to rehearse a date; one that is past shows what was read then."
COMPARE = "Say what came and went since what was read then (UTC), and the money between."
FULL = "Read every source whole, also those that can tell what changed."
BEGINS_WITH_A_DATE = r"^\d{4}-\d{2}-\d{2}"
NOT_EMPTY = {"minLength": 1, "pattern": r"\S"}

Config = Annotated[str, Filled, Described("Policy", CONFIG, NOT_EMPTY)]
Out = Annotated[str, Filled, Described("Folder", OUT, NOT_EMPTY)]
Only = Annotated[list[Annotated[str, Filled]] | None, Described("Only these people", ONLY)]
AsOf = Annotated[datetime | None, Described("As of", AS_OF, {"pattern": BEGINS_WITH_A_DATE})]
Compare = Annotated[datetime | None, Described("Compare with", COMPARE, {"pattern": BEGINS_WITH_A_DATE})]
Full = Annotated[bool, Described("Read in full", FULL)]
Fingerprint = Annotated[
    str,
    Filled,
    Described(
        "Plan",
        "Fingerprint of the plan, or its beginning: the run that made it shows it.",
        {"minLength": 4, "maxLength": 64, "pattern": "^[0-9a-f]+$"},
    ),
]
RunId = Annotated[
    str,
    Filled,
    Described(
        "Run",
        "The run to take back, or its beginning: `20261129-153831-gym7`.",
        {"minLength": 4, "pattern": "^[0-9]{4}[0-9a-z-]*$"},
    ),
]
