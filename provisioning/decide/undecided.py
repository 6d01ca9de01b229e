"""People of whom too little is known for the scope of their source: told, and left as they are."""

from __future__ import annotations

import numpy as np

from provisioning.decide.context import Context, count, list_names
from provisioning.decide.people import ACTIVE, WAITING
from provisioning.model.keys import take


def note_undecided(context: Context) -> None:
    """Note whose last sign-in is unknown, or too stale to decide whether they are in scope."""
    people = context.people
    here = people.presence.isin([ACTIVE, WAITING]).to_numpy(np.bool_)
    rows = np.flatnonzero(people.undecided & people.primary & here)
    if len(rows):
        who = take(people.records["email"], rows).fillna("someone without an address")
        context.note(
            f"too little is known of the last sign-in of {count(len(rows), 'person', 'people')} for the "
            f"scope, so they get nothing and lose nothing: {list_names(who.tolist())}",
            "let the source tell last sign-ins (docs/connectors.md says what it needs), or put another "
            "condition into sources.scope.filter",
        )
