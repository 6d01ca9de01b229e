"""How changes ended: found by reading accounts afresh, recorded in the ledger, remembered for later runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import orjson
import pandas as pd

from provisioning.decide.preconditions import postcondition_holds
from provisioning.model import frames
from provisioning.model.frames import Outcomes
from provisioning.model.terms import AccountState, Action, Status
from provisioning.model.text import fold, folded
from sinks import ALREADY, Observation, Sink
from tasks.memory import remember
from tasks.session import Session
from tasks.undone import remember_undone


class Ending(NamedTuple):
    """How one change ended, on which account, and what to say of it."""

    status: Status
    account_id: str | None = None
    message: str | None = None


def observe_accounts(sink: Sink, changes: pd.DataFrame) -> Observation:
    """Read the accounts of some changes afresh: by identifier, or by address while they have none.

    A directory finds an account by its user name alone, and that may be another address.
    """
    known = changes["account_id"].dropna().unique().tolist()
    makes_group = changes["action"].eq(Action.CREATE_GROUP.value)
    new = changes[changes["account_id"].isna() & ~makes_group]
    created = new.loc[new["action"] == Action.CREATE.value, "after"].map(orjson.loads)
    names = [name for after in created if "@" in (name := after.get("user_name") or "")]
    unknown = list(dict.fromkeys([*new["subject"], *names]))
    if not makes_group.any():
        return sink.observe(known, unknown)
    return sink.observe(known, unknown, changes.loc[makes_group, "entitlement"].unique().tolist())


def accounts_by_email(observation: Observation) -> dict[str, str]:
    """Whose account an address is, for changes planned before the account was known."""
    accounts = observation.accounts
    exists = accounts["state"].ne(AccountState.DELETED.value) & accounts["email"].notna()
    people = accounts[accounts["kind"].eq("person") & exists]
    return dict(zip(folded(people["email"]), people["account_id"], strict=True))


def settle_by_reading(sink: Sink, changes: pd.DataFrame, *, done: str, not_done: str) -> dict[str, Ending]:
    """Find out how changes ended whose answer nobody has.

    Args:
        sink: the open target.
        changes: a Changes frame.
        done: what to say of a change the target shows.
        not_done: what to say of one it does not.

    Returns:
        change_id → how it ended.
    """
    observation = observe_accounts(sink, changes)
    shown = postcondition_holds(changes, *observation)
    accounts = accounts_by_email(observation)
    told = {True: (Status.APPLIED, done), False: (Status.FAILED, not_done)}
    endings = {}
    for change, holds in zip(frames.rows(changes), shown, strict=True):
        status, message = told[bool(holds)]
        # Whose answer was lost has an account all the same: what is ours is known by it.
        account = change.account_id or accounts.get(fold(change.subject))
        endings[change.change_id] = Ending(status, account, message)
    return endings


def build_outcomes(changes: pd.DataFrame, endings: Mapping[str, Ending], at: datetime) -> pd.DataFrame:
    """An Outcomes frame, one row per change.

    Args:
        changes: a Changes frame.
        endings: how each of them ended.
        at: aware time.
    """
    ended = [endings[change_id] for change_id in changes["change_id"]]
    planned = changes["account_id"].reset_index(drop=True)
    accounts = planned.fillna(pd.Series([ending.account_id for ending in ended], dtype="str"))
    return frames.complete(
        Outcomes,
        pd.DataFrame(
            {
                "change_id": changes["change_id"].to_numpy(),
                "status": [ending.status.value for ending in ended],
                "account_id": accounts,
                "message": [ending.message for ending in ended],
                "at": at.astimezone(UTC),
            }
        ),
    )


def record_outcomes(
    session: Session, target: str, fingerprint: str, changes: pd.DataFrame, outcomes: pd.DataFrame
) -> None:
    """Record outcomes and, in the same breath, what they mean for later runs.

    What is remembered is read, then replaced, so one batch does it at a time.
    """
    with session.recording, session.ledger.together():
        session.ledger.record(session.run_id, fingerprint, outcomes)
        # What was so already, somebody else made: it is neither ours nor ours to take back.
        made = outcomes[outcomes["message"].ne(ALREADY)]
        remember(session.ledger, target, changes, made, session.moment())
        remember_undone(session, target, fingerprint, changes, made)


def with_accounts(changes: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """The changes that were made, each with the account it was made on."""
    tried = changes[changes["change_id"].isin(made["change_id"])].drop(columns="account_id")
    accounts = made[["change_id", "account_id"]]
    return tried.merge(accounts, on="change_id", validate="one_to_one")[changes.columns]
