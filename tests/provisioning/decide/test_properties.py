"""What holds in every world: the promises of the thinkers, tried on disorder."""

from __future__ import annotations

import dataclasses
import os
from datetime import timedelta
from functools import cached_property

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from provisioning.decide.decide import Decision
from provisioning.decide.lifecycle import USABLE
from provisioning.decide.plan import Plan, invert, make
from provisioning.decide.preconditions import postcondition_holds, precondition_holds
from provisioning.model import frames
from provisioning.model.frames import Accounts, Assignments, Entitlements, Links, Taken, columns, concat
from provisioning.model.snapshots import Memory, TargetSnapshot
from tests.provisioning.strategies import World, acquainted, worlds
from tests.provisioning.worlds import NOW, frame, think

EXAMPLES = int(os.environ.get("SEATWISE_EXAMPLES", "12"))
"""Worlds all promises are tried on; more of them on a day with time."""
QUICK = [Phase.explicit, Phase.reuse, Phase.generate]
"""Making a broken world smaller takes many minutes, and the promise that broke says enough."""
TRIED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
    phases=QUICK,
)
"""How promises are tried: on the same worlds each time."""


def apply_to(plan: Plan, target: TargetSnapshot) -> TargetSnapshot:
    """The target after every change of a plan: the model the real sinks are held to."""
    accounts = {row["account_id"]: row for row in target.accounts.to_dict("records")}
    key = ["account_id", "kind", "entitlement_id", "name"]
    held = {tuple(row): True for row in target.assignments[key].to_numpy()}
    by_email = {}
    made = []
    for change in frames.rows(plan.changes):
        after = orjson.loads(change.after)
        who = change.account_id or by_email.get(change.subject)
        match change.action:
            case "create_group":
                made.append(_group(change.entitlement))
            case "create":
                who = by_email[change.subject] = f"new-{change.source_id}"
                accounts[who] = {**_account(who), **after}
            case "grant":
                held[who, change.kind, change.entitlement_id, change.entitlement] = True
            case "revoke":
                del held[who, change.kind, change.entitlement_id, change.entitlement]
            case "remove":
                del accounts[who]
            case _:
                accounts[who].update(after)
    rows = [{"target": "cloud", **dict(zip(key, row, strict=True))} for row in held]
    return dataclasses.replace(
        target,
        accounts=frame(Accounts, list(accounts.values())),
        assignments=frame(Assignments, rows),
        entitlements=concat(Entitlements, [target.entitlements, frame(Entitlements, made)]),
    )


def _group(name: str) -> dict[str, object]:
    facts = {"target": "cloud", "kind": "group", "entitlement_id": f"e-{name}", "name": name}
    return {**facts, **dict.fromkeys(("billable", "admin", "default"), False), "modifiable": True}


def _account(who: str) -> dict[str, object]:
    empty = dict.fromkeys(columns(Accounts))
    facts = {"target": "cloud", "account_id": who, "state": "active", "kind": "person", "managed": True}
    return {**empty, **facts, "caller": False}


def remember(decision: Decision, memory: Memory, after: TargetSnapshot) -> Memory:
    """What the ledger would know once the plan is applied."""
    changes = decision.plan.changes
    made = changes[changes["action"] == "create"]
    ids = "new-" + made["source_id"]
    created = frames.complete(Links, made.assign(account_id=ids, rule="created"))
    revoked = changes[(changes["action"] == "revoke") & (changes["movement"] == "leaver")]
    taken = frames.complete(Taken, revoked.rename(columns={"entitlement": "name"}))
    gone = decision.movements[(decision.movements["movement"] == "leaver")]
    return Memory(
        links=concat(Links, [decision.links, created]),
        leavers=dict(zip(gone["account_id"], gone["since"], strict=True)),
        taken=concat(Taken, [decision.taken, taken]),
        made=memory.made | set(ids),
        applied_policy=decision.plan.policy_fingerprint,
    )


@dataclasses.dataclass
class Trial:
    """A world, what is decided in it, and the target once the plan is applied."""

    world: World

    @cached_property
    def decision(self) -> Decision:
        return decided(self.world)

    @cached_property
    def after(self) -> TargetSnapshot:
        return apply_to(self.decision.plan, self.world.target)


def decided(world: World) -> Decision:
    return think(world.source, world.target, world.policy, memory=world.memory)


@pytest.mark.timeout(900)
@TRIED
@given(worlds())
def test_every_promise_is_kept(world: World):
    """All are tried on one world, for deciding is what takes the time; the traceback names the broken one."""
    trial = Trial(world)
    for promise in PROMISES:
        promise(trial)


def nothing_is_left_to_do_after_a_plan(trial: Trial) -> None:
    """Applying the plan gives what was desired: the next plan is empty, or fills the groups just made."""
    world, decision, after = trial.world, trial.decision, trial.after
    memory = remember(decision, world.memory, after)

    again = think(world.source, after, world.policy, memory=memory)
    if decision.desired.new:
        assert set(again.plan.changes["entitlement"]) <= {group.name for group in decision.desired.new}
        after = apply_to(again.plan, after)
        again = think(world.source, after, world.policy, memory=remember(again, memory, after))

    assert again.plan.changes[["action", "subject", "entitlement", "reason"]].to_numpy().tolist() == []


