"""What holds in every world: the promises of the thinkers, tried on disorder."""

from __future__ import annotations

import dataclasses
import os
from datetime import timedelta

import numpy as np
import orjson
import pandas as pd
from hypothesis import HealthCheck, given, settings

from provisioning.decide.decide import Decision
from provisioning.decide.lifecycle import USABLE
from provisioning.decide.plan import Plan, invert, make
from provisioning.decide.preconditions import postcondition_holds, precondition_holds
from provisioning.model import frames
from provisioning.model.frames import Accounts, Assignments, Entitlements, Links, Taken, columns, concat
from provisioning.model.snapshots import Memory, TargetSnapshot
from tests.provisioning.strategies import World, worlds
from tests.provisioning.worlds import NOW, frame, think

EXAMPLES = int(os.environ.get("SEATWISE_EXAMPLES", "6"))
"""Worlds each promise is tried on; more of them on a day with time."""
tried = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


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


def decided(world: World) -> Decision:
    return think(world.source, world.target, world.policy, memory=world.memory)


@tried
@given(worlds())
def test_after_a_plan_nothing_is_left_to_do(world: World):
    """Applying the plan gives what was wanted: the next plan is empty, or fills the groups just made."""
    decision = decided(world)
    after = apply_to(decision.plan, world.target)
    memory = remember(decision, world.memory, after)

    again = think(world.source, after, world.policy, memory=memory)
    if decision.desired.new:
        assert set(again.plan.changes["entitlement"]) <= {group.name for group in decision.desired.new}
        after = apply_to(again.plan, after)
        again = think(world.source, after, world.policy, memory=remember(again, memory, after))

    assert again.plan.changes[["action", "subject", "entitlement", "reason"]].to_numpy().tolist() == []


@tried
@given(worlds())
def test_a_look_at_the_target_confirms_the_plan_and_then_its_outcome(world: World):
    """Before the plan every change still holds and none is reached; after it, all are reached."""
    plan = decided(world).plan
    after = apply_to(plan, world.target)

    then = (world.target.accounts, world.target.assignments, world.target.entitlements)
    now = (after.accounts, after.assignments, after.entitlements)

    assert precondition_holds(plan.changes, *then).all()
    assert not postcondition_holds(plan.changes, *then).any()
    assert postcondition_holds(plan.changes, *now).all()
    assert not precondition_holds(plan.changes, *now).any()


@tried
@given(worlds())
def test_the_order_of_rows_decides_nothing(world: World):
    """Shuffled snapshots give the same plan under the same fingerprint."""
    decision = decided(world)
    mixed = World(
        dataclasses.replace(
            world.source,
            identities=_mixed(world.source.identities),
            memberships=_mixed(world.source.memberships),
        ),
        dataclasses.replace(
            world.target,
            accounts=_mixed(world.target.accounts),
            assignments=_mixed(world.target.assignments),
            entitlements=_mixed(world.target.entitlements),
        ),
        world.policy,
        dataclasses.replace(world.memory, links=_mixed(world.memory.links)),
    )

    again = decided(mixed)

    pd.testing.assert_frame_equal(decision.plan.changes, again.plan.changes)
    assert decision.plan.fingerprint == again.plan.fingerprint
    pd.testing.assert_frame_equal(decision.links, again.links)
    pd.testing.assert_frame_equal(decision.movements, again.movements)


def _mixed(table: pd.DataFrame) -> pd.DataFrame:
    return table.sample(frac=1, random_state=7).reset_index(drop=True)


@tried
@given(worlds())
def test_links_are_one_to_one_and_rest_on_a_shared_key(world: World):
    """No account and no identity is linked twice, no null key joins, apps and customers are nobody's."""
    links = decided(world).links
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


@tried
@given(worlds())
def test_nobody_protected_loses_anything(world: World):
    """Apps, customers, the caller, protected addresses and groups are in no destructive change."""
    changes = decided(world).plan.changes
    lost = changes[changes["destructive"]]
    accounts = world.target.accounts.set_index("account_id").loc[lost["account_id"]]

    assert (accounts["kind"] == "person").all()
    assert not accounts["caller"].any()
    if world.policy.protect.emails:
        assert not accounts["email"].str.lower().str.match("ann@|b").fillna(value=False).any()
        assert not lost["subject"].str.lower().str.match("ann@|b").any()
    if world.policy.protect.groups == ["jira-*"]:
        assert not lost["entitlement"].str.startswith("jira-").fillna(value=False).any()


@tried
@given(worlds())
def test_a_departed_identity_keeps_no_paid_seat_past_its_stage(world: World):
    """Once the plan is applied, no unprotected leaver whose stage is due holds anything that is billed."""
    decision = decided(world)
    after = apply_to(decision.plan, world.target)
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

    held = after.assignments[after.assignments["account_id"].isin(concerned)]
    assert held.loc[held["name"].isin(open_), ["account_id", "name"]].to_numpy().tolist() == []


def _spared(world: World, decision: Decision) -> set[str]:
    """Accounts that protection or their being the last administrator keeps out of the plan."""
    names = world.policy.protect.emails
    accounts = world.target.accounts
    admins = world.target.assignments[world.target.assignments["name"] == "site-admins"]
    mine = accounts["email"].str.lower().str.match("ann@|b") | accounts["user_name"].str.match("b")
    stated = decision.links.merge(
        world.source.identities[["source_id", "email", "user_name"]], on="source_id"
    )
    theirs = stated["email"].fillna(stated["user_name"]).fillna("").str.lower().str.match("ann@|b")
    protected = {*accounts.loc[mine.fillna(value=False), "account_id"], *stated.loc[theirs, "account_id"]}
    return set(admins["account_id"]) | (protected if names else set())


@tried
@given(worlds())
def test_the_inverse_of_the_inverse_is_the_plan(world: World):
    """As far as a plan can be taken back, taking back the taking back is the plan itself."""
    plan = decided(world).plan
    can = plan.changes[
        ~plan.changes["action"].isin(["create_group", "create", "delete", "remove", "cancel_delete"])
    ]
    whole = make(plan.target, can, plan.policy_fingerprint)

    back = invert(plan)

    assert whole.fingerprint == invert(back).fingerprint
    assert len(whole.changes) == len(back.changes)
    assert set(np.unique(plan.changes["position"])) == set(range(len(plan.changes)))


def test_time_runs_the_stages_of_everyone():
    """Day after day, a leaver ends deleted and nothing is planned twice."""
    from tests.provisioning.worlds import account, identity, links, policy, source, target

    there = target([account("ann"), account("bob")], {"jira-users": ["ann", "bob"]})
    people = source([identity("ann", state="departed"), identity("bob")], {"atl-jira": ["bob"]})
    memory, seen = Memory(links=links("ann", "bob")), []
    for day in range(0, 100, 5):
        decision = think(people, there, policy(), memory=memory, now=NOW + timedelta(days=day))
        seen += [(day, change.action) for change in frames.rows(decision.plan.changes)]
        there = apply_to(decision.plan, there)
        memory = remember(decision, memory, there)

    assert seen == [(0, "revoke"), (10, "deactivate"), (90, "delete")]
