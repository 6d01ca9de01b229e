"""The words in which files and services say yes, no, nothing, and where a person stands: one table of each.

Words are looked up as `provisioning.model.text.fold` leaves them: trimmed, in any case. A word that stands
in no table means nothing; whoever reads it reports it and takes nothing for granted.
"""

from __future__ import annotations

from collections.abc import Mapping
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

YES = ("true", "yes", "y", "t", "1", "on", "ja", "j", "wahr", "oui", "o", "vrai", "si", "sí", "s", "sim")
NO = ("false", "no", "n", "f", "0", "off", "nein", "falsch", "non", "faux", "não", "nao")
BOOLEANS: Mapping[str, bool] = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
"""Words for yes and no."""

STATES: Mapping[str, State] = {
    **{word: State.ACTIVE if yes else State.DEPARTED for word, yes in BOOLEANS.items()},
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
    """Return what a value says, yes or no, also where a service writes it as text; None for anything else."""
    return BOOLEANS.get(fold(str(value)))


def known(cells: pd.Series) -> pd.Series:
    """Return texts without those that only say that nothing is known; what is no text stays as it is."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if cells.dtype == object or not len(cells):
        return cells
    words = pc.utf8_lower(pc.utf8_trim_whitespace(pa.array(cells, type=pa.large_string())))
    nothing = pc.is_in(words, value_set=pa.array(sorted(UNKNOWN), type=pa.large_string()))
    return cells.mask(nothing.to_numpy(zero_copy_only=False)) if pc.any(nothing).as_py() else cells