def an_observation_confirms_the_plan_and_then_its_outcome(trial: Trial) -> None:
    """Before the plan every change still holds and none is reached; after it, all are reached."""
    before, after, changes = trial.world.target, trial.after, trial.decision.plan.changes
    then = (before.accounts, before.assignments, before.entitlements)
    now = (after.accounts, after.assignments, after.entitlements)

    assert precondition_holds(changes, *then).all()
    assert not postcondition_holds(changes, *then).any()
    assert postcondition_holds(changes, *now).all()
    assert not precondition_holds(changes, *now).any()


def the_order_of_rows_decides_nothing(trial: Trial) -> None:
    """Shuffled snapshots give the same plan under the same fingerprint."""
    world, decision = trial.world, trial.decision
    again = decided(
        World(
            _mixed(world.source, "identities", "memberships"),
            _mixed(world.target, "accounts", "assignments", "entitlements"),
            world.policy,
            _mixed(world.memory, "links"),
        )
    )

    pd.testing.assert_frame_equal(decision.plan.changes, again.plan.changes)
    assert decision.plan.fingerprint == again.plan.fingerprint
    pd.testing.assert_frame_equal(decision.links, again.links)
    pd.testing.assert_frame_equal(decision.movements, again.movements)


def _mixed(value, *parts: str):
    """The same with the rows of some of its frames in another order."""
    tables = {name: getattr(value, name) for name in parts}
    mixed = {name: t.sample(frac=1, random_state=7).reset_index(drop=True) for name, t in tables.items()}
    return dataclasses.replace(value, **mixed)


def links_are_one_to_one_and_rest_on_a_shared_key(trial: Trial) -> None:
    """No account and no identity is linked twice, no null key joins, apps and customers are nobody's."""
    world, links = trial.world, trial.decision.links
    old = set(world.memory.links[["account_id", "source_id"]].itertuples(index=False, name=None))
    people = world.source.identities.set_index("source_id")
    accounts = world.target.accounts.set_index("account_id")

    assert links["account_id"].is_unique
    assert not links.duplicated(["source", "source_id"]).any()
    for row in links.itertuples(index=False):
        if (row.account_id, row.source_id) in old:
            continue
        mine = row.source_id if row.rule == "external_id" else people.loc[row.source_id, row.rule]
        theirs = accounts.loc[row.account_id, row.rule]
        assert isinstance(mine, str)
        assert mine.strip().lower() == theirs.strip().lower()
        assert accounts.loc[row.account_id, "kind"] == "person"


def nobody_protected_loses_anything(trial: Trial) -> None:
    """Apps, customers, the caller, protected addresses and groups are in no destructive change."""
    world, changes = trial.world, trial.decision.plan.changes
    lost = changes[changes["destructive"]]
    accounts = world.target.accounts.set_index("account_id").loc[lost["account_id"]]

    assert (accounts["kind"] == "person").all()
    assert not accounts["caller"].any()
    if world.policy.protect.emails:
        assert not accounts["email"].str.lower().str.match("ann@|b").fillna(value=False).any()
        assert not lost["subject"].str.lower().str.match("ann@|b").any()
    if world.policy.protect.groups == ["jira-*"]:
        assert not lost["entitlement"].str.startswith("jira-").fillna(value=False).any()


def a_departed_identity_keeps_no_paid_seat_past_its_stage(trial: Trial) -> None:
    """Once the plan is applied, no unprotected leaver whose stage is due has anything that is billed."""
    world, decision, after = trial.world, trial.decision, trial.after
    wait = next(s.after for s in world.policy.targets[0].leaver if s.do == "revoke_seats")
    protected = world.policy.protect
    moved = decision.movements
    due = moved[(moved["movement"] == "leaver") & (NOW - moved["since"] >= wait)]
    paid = world.target.entitlements[
        world.target.entitlements["billable"] & world.target.entitlements["modifiable"]
    ]
    open_ = [n for n in paid["name"] if not (protected.groups == ["jira-*"] and n.startswith("jira"))]
    live = after.accounts[after.accounts["state"].isin(USABLE) & ~after.accounts["caller"]]
    spared = _spared(world, decision)
    concerned = set(due["account_id"]) & set(live["account_id"]) - spared

    kept = after.assignments[after.assignments["account_id"].isin(concerned)]
    assert kept.loc[kept["name"].isin(open_), ["account_id", "name"]].to_numpy().tolist() == []


