"""The parameters flows share, as the forms of the Prefect UI take them.

The server checks a form against these bounds before a run exists, and shows the description beside the field.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from flows.descriptions import AS_OF, COMPARE, CONFIG, FULL, ONLY, OUT, SEND
from flows.forms import Chosen, Described, Filled

BEGINS_WITH_A_DATE = r"^\d{4}-\d{2}-\d{2}"
NOT_EMPTY = {"minLength": 1, "pattern": r"\S"}

Config = Annotated[str, Filled, Described("Policy", CONFIG, NOT_EMPTY)]
Out = Annotated[str, Filled, Described("Folder", OUT, NOT_EMPTY)]
Only = Annotated[list[Annotated[str, Filled]] | None, Described("Only these people", ONLY)]
AsOf = Annotated[datetime | None, Described("As of", AS_OF, {"pattern": BEGINS_WITH_A_DATE})]
Compare = Annotated[datetime | None, Described("Compare with", COMPARE, {"pattern": BEGINS_WITH_A_DATE})]
Full = Annotated[bool, Described("Read in full", FULL)]
Send = Annotated[bool, Described("Mail it", SEND)]
Fingerprint = Annotated[
    str,
    Chosen,
    Described(
        "Plan",
        "One that waits, or the fingerprint of another or its beginning: the run that made it shows it.",
        {"minLength": 4, "maxLength": 64, "pattern": "^[0-9a-f]+$"},
    ),
]
RunId = Annotated[
    str,
    Chosen,
    Described(
        "Run",
        "One of the last that changed something, or another or its beginning: `20261129-153831-gym7`.",
        {"minLength": 4, "pattern": "^[0-9]{4}[0-9a-z-]*$"},
    ),
]
