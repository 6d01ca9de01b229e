"""The words in which files and services say yes, no, nothing, and where a person stands: one table of each.

Words are looked up as `provisioning.model.text.fold` leaves them: trimmed, in any case. A word that stands
in no table means nothing; whoever reads it reports it and takes nothing for granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from provisioning.model.terms import State
from provisioning.model.text import fold

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = frozenset(
    (
        "",
        "null",
        "(null)",
        "<null>",
        "[null]",
        "nil",
        "none",
        "(none)",
        "n/a",
        "#n/a",
        "n.a.",
        "k.a.",
        "k. a.",
        "undefined",
        "-",
        "--",
        "---",
        "\N{EN DASH}",
        "\N{EM DASH}",
        "?",
    )
)
"""What stands in a cell of which nothing is known."""

YES = ("true", "yes", "1", "ja", "wahr", "oui", "vrai", "si", "sí", "sim")
NO = ("false", "no", "0", "nein", "falsch", "non", "faux", "não", "nao")
BOOLEANS: Mapping[str, bool] = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
"""Words for yes and no."""
PAIRS = (("y", "n"), ("j", "n"), ("o", "n"), ("s", "n"), ("t", "f"), ("on", "off"))
"""Short words for yes and no, which elsewhere are codes: full-time, terminated, a province."""
SHORT: Mapping[str, bool] = {yes: True for yes, _ in PAIRS} | {no: False for _, no in PAIRS}
_PLAIN = frozenset(("y", "j", "n"))
"""Short words that say so without the other one of their pair."""

_BY_BOOLEAN = {True: State.ACTIVE, False: State.DEPARTED}
STATES: Mapping[str, State] = {
    **{word: _BY_BOOLEAN[yes] for word, yes in BOOLEANS.items()},
    **dict.fromkeys(("staged", "pending", "not started", "future", "prehire", "pre-hire"), State.STAGED),
    **dict.fromkeys(
        (
            "active",
            "provisioned",
            "password expired",
            "password_expired",
            "locked out",
            "locked_out",
            "recovery",
            "enabled",
            "employed",
            "aktiv",
            "actif",
            "activo",
            "attivo",
        ),
        State.ACTIVE,
    ),
    **dict.fromkeys(("suspended", "on leave", "leave", "leave of absence", "gesperrt"), State.SUSPENDED),
    **dict.fromkeys(
        (
            "departed",
            "deprovisioned",
            "deactivated",
            "inactive",
            "disabled",
            "terminated",
            "left",
            "inaktiv",
            "deaktiviert",
            "ausgeschieden",
            "inactif",
            "inactivo",
            "inattivo",
        ),
        State.DEPARTED,
    ),
}
"""Words for where a person stands that are understood without a mapping."""


def boolean(value: Any) -> bool | None:
    """Return what a value says, yes or no, also where a service writes it as text; None for anything else.

    It is for values that are yes or no and nothing else; words of a column are told by `booleans_among`.
    """
    word = fold(str(value))
    return BOOLEANS.get(word, SHORT.get(word))


def booleans_among(cells: Iterable[str]) -> Mapping[str, bool]:
    """Return the words for yes and no in a column, by all its cells.

    A short word says yes or no where nothing else stands in the column: short ones of one pair and long ones.
    """
    words = {fold(cell) for cell in cells}
    short = words & SHORT.keys()
    pair = next((pair for pair in PAIRS if short <= set(pair)), ())
    said: Mapping[str, bool] = {**BOOLEANS, **{word: SHORT[word] for word in pair}}
    both = len({said.get(word) for word in words}) == len({True, False})
    if words <= said.keys() and (both or short <= _PLAIN):
        return said
    return BOOLEANS


def states_among(cells: Iterable[str]) -> Mapping[str, State]:
    """Return the words for where a person stands in a column, by all its cells."""
    return {**STATES, **{word: _BY_BOOLEAN[yes] for word, yes in booleans_among(cells).items()}}


def known(cells: pd.Series) -> pd.Series:
    """Return texts without those that only say that nothing is known; what is no text stays as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if cells.dtype == object or not len(cells):
        return cells
    words = pc.utf8_lower(pc.utf8_trim_whitespace(pa.array(cells, type=pa.large_string())))
    nothing = pc.is_in(words, value_set=pa.array(sorted(UNKNOWN), type=pa.large_string()))
    return cells.mask(nothing.to_numpy(zero_copy_only=False)) if pc.any(nothing).as_py() else cells
