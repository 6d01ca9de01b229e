"""The words in which files and services say yes, no, nothing, and where a person stands: one table of each.

Words are looked up as `provisioning.model.text.fold` leaves them: trimmed, in any case. A word that stands
in no table means nothing; whoever reads it reports it and takes nothing for granted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from provisioning.model.terms import State
from provisioning.model.text import fold, folded

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
    """Return texts without those that only say that nothing is known."""
    # A column mostly repeats few words; what is no text, such as a list, stays as it is.
    return cells if cells.dtype == object else cells.mask(folded(cells).isin(UNKNOWN))
