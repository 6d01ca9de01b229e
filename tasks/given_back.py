"""Who gets something back by a plan that takes a run back, though they have left."""

from __future__ import annotations

import pandas as pd

from provisioning.decide.context import count
from provisioning.model.terms import Action
from tasks.session import Session

_GIVES = [Action.GRANT.value, Action.RESTORE.value, Action.REACTIVATE.value, Action.CANCEL_DELETE.value]


def given_to_leavers(session: Session, target: str, changes: pd.DataFrame) -> list[str]:
    """Why a person must look at what is given back: who of them has left; nothing where nobody has."""
    left = session.ledger.leavers(target)["account_id"]
    given = changes[changes["action"].isin(_GIVES) & changes["account_id"].isin(left)]
    people = sorted(given["subject"].unique())
    if not people:
        return []
    return [f"it gives back to {count(len(people), 'person', 'people')} who left: {', '.join(people)}"]
