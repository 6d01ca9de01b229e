"""The options commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", "-c", help="The policy file.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for the files people read.")]
Json = Annotated[bool, typer.Option("--json", help="Print the summary alone, as JSON.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="EMAIL", help="Restrict the run to these people; repeatable."),
]
Full = Annotated[
    bool, typer.Option("--full", help="Read every source whole, also those that tell what changed.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", help="Judge as of this moment (UTC) instead of now, to rehearse a date."),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]

POLICY = Path("policy.yaml")
OUT = Path("out")
