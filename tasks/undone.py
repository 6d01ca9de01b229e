"""What a run that takes another back means for later runs: its rules do not make the same again."""

from __future__ import annotations

import pandas as pd

from provisioning.decide.plan import UNDO, UNDONE_BY
from provisioning.decide.undone import digest_rule, name_entitlements, name_rules
from tasks.memory import MADE
from tasks.session import Session


def remember_undone(
    session: Session, target: str, fingerprint: str, changes: pd.DataFrame, outcomes: pd.DataFrame
) -> None:
    """Suspend the rules of what was taken back; what is made again all the same is suspended no longer.

    Args:
        session: the open session.
        target: the target they were made in.
        fingerprint: of the plan they belong to.
        changes: a Changes frame.
        outcomes: how they ended; rows that were not made are passed over.
    """
    taken_back = session.ledger.undoes(fingerprint)
    if taken_back is None and session.ledger.suspended_rules(target).empty:
        return
    made = outcomes[outcomes["status"].isin(MADE) & outcomes["account_id"].notna()]
    done = changes.drop(columns="account_id").merge(made[["change_id", "account_id"]], on="change_id")
    turned = done["reason"].str.startswith(UNDO)
    again = done[~turned]
    session.ledger.resume_rules(target, _named(again))
    if taken_back is not None:
        back = _name_suspended(session, target, done[turned])
        session.ledger.suspend_rules(target, back, run_id=taken_back, at=session.moment())


def _name_suspended(session: Session, target: str, back: pd.DataFrame) -> pd.DataFrame:
    """The rules that had made what is taken back, and which action each is not to make again."""
    rules = session.policy.target(target)
    named = _named(back).assign(action=back["action"].map(UNDONE_BY))
    digests = {rule: digest_rule(rules, rule) for rule in named["rule"].unique()}
    return named.assign(rule_digest=named["rule"].map(digests))


def _named(changes: pd.DataFrame) -> pd.DataFrame:
    """Changes with what is suspended of each instead of their rule and entitlement."""
    ids = name_entitlements(changes)
    names = changes["entitlement"].where(ids.ne(""))
    return changes.assign(rule=name_rules(changes["rule"]), entitlement_id=ids, entitlement=names)
