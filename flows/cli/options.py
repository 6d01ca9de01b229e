"""The options commands share."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from flows import descriptions

Config = Annotated[Path, typer.Option("--config", "-c", help=descriptions.CONFIG)]
Out = Annotated[Path, typer.Option("--out", "-o", help=descriptions.OUT)]
Json = Annotated[bool, typer.Option("--json", help="Print the summary alone, as JSON.")]
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="EMAIL", help="Restrict the run to these people; repeatable."),
]
Full = Annotated[bool, typer.Option("--full", help=descriptions.FULL)]
AsOf = Annotated[datetime | None, typer.Option("--as-of", help=descriptions.AS_OF)]
Compare = Annotated[datetime | None, typer.Option("--compare", help=descriptions.COMPARE)]
Send = Annotated[bool, typer.Option("--send", help=descriptions.SEND)]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]

POLICY = Path("policy.yaml")
OUT = Path("out")
