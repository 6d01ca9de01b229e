"""What a run left behind: the targets it wrote are read once more, for a report that shows them so."""

from __future__ import annotations

import pandas as pd

from errors import SeatwiseError
from provisioning.model.frames import Links, concat
from tasks.extract import reread_target
from tasks.kept import take_target
from tasks.memory import MADE
from tasks.session import Session
from tasks.state import Earlier, RunState


def read_again(session: Session) -> None:
    """Read every target that was changed; one that cannot be read stays as it was, and the report says so."""
    state = session.state
    for name, outcomes in state.outcomes.items():
        if name not in state.targets or not outcomes["status"].isin(MADE).any():
            continue
        try:
            after = take_target(session, reread_target(session.reference, name))
        except SeatwiseError as error:
            state.remarks.append(
                f"{name} could not be read again after its changes ({error}), so its figures are those "
                "before them. Run `seatwise licences`."
            )
            continue
        state.before[name] = state.targets[name]
        state.targets[name] = after


def links_after(session: Session, state: RunState) -> pd.DataFrame:
    """The links that were decided, and those of the accounts that were made since."""
    decided = [decision.links for decision in state.decisions.values()]
    made = [session.ledger.links(name) for name in state.before]
    return concat(Links, [*decided, *made]).drop_duplicates(["target", "account_id"], ignore_index=True)


def links_then(session: Session, then: Earlier) -> pd.DataFrame:
    """The links of an earlier day; an account that had none kept yet is linked as it is now."""
    kept = [session.ledger.links(name, at=then.at) for name in then.targets]
    now = [decision.links for decision in session.state.decisions.values()]
    return concat(Links, [*kept, *now]).drop_duplicates(["target", "account_id"], ignore_index=True)
