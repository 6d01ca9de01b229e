"""What a person types to name a run or a plan: the whole identifier, or the beginning of it."""

from __future__ import annotations

from difflib import get_close_matches

from ledger.asking import Ask
from ledger.errors import AmbiguousIdentifier, NothingFound


def resolve(ask: Ask, table: str, column: str, given: str, unknown: type[NothingFound]) -> str:
    """The identifier a person meant by it or by the beginning of it.

    Args:
        ask: the ledger's database.
        table: where the identifiers stand.
        column: in which column.
        given: what was typed.
        unknown: error for nothing that begins so.

    Raises:
        NothingFound: nothing begins so; the error names the nearest.
        AmbiguousIdentifier: several do.
    """

    def identifiers(rest: str, **values: object) -> list[str]:
        rows = ask(f"SELECT DISTINCT {column} FROM {table} {rest}", **values)  # noqa: S608 (names of our own)
        return [row[column] for row in rows]

    if identifiers(f"WHERE {column} = :given", given=given):
        return given
    begins = f"WHERE substr({column}, 1, :length) = :given LIMIT 4"
    found = identifiers(begins, length=len(given), given=given) if given else []
    if len(found) > 1:
        raise AmbiguousIdentifier(
            f"{given!r} is the beginning of {', '.join(sorted(found))}", "Give more of the one you mean."
        )
    if not found:
        known = identifiers(f"ORDER BY {column} DESC LIMIT 500")
        raise unknown(given, get_close_matches(given, known, n=3, cutoff=0.5) or known[:3])
    return found[0]
