"""What a provider's word for the state of a user means, and what is said of a word nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from provisioning.model.attributes import NEVER, STALENESS
from provisioning.model.frames import Identities, Rejects, concat
from provisioning.model.intake import reject, screened
from provisioning.model.screening import Screened
from provisioning.model.terms import State

STAGED = State.STAGED.value
"""What counts for a user whose word is not known: nothing is given and nothing taken."""

_SIGN_INS: dict[str, Any] = {NEVER: "boolean", STALENESS: "Int64"}


def state_remedy(connection: str) -> str:
    """Return what to do about a word that is not known."""
    return f"say what it means under `states` of connection {connection}; until then it counts as staged"


def screen_people(
    connection: str,
    columns: Mapping[str, Any],
    words: Sequence[Any],
    meanings: Mapping[Any, State],
    *,
    problem: str = "not a known status",
    remedy: str | None = None,
    show: Callable[[Any], str | None] = str,
) -> Screened:
    """Make Identities of a batch of people, and report those whose state word is not known.

    Args:
        connection: its name.
        columns: values by column, all but `source` and `state`; `never_signed_in` is true where the provider
            proves it, else null, and `sign_in_staleness` is days or null.
        words: the provider's word for the state of each person.
        meanings: what the words mean.
        problem: what is said of a word that has no meaning.
        remedy: what to do about it; by default to say it under `states`.
        show: how the word stands in the report.
    """
    states = {word: meanings[word].value if word in meanings else STAGED for word in set(words)}
    unknown = states.keys() - meanings.keys()
    typed: dict[str, Any] = {"source": connection, **columns, "state": [states[word] for word in words]}
    if unknown and "hired_on" in typed:
        # They wait, whatever their first working day: that would make active people of them.
        days = zip(typed["hired_on"], words, strict=True)
        typed["hired_on"] = [None if word in unknown else day for day, word in days]
    typed |= {name: pd.array(typed[name], dtype=kind) for name, kind in _SIGN_INS.items() if name in typed}
    people = screened(Identities, typed, origin=connection, key="source_id")
    if not unknown:
        return people
    remedy = remedy or state_remedy(connection)
    reports: list[pd.DataFrame] = [
        reject(str(key), "source_state", show(word), problem, origin=connection, remedy=remedy)
        for key, word in zip(columns["source_id"], words, strict=True)
        if word in unknown
    ]
    return Screened(people.frame, concat(Rejects, [people.rejects, *reports]))
