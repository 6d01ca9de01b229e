"""From snapshots to a judged plan: correlate, lifecycle, entitle, plan, guard."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide import guard, joiners, plan
from provisioning.decide.assignments import grant, revoke
from provisioning.decide.capacity import fit_capacity
from provisioning.decide.catalogue import build_catalogue, find_entitlements
from provisioning.decide.changes import assemble
from provisioning.decide.conflicts import find_conflicts
from provisioning.decide.context import Context
from provisioning.decide.correlate import Ambiguity, correlate, tabulate_ambiguities, tabulate_links
from provisioning.decide.elsewhere import drop_contested
from provisioning.decide.entitle import Desired, entitle
from provisioning.decide.fresh_losses import drop_unconfirmed
from provisioning.decide.group_losses import judge_groups, note_groups
from provisioning.decide.guard import Verdict
from provisioning.decide.inactive import find_idle, revoke_idle
from provisioning.decide.leavers import plan_leavers
from provisioning.decide.lifecycle import derive_lifecycle, find_lasting_links, tabulate_movements
from provisioning.decide.movers import update
from provisioning.decide.named import note_unknown
from provisioning.decide.new_groups import make_groups
from provisioning.decide.people import gather
from provisioning.decide.plan import Plan
from provisioning.decide.scope_losses import find_scope_losses
from provisioning.decide.scope_notes import note_scopes
from provisioning.decide.sign_in import note_broken_sign_in
from provisioning.decide.stuck import find_stuck, note_stuck
from provisioning.decide.undecided import note_undecided, note_unread
from provisioning.decide.undone import drop_undone, find_kept, find_over
from provisioning.model.findings import Finding
from provisioning.model.frames import Conflicts, Taken, columns, complete, concat
from provisioning.model.keys import Mask, pick, positions, within
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.model.terms import AccountState
from provisioning.policy.policy import Policy
from provisioning.policy.rules import Leaver

__all__ = ["Decision", "Memory", "Plan", "SourceSnapshot", "TargetSnapshot", "Verdict", "decide"]


class _Proposal(NamedTuple):
    """All changes the rules ask for, the joiners who are ambiguous, and the seats that are idle."""

    changes: pd.DataFrame
    ambiguities: list[Ambiguity]
    idle: pd.DataFrame


class _Judgement(NamedTuple):
    """The changes that may be made at all, those of the plan, those withheld, and the verdict."""

    safe: pd.DataFrame
    changes: pd.DataFrame
    withheld: pd.DataFrame
    verdict: Verdict


@dataclass(frozen=True)
class Decision:
    """All that was thought about one target.

    Attributes:
        target: connection it is about.
        identities: Identities in scope, one row a person.
        links: Links frame.
        ambiguities: Ambiguities frame.
        conflicts: Conflicts between the sources, the same for every target, and about its accounts.
        orphans: Accounts of persons that are linked to nobody.
        movements: Movements frame.
        plan: the changes to make.
        verdict: whether they may be made unattended.
        notes: what a person should know, in words.
        stuck: StuckSeats, billed seats that should go and that no rule can take.
        withheld: Changes that were left out because a read was not complete, or has to be confirmed by the
            next one; none of them is applied.
        taken: Taken assignments to remember from now on; those nobody is owed any more are left out.
        over: what was undone and is suspended no longer, as `Memory.undone` has it.
        desired: who should have what and by which rule, for `explain`.
        context: what was known, for `explain`.
    """

    target: str
    identities: pd.DataFrame
    links: pd.DataFrame
    ambiguities: pd.DataFrame
    conflicts: pd.DataFrame
    orphans: pd.DataFrame
    movements: pd.DataFrame
    plan: Plan
    verdict: Verdict
    notes: list[Finding]
    stuck: pd.DataFrame
    withheld: pd.DataFrame
    taken: pd.DataFrame
    over: pd.DataFrame
    desired: Desired
    context: Context


def decide(
    sources: Mapping[str, SourceSnapshot],
    target: TargetSnapshot,
    policy: Policy,
    memory: Memory,
    now: datetime,
    *,
    attended: bool = False,
    only: Collection[str] = (),
    actions: Collection[str] | None = None,
    others: Sequence[TargetSnapshot] = (),
) -> Decision:
    """Think about one target; a plan that needs approval is a result, not an error.

    Args:
        sources: snapshot by connection; those of `policy.sources` are used, in that order.
        target: the target's snapshot.
        policy: the policy.
        memory: what the ledger remembers of the target.
        now: the present time, UTC.
        attended: whether a person looks at this plan before it is applied.
        only: e-mail addresses the plan is restricted to; empty means everyone.
        actions: what the sink can do; None means everything.
        others: reads of the other targets that may show the same accounts: those of the cloud, if it is one.
    """
    context = _understand(sources, target, policy, memory, now=now, actions=actions, others=others)
    desired = entitle(context)
    note_broken_sign_in(context)
    note_undecided(context)
    note_unread(context)
    proposal = _propose(context, desired)
    judgement = _judge(context, desired, proposal.changes, only, attended=attended)
    return _report(context, desired, proposal, judgement, only)


class GuardedChanges(NamedTuple):
    """The changes that may be made, and what is said of the others."""

    changes: pd.DataFrame
    notes: list[Finding]


def guard_changes(
    changes: pd.DataFrame,
    sources: Mapping[str, SourceSnapshot],
    target: TargetSnapshot,
    policy: Policy,
    memory: Memory,
    *,
    now: datetime,
    actions: Collection[str] | None = None,
) -> GuardedChanges:
    """Leave out of changes that nobody decided just now what is protected and what the sink cannot do.

    Args:
        changes: a Changes frame, such as that of an inverse plan.
        sources: snapshot by connection.
        target: the target's snapshot.
        policy: the policy.
        memory: what the ledger remembers of the target.
        now: the present time, UTC.
        actions: what the sink can do; None means everything.
    """
    context = _understand(sources, target, policy, memory, now=now, actions=actions)
    return GuardedChanges(
        guard.drop_unsupported(context, guard.drop_protected(context, changes)), context.notes
    )


def _make_plan(context: Context, judgement: _Judgement, only: Collection[str]) -> plan.Plan:
    """The plan; where it changes nothing and waits, a person approves the reasons."""
    reasons = judgement.verdict.reasons if judgement.changes.empty else []
    shown = [*reasons, *sorted(only)] if reasons else []
    return plan.make(context.rules.to, judgement.changes, context.policy.fingerprint(), shown)


def _report(
    context: Context,
    desired: Desired,
    proposal: _Proposal,
    judgement: _Judgement,
    only: Collection[str],
) -> Decision:
    people, target, correlation = context.people, context.target, context.correlation
    ambiguities = [*correlation.ambiguities, *proposal.ambiguities]
    lasting = find_lasting_links(people, target, correlation)
    moves = _list_moves(context, judgement.safe)
    staying = guard.find_protected(context) | find_kept(context)
    staying |= positions(target.accounts["account_id"], context.contested["account_id"]) >= 0
    stuck = find_stuck(context, judgement.safe, staying, proposal.idle)
    note_stuck(context, stuck)
    return Decision(
        target=target.target,
        identities=_identities(context),
        links=tabulate_links(people, target, correlation, lasting),
        ambiguities=tabulate_ambiguities(people, target, ambiguities),
        conflicts=_conflicts(context),
        orphans=target.accounts[_is_orphan(context, lasting)].reset_index(drop=True),
        movements=tabulate_movements(people, target, context.lifecycle, moves),
        plan=_make_plan(context, judgement, only),
        verdict=judgement.verdict,
        notes=context.notes,
        stuck=stuck,
        withheld=judgement.withheld,
        taken=_still_taken(context, desired),
        over=find_over(context, desired),
        desired=desired,
        context=context,
    )


def _conflicts(context: Context) -> pd.DataFrame:
    contested = context.contested[columns(Conflicts)]
    return concat(Conflicts, [find_conflicts(context.people), complete(Conflicts, contested)])


def _judge(
    context: Context, desired: Desired, changes: pd.DataFrame, only: Collection[str], *, attended: bool
) -> _Judgement:
    """Leave out what is protected, impossible, not asked for or uncertain, and judge the rest."""
    note_unknown(context, only, changes)
    wanted = drop_undone(context, changes)
    agreed = drop_contested(context, wanted)
    safe = guard.drop_unsupported(context, guard.drop_protected(context, agreed))
    asked = plan.restrict(safe, only)
    sifted = guard.withhold(context, asked)
    certain = drop_unconfirmed(context, sifted.changes)
    fitted = fit_capacity(context, certain)
    note_groups(context, desired, fitted.changes)
    note_scopes(context)
    by_source, others = judge_groups(context, desired, fitted.changes)
    losses = guard.Losses([*find_scope_losses(context), *by_source], [*fitted.reasons, *others])
    verdict = guard.judge(context, fitted.changes, sifted.withheld, losses, attended=attended)
    withheld = asked[~asked["change_id"].isin(certain["change_id"])].reset_index(drop=True)
    return _Judgement(safe, fitted.changes, withheld, verdict)


def _understand(
    sources: Mapping[str, SourceSnapshot],
    target: TargetSnapshot,
    policy: Policy,
    memory: Memory,
    *,
    now: datetime,
    actions: Collection[str] | None,
    others: Sequence[TargetSnapshot] = (),
) -> Context:
    """Find out who is who, and how each lifecycle moved."""
    rules = policy.target(target.target)
    stated = {rule.origin: sources[rule.origin] for rule in policy.sources if rule.origin in sources}
    people = gather(policy.sources, stated, now, memory.previous)
    attributes = {str(name): attribute for name, attribute in rules.attributes.items()}
    correlation = correlate(people, target, memory.links, rules.correlate, attributes, memory.doubted)
    apart = isinstance(rules.leaver, Leaver)
    lifecycle = derive_lifecycle(people, target, correlation, stated, memory, now=now, apart=apart)
    catalogue = build_catalogue(target, rules, policy.protect)
    return Context(
        people, stated, target, correlation, lifecycle, policy, rules, catalogue, memory, now, actions, others
    )


def _propose(context: Context, desired: Desired) -> _Proposal:
    """Ask for every change of the rules, before anything is protected or limited."""
    idle = find_idle(context)
    created, back = joiners.create(context), joiners.bring_back(context)
    returning = back["account"].to_numpy(np.int64)
    reachable = pick(context.usable, context.correlation.account)
    reachable[created.emails.index.to_numpy(np.int64)] = True
    reachable[back["person"].to_numpy(np.int64)] = True
    parts = [
        make_groups(context, desired.new),
        created.raw,
        back,
        *update(context, returning),
        grant(context, desired, reachable),
        revoke(context, desired),
        *plan_leavers(context),
        revoke_idle(context, idle),
    ]
    return _Proposal(assemble(context, parts, created.emails), created.ambiguities, idle)


def _identities(context: Context) -> pd.DataFrame:
    """The primary record of everyone in scope who is not ambiguous."""
    people = context.people
    rows = np.flatnonzero(people.primary & people.in_scope & ~context.correlation.ambiguous)
    return people.records.take(rows).reset_index(drop=True)


def _list_moves(context: Context, changes: pd.DataFrame) -> pd.DataFrame:
    """Changes of people who stay: row of the account, and the words for what moved."""
    moves = changes[changes["movement"] == "mover"]
    what = moves["action"] + (" " + moves["entitlement"]).fillna("")
    account = positions(moves["account_id"], context.target.accounts["account_id"])
    return pd.DataFrame({"account": account, "what": what.to_numpy()})


def _is_orphan(context: Context, lasting: Mask) -> Mask:
    """Accounts of persons that belong to nobody and are not ambiguous."""
    correlation, accounts = context.correlation, context.target.accounts
    person = (accounts["kind"] == "person") & (accounts["state"] != AccountState.DELETED.value)
    orphan = person.to_numpy(np.bool_) & (correlation.person < 0) & ~correlation.ambiguous_accounts
    linked = correlation.remembered[lasting]["account"].to_numpy(np.int64)
    orphan[linked[linked >= 0]] = False
    orphan[correlation.outside] = False
    return orphan


def _still_taken(context: Context, desired: Desired) -> pd.DataFrame:
    """What was taken and may yet be given back; what went idle is forgotten once nobody wants it."""
    taken = context.memory.taken
    if taken.empty:
        return taken
    account = positions(taken["account_id"], context.target.accounts["account_id"])
    entitlement = find_entitlements(context.catalogue, taken)
    person = context.person_of(account)
    pairs = desired.keys(desired.person, desired.entitlement)
    owed = within(desired.keys(person, entitlement), pairs) & (person >= 0) & (entitlement >= 0)
    idle = taken["rule"].str.startswith("inactive").to_numpy(np.bool_)
    read = not guard.list_incomplete(context)
    keep = ((account >= 0) & (~idle | owed)) | (not read)
    return taken[keep][columns(Taken)].reset_index(drop=True)
