"""Hypothesis strategies for frames, derived from the frames' own models, and for whole worlds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from provisioning.model import frames
from provisioning.model.frames import Frame
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.policy.policy import Policy
from tests.provisioning.worlds import (
    DIRECT,
    GROUPS,
    MAP,
    MAPPED,
    NOW,
    account,
    entitlement,
    entitlements,
    frame,
    identity,
    policy,
)

NAMES = st.sampled_from(["ann", "bob", "cyd", "dan", "eve", "fay"])
ADDRESSES = NAMES.map(lambda name: f"{name}@acme.test") | NAMES.map(lambda name: f"{name.upper()}@acme.test")
TIMES = st.integers(0, 500).map(lambda days: NOW - timedelta(days=days))


def rows(
    model: type[Frame], size: int, *, least: int = 0, **fixed: Any
) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows of a model: what its columns allow, but for the columns that are given a strategy."""
    values = {name: fixed.get(name, column(model, name)) for name in frames.columns(model)}
    return st.lists(st.fixed_dictionaries(values), min_size=least, max_size=size)


def column(model: type[Frame], name: str) -> st.SearchStrategy[Any]:
    """Values that a column of a model allows: its type, its words, and null where it may be."""
    declared = model.to_schema().columns[name]
    words = [word for check in declared.checks for word in check.statistics.get("allowed_values", [])]
    kind = str(declared.dtype)
    if words:
        values: st.SearchStrategy[Any] = st.sampled_from(sorted(words))
    elif kind.startswith("datetime"):
        values = TIMES
    elif kind.startswith("bool"):
        values = st.booleans()
    elif kind == "Int64":
        values = st.integers(0, 30)
    else:
        values = st.sampled_from(["one", "Two", " three "])
    return st.none() | values if declared.nullable else values


