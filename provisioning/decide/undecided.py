"""People of whom too little is known, for their scope or to say that they are gone: told, and left alone."""

from __future__ import annotations

import numpy as np

from provisioning.decide.context import Context, count, list_names
from provisioning.decide.lifecycle import USABLE
from provisioning.decide.people import ACTIVE, WAITING
from provisioning.decide.unread_rows import find_unread, list_missing
from provisioning.model.keys import take


def note_undecided(context: Context) -> None:
    """Note whose last sign-in or groups are not known enough to decide whether they are in scope."""
    people = context.people
    here = people.presence.isin([ACTIVE, WAITING]).to_numpy(np.bool_)
    rows = np.flatnonzero(people.undecided & people.primary & here)
    if len(rows):
        who = take(people.records["email"], rows).fillna("someone without an address")
        context.note(
            "too little is known of the last sign-in or the groups of "
            f"{count(len(rows), 'person', 'people')} for the scope, "
            f"so they get nothing and lose nothing: {list_names(who.tolist())}",
            "let the source tell last sign-ins (docs/connectors.md says what it needs) and groups, name "
            "the IdP group that is meant by its identifier, or put another condition into sources.scope",
        )


def note_unread(context: Context) -> None:
    """Note who is not listed and counts as listed, for a row that could not be read may be theirs."""
    missing = list_missing(context.correlation, context.target)
    states = take(context.target.accounts["state"], missing["account"].to_numpy(np.int64))
    missing = missing[states.isin(USABLE).to_numpy(np.bool_)]
    for name in context.sources:
        here = missing[missing["source"] == name]
        unread = find_unread(name, context.sources, here, context.memory)
        held = here[unread.people]
        if unread.rows and len(held):
            verb = "it does not list loses" if len(held) == 1 else "it does not list lose"
            context.note(
                f"{count(unread.rows, 'rejected row')} of {name} may be anybody's, so "
                f"{count(len(held), 'person', 'people')} {verb} nothing for that: "
                f"{list_names(set(held['email'].fillna(held['source_id'])))}",
                f"correct the rows of {name} that rejects.csv names, then run again",
            )
