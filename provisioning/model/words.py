"""The words in which files and services say yes, no, nothing, and where a person stands: one table of each.

Words are looked up as `provisioning.model.text.fold` leaves them: trimmed, in any case. A word that stands
in no table means nothing; whoever reads it reports it and takes nothing for granted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from provisioning.model.terms import State
from provisioning.model.text import fold

if TYPE_CHECKING:
    import pandas as pd

    from provisioning.model.keys import Mask

NOTHING = frozenset(("none", "(none)", "nil", "-", "--", "---", "\N{EN DASH}", "\N{EM DASH}"))
"""Words that there is none: in no group, no role, no title."""
UNSAID = frozenset(
    ("null", "(null)", "<null>", "[null]", "n/a", "#n/a", "n.a.", "k.a.", "k. a.", "undefined", "?")
)
"""Words that nothing is known of it."""
UNKNOWN = frozenset(("",)) | NOTHING | UNSAID
"""What stands in a plain cell of which nothing is known."""
ERRORS = frozenset(
    (
        *("#n/a", "#ref!", "#name?", "#value!", "#div/0!", "#null!", "#num!", "#spill!", "#calc!", "#field!"),
        *("#getting_data", "#blocked!", "#connect!", "#unknown!", "#busy!", "#error!"),
        *("#nv", "#bezug!", "#wert!", "#zahl!", "#\N{LATIN SMALL LETTER U WITH DIAERESIS}berlauf!"),
        *("#n/d", "#valeur!", "#nom?", "#nombre!", "#nul!"),
    )
)
"""What a spreadsheet writes where a formula failed, in the languages of its users."""
DOUBTFUL = UNSAID | ERRORS | frozenset(("unknown", "(unknown)", "unbekannt", "inconnu"))
"""Words that leave open what holds, in a cell that decides what somebody is given or loses: no empty cell."""

YES = ("true", "yes", "ja", "wahr", "oui", "vrai", "si", "sí", "sim")
NO = ("false", "no", "nein", "falsch", "non", "faux", "não", "nao")
BOOLEANS: Mapping[str, bool] = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
"""Words for yes and no."""
FIGURES = ("1", "0")
PAIRS = (("y", "n"), ("j", "n"), ("o", "n"), ("s", "n"), ("t", "f"), ("on", "off"), FIGURES)
"""Short words for yes and no, which elsewhere are codes: full-time, terminated, a province, a grade."""
SHORT: Mapping[str, bool] = {yes: True for yes, _ in PAIRS} | {no: False for _, no in PAIRS}
_PLAIN = frozenset(("y", "j", "n", *FIGURES))
"""Short words that say so without the other one of their pair."""
_ASKS = re.compile(
    r"(?<!in)(?<!de)(?<!d\N{LATIN SMALL LETTER E WITH ACUTE}s)"
    r"(?:active|actif|activo|aktiv|attivo|ativo|enabled|employed)\b"
)

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


def asks(header: str) -> bool:
    """Return whether a header asks what yes and no answer: `Active`, `accountEnabled`, but not `Status`."""
    return _ASKS.search(fold(header)) is not None


def booleans_among(cells: Iterable[str], *, asked: bool = True) -> Mapping[str, bool]:
    """Return the words for yes and no in a column, by all its cells.

    A short word says yes or no where nothing else stands in the column: short ones of one pair and long ones.

    Args:
        cells: its cells; those that leave open what holds tell nothing of the others.
        asked: whether its header asks for yes or no; under any other a letter is a code.
    """
    words = {fold(cell) for cell in cells} - UNKNOWN - DOUBTFUL
    short = words & SHORT.keys()
    pairs = PAIRS if asked else (FIGURES,)
    pair = next((pair for pair in pairs if short <= set(pair)), ())
    said: Mapping[str, bool] = {**BOOLEANS, **{word: SHORT[word] for word in pair}}
    both = len({said.get(word) for word in words}) == len({True, False})
    if words <= said.keys() and (both or short <= _PLAIN):
        return said
    return BOOLEANS


def states_among(cells: Iterable[str], *, asked: bool = True) -> Mapping[str, State]:
    """Return the words for where a person stands in a column, by all its cells."""
    said = booleans_among(cells, asked=asked)
    return {**STATES, **{word: _BY_BOOLEAN[yes] for word, yes in said.items()}}


def known(cells: pd.Series) -> pd.Series:
    """Return texts without those that only say that nothing is known; what is no text stays as it is."""
    return without(cells, UNKNOWN)


def without(cells: pd.Series, words: frozenset[str]) -> pd.Series:
    """Return texts without some words; what is no text stays as it is."""
    if cells.dtype == object or not len(cells):
        return cells
    found = among(cells, words)
    return cells.mask(found) if found.any() else cells


def among(cells: pd.Series, words: frozenset[str]) -> Mask:
    """Return which texts are one of some words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.utf8_lower(pc.utf8_trim_whitespace(pa.array(cells, type=pa.large_string())))
    found: Mask = pc.is_in(plain, value_set=pa.array(sorted(words), type=pa.large_string())).to_numpy(
        zero_copy_only=False
    )
    return found
