"""People a run was asked to look at alone, and whom nobody knows."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from provisioning.decide.context import Context, list_names
from provisioning.model.text import fold, folded


def note_unknown(context: Context, only: Collection[str], changes: pd.DataFrame) -> None:
    """Say of which addresses neither a source nor the target knows anything.

    Args:
        context: what is known.
        only: e-mail addresses the plan is restricted to; empty means everyone.
        changes: all that would be changed; an address the policy makes stands there alone.
    """
    if not only:
        return
    tables = (context.people.records, context.target.accounts)
    known = set(folded(changes["subject"]))
    for table in tables:
        # Whoever has no address is named by the user name.
        known |= set(folded(table["email"].fillna(table["user_name"])))
    unknown = [email for email in only if fold(email) not in known]
    if unknown:
        context.note(
            f"nobody in the sources or the target has the address {list_names(unknown)}",
            "check the spelling of the address after --only",
        )
