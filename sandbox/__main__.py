"""`python -m sandbox --people 500 --seed 1 --port 8700`: serve the rehearsal and print its policy."""

from __future__ import annotations

import argparse
from pathlib import Path

from sandbox.kit.limits import MODES
from sandbox.server import serve


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    serve(**vars(_parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--people", type=int, default=500, help="how many are present (500)")
    parser.add_argument("--seed", type=int, default=1, help="decides everything random (1)")
    parser.add_argument("--port", type=int, default=8700, help="0 takes a free one (8700)")
    parser.add_argument("--limits", choices=sorted(MODES), default="relaxed", help="rate limits (relaxed)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds every answer takes (0)")
    parser.add_argument("--start", help="virtual time to start at, ISO (today)")
    parser.add_argument("--plain", dest="odd", action="store_false", help="no malformed records")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write policy.yaml and prices.yaml there")
    parser.add_argument("--ready-file", type=Path, help="write the address there once it listens")
    parser.add_argument("--sources", default="okta-main", help="names of sources, or all (okta-main)")
    parser.add_argument("--targets", default="acme-cloud", help="names of targets, or all (acme-cloud)")
    return parser


if __name__ == "__main__":
    main()
