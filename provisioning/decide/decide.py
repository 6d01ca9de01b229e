"""From snapshots to a judged plan: correlate, lifecycle, entitle, plan, guard."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from provisioning.decide import guard, joiners, new_groups, plan, sign_in
from provisioning.decide.assignments import grant, revoke
from provisioning.decide.capacity import fit
from provisioning.decide.catalogue import placed, thing_table
from provisioning.decide.changes import assemble
from provisioning.decide.conflicts import conflicts
from provisioning.decide.context import Context, picked
from provisioning.decide.correlate import ambiguities, correlate, links_frame
from provisioning.decide.entitle import Entitled, entitle
from provisioning.decide.guard import Verdict
from provisioning.decide.inactive import revoke_idle
from provisioning.decide.leavers import leave
from provisioning.decide.lifecycle import live, movements, standing_links
from provisioning.decide.people import gather
from provisioning.decide.plan import Plan
from provisioning.model.findings import Finding
from provisioning.model.frames import AccountState, Taken, columns
from provisioning.model.keys import Mask, positions, within
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.policy.policy import Policy

__all__ = ["Decision", "Memory", "Plan", "SourceSnapshot", "TargetSnapshot", "Verdict", "decide"]


@dataclass(frozen=True)
class Decision:
    """All that was thought about one target.

    Attributes:
        target: connection it is about.
        identities: Identities in scope, one row a person.
        links: Links frame.
        ambiguities: Ambiguities frame.
        conflicts: Conflicts between the sources; the same for every target.
        orphans: Accounts of persons that are linked to nobody.
        movements: Movements frame.
        plan: the changes to make.
        verdict: whether they may be made unattended.
        notes: what a person should know, in words.
        withheld: Changes that were left out because a read was not complete; none of them is applied.
        taken: Taken assignments to remember from now on; those nobody is owed any more are left out.
        wanted: who should hold what and by which rule, for `explain`.
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
    withheld: pd.DataFrame
    taken: pd.DataFrame
    wanted: Entitled
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
) -> Decision:
    """Think about one target.

    Args:
        sources: snapshot by connection; those of `policy.sources` are used, in that order.
        target: the target's snapshot.
        policy: the policy.
        memory: what the ledger remembers of the target.
        now: the present time, UTC.
        attended: whether a person looks at this plan before it is applied.
        only: e-mail addresses the plan is restricted to; empty means everyone.
        actions: what the sink can do; None means everything.

    Returns:
        The decision; a plan that needs approval is a result, not an error.
    """
    context = _case(sources, target, policy, memory, now=now, actions=actions)
    wanted = entitle(context)
    sign_in.report(context)
    everything = guard.doable(context, guard.shield(context, _changes(context, wanted)))
    asked = plan.restrict(everything, only)
    sifted = guard.sift(context, asked)
    fitted = fit(context, sifted.changes)
    verdict = guard.judge(context, fitted.changes, sifted.withheld, fitted.reasons, attended=attended)
    missing = ~asked["change_id"].isin(sifted.changes["change_id"])
    scoped = np.flatnonzero(context.people.counts & context.people.in_scope & ~context.found.aside)
    return Decision(
        target=target.target,
        identities=context.people.statements.take(scoped).reset_index(drop=True),
        links=links_frame(
            context.people, target, context.found, standing_links(context.people, target, context.found)
        ),
        ambiguities=ambiguities(context.people, target, context.found),
        conflicts=conflicts(context.people),
        orphans=target.accounts[_orphans(context)].reset_index(drop=True),
        movements=movements(context.people, target, context.lives, _moved(context, everything)),
        plan=plan.make(target.target, fitted.changes, policy.fingerprint()),
        verdict=verdict,
        notes=context.notes,
        withheld=asked[missing].reset_index(drop=True),
        taken=_still_taken(context, wanted),
        wanted=wanted,
        context=context,
    )


def _case(
    sources: Mapping[str, SourceSnapshot],
    target: TargetSnapshot,
    policy: Policy,
    memory: Memory,
    *,
    now: datetime,
    actions: Collection[str] | None,
) -> Context:
    """Find out who is who, and how each life moved."""
    rules = policy.target(target.target)
    stated = {rule.origin: sources[rule.origin] for rule in policy.sources if rule.origin in sources}
    people = gather(policy.sources, stated, now)
    attributes = {str(name): attribute for name, attribute in rules.attributes.items()}
    found = correlate(people, target, memory.links, rules.correlate, attributes)
    lives = live(people, target, found, stated, memory, now=now)
    things = thing_table(target, rules, policy.protect)
    return Context(people, stated, target, found, lives, policy, rules, things, memory, now, actions)


def _changes(context: Context, wanted: Entitled) -> pd.DataFrame:
    """All changes the rules ask for, before anything is protected or limited."""
    created, back = joiners.create(context), joiners.bring_back(context)
    returning = back["account"].to_numpy(np.int64)
    reachable = picked(context.usable, context.found.account)
    reachable[created.emails.index.to_numpy(np.int64)] = True
    reachable[back["person"].to_numpy(np.int64)] = True
    parts = [
        new_groups.make(context, wanted.new),
        created.raw,
        back,
        *joiners.update(context, returning),
        grant(context, wanted, reachable),
        revoke(context, wanted),
        *leave(context),
        revoke_idle(context),
    ]
    return assemble(context, parts, created.emails)


def _moved(context: Context, changes: pd.DataFrame) -> pd.DataFrame:
    """Changes of people who stay: row of the account, and the words for what moved."""
    mine = changes[changes["movement"] == "mover"]
    what = mine["action"] + (" " + mine["entitlement"]).fillna("")
    account = positions(mine["account_id"], context.target.accounts["account_id"])
    return pd.DataFrame({"account": account, "what": what.to_numpy()})


def _orphans(context: Context) -> Mask:
    """Accounts of persons that nobody holds, of whom nothing is in doubt."""
    found, accounts = context.found, context.target.accounts
    person = (accounts["kind"] == "person") & (accounts["state"] != AccountState.DELETED.value)
    alone = person.to_numpy(np.bool_) & (found.holder < 0) & ~found.aside_accounts
    kept = found.remembered[standing_links(context.people, context.target, found)]["account"].to_numpy(
        np.int64
    )
    alone[kept[kept >= 0]] = False
    alone[list(found.outside)] = False
    return alone


def _still_taken(context: Context, wanted: Entitled) -> pd.DataFrame:
    """What was taken and may yet be given back; what went idle is forgotten once nobody wants it."""
    taken = context.memory.taken
    if taken.empty:
        return taken
    account = positions(taken["account_id"], context.target.accounts["account_id"])
    thing = placed(context.things, taken)
    person = np.append(context.found.holder, -1)[account]
    owed = within(wanted.keys(person, thing), wanted.keys(wanted.person, wanted.thing))
    idle = taken["rule"].str.startswith("inactive").to_numpy(np.bool_)
    read = context.target.complete and not guard.incomplete(context)
    keep = ((account >= 0) & (~idle | (owed & (person >= 0) & (thing >= 0)))) | (not read)
    return taken[keep][columns(Taken)].reset_index(drop=True)
