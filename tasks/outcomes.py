"""How changes ended: found by reading accounts afresh, recorded in the ledger, remembered for later runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
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
    """Read the accounts of some changes afresh: by identifier, or by address and user name."""
    known = changes["account_id"].dropna().unique().tolist()
    makes_group = changes["action"].eq(Action.CREATE_GROUP.value)
    unknown = changes.loc[changes["account_id"].isna() & ~makes_group, "subject"].unique().tolist()
    groups = changes.loc[makes_group, "entitlement"].unique().tolist()
    return sink.observe(known, unknown, groups, wanted_user_names(changes))


def wanted_user_names(changes: pd.DataFrame) -> dict[str, str]:
    """The user names of the accounts that some changes make, by address."""
    created = changes[changes["action"] == Action.CREATE.value]
    stated = created["after"].map(lambda after: orjson.loads(after).get("user_name"))
    return {email: name for email, name in zip(created["subject"], stated, strict=True) if name}


def find_namesakes(observation: Observation, changes: pd.DataFrame) -> dict[str, int]:
    """Rows of observed accounts that bear the user name of one to be made and show no address, by address.

    Before a write such an account is another's; after it, where no address is shown, it is the one made.
    """
    accounts = observation.accounts
    theirs = accounts["email"].isna() & accounts["kind"].eq("person")
    theirs &= accounts["state"].ne(AccountState.DELETED.value)
    rows = dict(zip(folded(accounts["user_name"])[theirs], np.flatnonzero(theirs), strict=True))
    names = wanted_user_names(changes)
    return {email: int(rows[fold(name)]) for email, name in names.items() if fold(name) in rows}


def with_addresses(observation: Observation, changes: pd.DataFrame) -> Observation:
    """The observation, each account that these changes made with the address it was made with."""
    accounts = observation.accounts.copy()
    for email, row in find_namesakes(observation, changes).items():
        accounts.loc[accounts.index[row], "email"] = email
    return observation._replace(accounts=accounts)


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
    observation = with_addresses(observe_accounts(sink, changes), changes)
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
