"""`python -m sandbox.atlassian_export --people 500 --format current --out DIR`: write one export."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from sandbox.atlassian_export.face import FORMATS, write
from sandbox.kit.world import make_world


def main(arguments: Iterable[str] | None = None) -> None:
    """Write one export of a fresh company."""
    parser = argparse.ArgumentParser(prog="sandbox.atlassian_export", description=main.__doc__)
    parser.add_argument("--people", type=int, default=500, help="how many are present (500)")
    parser.add_argument("--seed", type=int, default=1, help="decides everything random (1)")
    parser.add_argument("--format", choices=list(FORMATS), default="current", help="of which page (current)")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR", help="where to (here)")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    write(make_world(chosen.people, chosen.seed), chosen.out, style=chosen.format)


if __name__ == "__main__":
    main()
