"""The step that thinks: it hands snapshots and memory to the pure floor and stores what comes back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from ledger import StoredPlan
from ledger.tables import KEY
from provisioning.decide.decide import Decision, decide
from provisioning.decide.plan import Plan
from provisioning.model.keys import take
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot, measure
from provisioning.policy.named_groups import is_named
from reports.plan_text import plan_title
from sources.scim_push.options import ScimPushOptions
from tasks.elsewhere import read_elsewhere
from tasks.extract import SOURCE_PARTS, TARGET_PARTS
from tasks.kept import remember_read
from tasks.last_reads import follow_people, recall_unlisted
from tasks.memory import SIZES, recall, recall_said, recall_sizes
from tasks.progress import tell
from tasks.scopes import recall_grouped
from tasks.session import Session


@task(name="decide", task_run_name="decide {name}", cache_policy=NO_CACHE)
def decide_target(
    session: Session, name: str, sources: dict[str, SourceSnapshot], targets: dict[str, TargetSnapshot]
) -> tuple[Decision, StoredPlan]:
    """Think about one target and keep the plan, the links and the leavers in the ledger.

    Args:
        session: the open session.
        name: the target.
        sources: what was read of each.
        targets: what was read of each; what others tell of the same accounts counts, too.

    Returns:
        What was decided, and the plan as the ledger holds it.
    """
    target = targets[name]
    with session.timed(f"decide {name}"):
        memory = recall(session.ledger, name, session.source_names)
        memory = follow_people(session.ledger, memory, sources, target, session.now)
        memory = recall_unlisted(session.ledger, memory, sources)
        memory = recall_grouped(session.ledger, memory, session.policy.sources, name)
        memory = replace(memory, said=recall_said(session.ledger, memory, _asked(session), session.now))
        actions = session.sink_actions(name)
        # A target that only a person can change is never changed unattended.
        by_hand = not actions
        decision = decide(
            sources,
            target,
            session.policy,
            memory,
            session.now,
            only=session.only,
            actions=actions or None,
            attended=by_hand,
            others=read_elsewhere(session, name, targets),
        )
        plan = _keep(session, name, decision)
        tell("; ".join([plan_title(plan.changes, f"{name}: plan {plan.fingerprint[:12]}"), *plan.blocked_by]))
        return decision, plan


@task(name="remember reads", task_run_name="remember reads", cache_policy=NO_CACHE)
def remember_reads(
    session: Session,
    sources: dict[str, SourceSnapshot],
    targets: dict[str, TargetSnapshot],
    fallen: frozenset[str] = frozenset(),
) -> None:
    """Catalogue the snapshots; a source that fell too far is no measure for the next run.

    A rehearsal catalogues nothing: the next run would be compared with it. What a report read is no measure,
    and is kept for later reports.

    Args:
        session: the open session.
        sources: what was read of each.
        targets: what was read of each.
        fallen: sources that a decision found too small.
    """
    if not session.keeps_reads:
        return
    if session.for_finance:
        for parts, reads in ((SOURCE_PARTS, sources), (TARGET_PARTS, targets)):
            for name, read in reads.items():
                remember_read(session, name, read, parts, complete=False)
        return
    before = recall_sizes(session.ledger, list(sources))
    for name, source in sources.items():
        sizes = measure(source, before.get(name), partial(is_named, session.policy, name))
        measured = SIZES.dump_python(sizes, mode="json", fallback=dict)
        remember_read(session, name, source, SOURCE_PARTS, complete=name not in fallen, measured=measured)
    for name, target in targets.items():
        remember_read(session, name, target, TARGET_PARTS, complete=True)


def _asked(session: Session) -> list[str]:
    """Sources that answer from elsewhere, perhaps with what was true before; what was pushed lies here."""
    kinds = {name: session.policy.connections[name].kind for name in session.source_names}
    return [name for name, kind in kinds.items() if kind != ScimPushOptions.kind]


def _keep(session: Session, name: str, decision: Decision) -> StoredPlan:
    verdict, ledger = decision.verdict, session.ledger
    plan = store_plan(session, decision.plan, verdict.reasons if verdict.needs_approval else [])
    if session.remembers:
        with ledger.together():
            ledger.save_links(name, decision.links, session.moment())
            ledger.save_leavers(name, _leavers(decision))
            ledger.save_doubted(name, decision.context.memory.doubted)
            ledger.forget_taken(name, _no_longer_taken(decision))
            ledger.resume_rules(name, decision.over)
            ledger.bring_back(name, _brought_back(decision), decision.context.target.taken_at)
    return plan


def _brought_back(decision: Decision) -> list[str]:
    """Accounts that Seatwise ended and that somebody else made active again."""
    accounts, ended = decision.context.target.accounts, decision.context.memory.ended
    active = decision.context.usable & accounts["account_id"].isin(ended).to_numpy()
    return list(accounts.loc[active, "account_id"])


def _no_longer_taken(decision: Decision) -> pd.DataFrame:
    """What was remembered as taken and is owed to nobody any more."""
    before, still = decision.context.memory.taken, decision.taken
    key = [*KEY]
    both = before.merge(still[key].drop_duplicates(), on=key, how="left", indicator="where")
    return before[both["where"].eq("left_only").to_numpy()]


def store_plan(
    session: Session, plan: Plan, blocked_by: list[str], *, undoes: str | None = None
) -> StoredPlan:
    """Keep a plan of this run in the ledger, with the reasons why a person must approve it.

    Args:
        session: the open session.
        plan: the plan.
        blocked_by: the reasons.
        undoes: run that the plan takes back.
    """
    stored = StoredPlan(
        fingerprint=plan.fingerprint,
        target=plan.target,
        run_id=session.run_id,
        policy_fingerprint=plan.policy_fingerprint,
        blocked_by=blocked_by,
        created=session.moment(),
        changes=plan.changes,
        undoes=undoes,
        partial=bool(session.only),
        asked_for=list(session.only) or None,
    )
    # A plan for another day must not be there to be applied today.
    if session.as_of is None:
        session.ledger.store_plan(stored)
    return stored


def _leavers(decision: Decision) -> pd.DataFrame:
    """Who leaves, and since when.

    Nobody's clock begins by a source that fell too far, or of which a group did: who is missing there today
    may be back tomorrow. Nor does it end by a file older than the one before, in which whoever left since is
    still at work.
    """
    lifecycle, context = decision.context.lifecycle, decision.context
    left = lifecycle.moved_as("leaver") & (lifecycle.account >= 0)
    account_ids = take(context.target.accounts["account_id"], lifecycle.account[left])
    stated = (lifecycle.since, lifecycle.reason, lifecycle.source)
    since, cause, source = (column[left].reset_index(drop=True) for column in stated)
    doubtful = source.isin(decision.verdict.fallen)
    now = pd.DataFrame({"account_id": account_ids, "since": since, "cause": cause})[~doubtful]
    kept = _still_leaving(decision, set(now["account_id"]), set(account_ids[doubtful]))
    return pd.concat([now, kept], ignore_index=True)


def _still_leaving(decision: Decision, known: set[str], doubtful: set[str]) -> pd.DataFrame:
    """Leavers as they were remembered who are none by this read, and whom it does not show to be back.

    Their source fell, only an older file has them at work, or a row that could not be read may be theirs.
    """
    memory, remembered = decision.context.memory, decision.context.correlation.remembered
    unlisted = remembered["source"].isin(decision.verdict.older) | (remembered["row"] < 0)
    unread = take(decision.context.target.accounts["account_id"], decision.context.lifecycle.unsure)
    there = remembered["account"] >= 0
    unsure = doubtful | set(unread) | set(remembered.loc[unlisted & there, "account_id"])
    kept = sorted(one for one in unsure if one in memory.leavers and one not in known)
    return pd.DataFrame(
        {
            "account_id": pd.Series(kept, dtype="str"),
            "since": pd.Series([memory.leavers[one] for one in kept], dtype="datetime64[us, UTC]"),
            "cause": pd.Series([memory.causes.get(one) for one in kept], dtype="str"),
        }
    )
