"""What a person types to name a run or a plan: the whole identifier, or the beginning of it."""

from __future__ import annotations

from difflib import get_close_matches

from sqlalchemy import Column, Connection, func, select

from ledger.errors import AmbiguousIdentifier, NothingFound


def resolve(connection: Connection, column: Column[str], given: str, unknown: type[NothingFound]) -> str:
    """The identifier a person meant by it or by the beginning of it.

    Raises:
        NothingFound: nothing begins so; the error names the nearest.
        AmbiguousIdentifier: several do.
    """
    if connection.scalar(select(column).where(column == given).limit(1)) is not None:
        return given
    begins = func.substr(column, 1, len(given)) == given
    found = list(connection.scalars(select(column).where(begins).distinct().limit(4))) if given else []
    if len(found) > 1:
        raise AmbiguousIdentifier(
            f"{given!r} is the beginning of {', '.join(sorted(found))}", "Give more of the one you mean."
        )
    if not found:
        known = list(connection.scalars(select(column).order_by(column.desc()).distinct().limit(500)))
        raise unknown(given, get_close_matches(given, known, n=3, cutoff=0.5) or known[:3])
    return found[0]