@dataclass(frozen=True)
class World:
    """A source, a target, a policy and a memory that go together."""

    source: SourceSnapshot
    target: TargetSnapshot
    policy: Policy
    memory: Memory


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A small company at any degree of disorder: shared keys, missing keys, every state and kind.

    Every other target hides the addresses and names of its accounts, as some products do: then links alone
    tell whose account it is, and a protected address stands nowhere but with the person.
    """
    hidden = draw(st.booleans())
    named = st.none() if hidden else st.none() | NAMES
    shown = st.none() if hidden else st.none() | ADDRESSES
    # Where nothing tells whose account it is, people must be known and leave for a loss to come in sight.
    leaving = {"state": st.sampled_from(["departed", "departed", "active", "suspended"])} if hidden else {}
    people = draw(
        rows(
            frames.Identities,
            6,
            least=4 if hidden else 0,
            source=st.just("idp"),
            source_id=NAMES,
            user_name=st.none() | NAMES,
            email=ADDRESSES if hidden else st.none() | ADDRESSES,
            **leaving,
        )
    )
    people = list({row["source_id"]: row for row in people}.values())
    holders = draw(
        rows(
            frames.Accounts,
            6,
            least=4 if hidden else 0,
            target=st.just("cloud"),
            account_id=NAMES.map("acc-{}".format),
            user_name=named,
            email=shown,
            kind=st.sampled_from(["person", "person", "person", "app", "customer"]),
            external_id=named,
            caller=st.sampled_from([False, False, False, True]),
        )
    )
    holders = list({row["account_id"]: row for row in holders}.values())
    member = st.tuples(NAMES, st.sampled_from(sorted(MAP)))
    holds = st.tuples(NAMES.map("acc-{}".format), st.sampled_from(sorted({**GROUPS, **DIRECT})))
    identifiers = [row["source_id"] for row in people]
    return World(
        SourceSnapshot(
            "idp", NOW, True, frame(frames.Identities, people), _memberships(draw(st.sets(member)))
        ),
        TargetSnapshot(
            "cloud",
            NOW,
            True,
            frame(frames.Accounts, holders),
            _assigned(draw(st.sets(holds, min_size=9 if hidden else 0)), holders),
            entitlements(),
        ),
        draw(PROTECTING | POLICIES if hidden else POLICIES),
        Memory(
            links=draw(_linked(holders, identifiers) if hidden else _remembered()),
            leavers=draw(st.dictionaries(NAMES.map("acc-{}".format), TIMES, max_size=3)),
        ),
    )


@st.composite
def acquainted(draw: st.DrawFn) -> World:
    """A company without disorder: everyone has the account they are linked with, and many have left."""
    names = draw(st.permutations(["ann", "bob", "cyd", "dan", "eve"]))[: draw(st.integers(2, 5))]
    states = st.sampled_from(["active", "departed", "departed", "suspended"])
    holds = st.tuples(st.sampled_from(names).map("acc-{}".format), st.sampled_from(sorted(GROUPS)))
    people = [identity(name, state=draw(states)) for name in names]
    holders = [account(name) for name in names]
    everyone = {(f"acc-{name}", min(GROUPS)) for name in names}
    return World(
        SourceSnapshot("idp", NOW, True, frame(frames.Identities, people), _memberships(set())),
        TargetSnapshot(
            "cloud",
            NOW,
            True,
            frame(frames.Accounts, holders),
            _assigned(everyone | draw(st.sets(holds)), holders),
            entitlements(),
        ),
        policy(leaver=[{"do": "suspend"}], protect={"kinds": []}),
        Memory(
            links=links_of((f"acc-{name}", row["source_id"]) for name, row in zip(names, people, strict=True))
        ),
    )


def _remembered() -> st.SearchStrategy[pd.DataFrame]:
    """A few links, some of them of people and accounts that are gone."""
    pairs = st.lists(st.tuples(NAMES, NAMES), max_size=4, unique_by=(lambda p: p[0], lambda p: p[1]))
    return pairs.map(lambda found: links_of((f"acc-{a}", i) for a, i in found))


def _linked(holders: list[dict[str, Any]], identifiers: list[str]) -> st.SearchStrategy[pd.DataFrame]:
    """As many links as there are accounts and people for them."""
    accounts = [row["account_id"] for row in holders]
    return st.permutations(identifiers).map(lambda order: links_of(zip(accounts, order, strict=False)))


def links_of(pairs: Iterable[tuple[str, str]]) -> pd.DataFrame:
    return frame(
        frames.Links,
        [
            {"target": "cloud", "account_id": a, "source": "idp", "source_id": i, "rule": "email"}
            for a, i in pairs
        ],
    )


def _memberships(pairs: set[tuple[str, str]]) -> pd.DataFrame:
    return frame(
        frames.Memberships,
        [
            {"source": "idp", "source_id": who, "group_id": f"g-{group}", "group_name": group, "direct": True}
            for who, group in sorted(pairs)
        ],
    )


def _assigned(pairs: set[tuple[str, str]], holders: list[dict[str, Any]]) -> pd.DataFrame:
    known = {row["account_id"] for row in holders}
    return frame(
        frames.Assignments,
        [
            {"target": "cloud", "account_id": who, **entitlement(name)}
            for who, name in sorted(pairs)
            if who in known
        ],
    )


_GROUPS = {"map": MAP, "may_remove": ["*"], "manage": MAPPED}
_LACKING = {"map": {**MAP, "atl-dev": ["guild"]}, "default": {"all": ["Everybody"]}, "create_missing": True}
PROTECTED = {"emails": ["ann@*", "b*"]}
PROTECTING = st.just(policy(protect=PROTECTED))
POLICIES = st.sampled_from(
    [
        policy(),
        policy(mover={"mode": "additive"}, correlate=["user_name", "email"]),
        policy(
            groups={**_GROUPS, "default": {"new": ["developers"], "all": ["all-staff"]}},
            joiner={"products": ["wiki"]},
        ),
        policy(
            groups={**_GROUPS, "manage": ["*"]},
            leaver=[{"after": "0d", "do": "suspend"}, {"after": "30d", "do": "revoke_seats"}],
        ),
        policy(groups={**_GROUPS, **_LACKING}),
        policy(sources=[{"from": "idp", "scope": {"groups": ["atl-*"]}}], protect=PROTECTED),
        policy(
            attributes={"display_name": {"template": "{given_name} {family_name}"}},
            protect={"groups": ["jira-*"]},
        ),
    ]
)