def _spared(world: World, decision: Decision) -> set[str]:
    """Accounts that protection, also of their kind, or their being the last administrator keeps out."""
    names = world.policy.protect.emails
    accounts = world.target.accounts
    admins = world.target.assignments[world.target.assignments["name"] == "site-admins"]
    mine = accounts["email"].str.lower().str.match("ann@|b") | accounts["user_name"].str.match("b")
    stated = decision.links.merge(
        world.source.identities[["source_id", "email", "user_name"]], on="source_id"
    )
    theirs = stated["email"].fillna(stated["user_name"]).fillna("").str.lower().str.match("ann@|b")
    protected = {*accounts.loc[mine.fillna(value=False), "account_id"], *stated.loc[theirs, "account_id"]}
    kinds = accounts.loc[accounts["kind"].isin(world.policy.protect.kinds), "account_id"]
    return {*admins["account_id"], *kinds, *(protected if names else set())}


def taking_a_plan_back_restores_what_was(trial: Trial) -> None:
    """Every account that no irreversible change touched is as it was, with all it was assigned."""
    before, changes = trial.world.target, trial.decision.plan.changes
    created = changes[changes["action"] == "create"]
    made = dict(zip(created["subject"], "new-" + created["source_id"], strict=True))
    known = changes.assign(
        account_id=changes["account_id"].fillna(changes["subject"].map(made).astype("str"))
    )
    final = set(known.loc[~known["reversible"], "account_id"]) | set(made.values())

    back = apply_to(invert(dataclasses.replace(trial.decision.plan, changes=known)), trial.after)

    assert _held(back, final) == _held(before, final)


def _held(target: TargetSnapshot, final: set[str]) -> tuple[set[tuple], set[tuple]]:
    """Accounts and what they are assigned, without some accounts."""
    shown = ["state", "email", "user_name", "display_name"]
    accounts = target.accounts[~target.accounts["account_id"].isin(final)]
    facts = {tuple(map(str, row)) for row in accounts[["account_id", *shown]].to_numpy()}
    held = target.assignments[~target.assignments["account_id"].isin(final)]
    pairs = held[["account_id", "kind", "entitlement_id"]].itertuples(index=False, name=None)
    return facts, set(pairs)


def the_inverse_of_the_inverse_is_the_plan(trial: Trial) -> None:
    """As far as a plan can be taken back, taking back the taking back is the plan itself."""
    plan = trial.decision.plan
    can = plan.changes[
        ~plan.changes["action"].isin(["create_group", "create", "delete", "remove", "cancel_delete"])
    ]
    whole = make(plan.target, can, plan.policy_fingerprint)

    back = invert(plan)

    assert whole.fingerprint == invert(back).fingerprint
    assert len(whole.changes) == len(back.changes)
    assert set(np.unique(plan.changes["position"])) == set(range(len(plan.changes)))


PROMISES = (
    nobody_protected_loses_anything,
    links_are_one_to_one_and_rest_on_a_shared_key,
    a_departed_identity_keeps_no_paid_seat_past_its_stage,
    taking_a_plan_back_restores_what_was,
    the_inverse_of_the_inverse_is_the_plan,
    an_observation_confirms_the_plan_and_then_its_outcome,
    nothing_is_left_to_do_after_a_plan,
    the_order_of_rows_decides_nothing,
)


@TRIED
@given(acquainted(), st.sampled_from(["twin", "swap", "one account, two people"]))
def test_a_contradiction_destroys_nothing(world: World, kind: str):
    """Of those it concerns nobody loses anything, whoever left; all others leave as they would without it."""
    people, links = world.source.identities, world.memory.links
    one, other = people["source_id"].iloc[:2]
    stated, concerned = people.copy(), {one, other}
    match kind:
        case "twin":
            stated.loc[0, ["state", "leaves_on"]] = "active", pd.NaT
            twin = stated.head(1).assign(source_id="twin", user_name="twin@else.test")
            stated, concerned = concat(frames.Identities, [stated, twin]), {one}
        case "swap":
            stated.loc[:1, "email"] = people["email"].iloc[:2].to_numpy()[::-1]
        case _:
            stated.loc[:1, ["state", "leaves_on"]] = "active", pd.NaT
            stated.loc[1, "email"] = stated.loc[0, "email"]
    theirs = set(links.loc[links["source_id"].isin(concerned), "account_id"])
    said = dataclasses.replace(world, source=dataclasses.replace(world.source, identities=stated))

    usual, changes = decided(world).plan.changes, decided(said).plan.changes

    lost = set(changes.loc[changes["destructive"], "account_id"])
    expected = set(usual.loc[usual["destructive"], "account_id"])
    assert not lost & theirs
    assert expected - theirs - {"acc-" + other} <= lost


def test_time_runs_the_stages_of_everyone():
    """Day after day, a leaver ends deleted and nothing is planned twice."""
    from tests.provisioning.worlds import account, identity, links, policy, source, target

    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    people = source([identity("ann", state="departed"), identity("bob")], {"atl-jira": ["bob"]})
    memory, seen = Memory(links=links("ann", "bob")), []
    for day in (0, 5, 10, 85, 90, 95):
        decision = think(people, there, policy(), memory=memory, now=NOW + timedelta(days=day))
        seen += [(day, change.action) for change in frames.rows(decision.plan.changes)]
        there = apply_to(decision.plan, there)
        memory = remember(decision, memory, there)

    assert seen == [(0, "revoke"), (10, "deactivate"), (90, "delete")]
