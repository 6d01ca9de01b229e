"""From Okta to each Cloud target and back: what is decided is written, and the next plan is empty."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from provisioning.decide.decide import Decision, decide
from provisioning.model import frames
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.policy.policy import Policy
from sandbox.running import Running
from sinks import Applied, Sink
from sources import connector as source_of
from tests.sinks.cases import PARTS, connect, read
from transport.door import Door

OKTA = {"token": "sandbox-okta-token", "groups": ["atl-*"]}
RULES: dict[str, dict[str, Any]] = {
    "atlassian_scim": {
        "correlate": ["external_id"],
        "groups": {"same_name": True, "may_remove": ["atl-*"], "manage": ["atl-*"]},
        "mover": {"update": ["display_name", "title"]},
        "leaver": [{"after": "0d", "do": "deactivate"}],
    },
    "jira_cloud": {
        "correlate": ["email"],
        "groups": {
            "map": {
                "atl-jira-users": ["jira-software-users"],
                "atl-jira-dev": ["jira-software-users", "developers"],
                "atl-jsm-agents": ["jsm-agents"],
            },
            "may_remove": ["*"],
            "manage": ["developers", "jsm-agents", "jira-software-users"],
        },
        "leaver": [{"after": "0d", "do": "revoke_seats"}, {"after": "0d", "do": "remove"}],
    },
    "confluence_cloud": {
        "correlate": ["email"],
        "groups": {
            "map": {"atl-confluence-users": ["confluence-users"]},
            "may_remove": ["confluence-users"],
            "manage": ["confluence-users"],
        },
        "joiner": {"create": False},
        "leaver": [{"after": "0d", "do": "revoke_seats"}],
    },
}


@pytest.fixture
def company() -> Iterator[Running]:
    """Serve 60 people whose records are well formed."""
    with Running(people=60, seed=3, odd=False) as sandbox:
        yield sandbox


def policy(kind: str) -> Policy:
    connections = {"okta": {"kind": "okta"}, kind: {"kind": kind}}
    limits = {"destructive": {"count": 1000, "share": "100%"}}
    scope = {"from": "okta", "scope": {"groups": ["atl-*"]}}
    return Policy.model_validate(
        {"version": 1, "connections": connections, "sources": [scope], "limits": limits}
        | {"targets": [{"to": kind, **RULES[kind]}], "protect": {"groups": ["*-admins"]}}
    )


def identities(sandbox: Running, now: Any) -> SourceSnapshot:
    made = source_of("okta")
    okta = made("okta", made.Options(url=f"{sandbox.url}/okta", **OKTA), Door())
    parts = {
        part: frames.concat(model, [page.frame for page in getattr(okta, part)()])
        for part, model in (("identities", frames.Identities), ("memberships", frames.Memberships))
    }
    return SourceSnapshot("okta", now, True, **parts)


def think(sandbox: Running, sink: Sink, memory: Memory) -> Decision:
    """Read both sides whole and decide."""
    now = sandbox.world.company.now
    target = TargetSnapshot(sink.name, now, True, **{part: read(sink, part) for part in PARTS})  # type: ignore[attr-defined]
    sources = {"okta": identities(sandbox, now)}
    return decide(sources, target, policy(sink.kind), memory, now, attended=True, actions=sink.actions)


def load(sink: Sink, decision: Decision) -> list[Applied]:
    """Apply a plan as it stands, bundle by bundle in the order of its actions."""
    bundles: dict[str, list[frames.Change]] = {}
    for made in frames.rows(decision.plan.changes):
        bundles.setdefault(sink.bundle(made), []).append(made)
    phases = groupby(bundles.values(), key=lambda bundle: bundle[0].action)
    return [sink.apply(bundle) for _, phase in phases for bundle in phase]


@pytest.mark.parametrize("kind", RULES)
def test_what_is_decided_is_written_and_nothing_is_left(kind: str, company: Running, tmp_path: Path) -> None:
    """One run brings the target to the policy, with no more writes than changes; the next has none."""
    sink = connect(kind, company, tmp_path, Door(writable=True))
    first = think(company, sink, Memory())
    changes = first.plan.changes
    company.world.counters.clear()

    applied = load(sink, first)
    second = think(company, sink, Memory(links=first.links))

    assert not any(done.failed for done in applied)
    assert 0 < company.world.counters.writes <= len(changes)
    assert second.plan.changes[["action", "subject", "entitlement"]].to_dict("records") == []
    if kind == "atlassian_scim":
        assert set(first.links["rule"]) == {"external_id"}
        grants = changes["action"].isin(["grant", "revoke"]).sum()
        assert company.world.counters.writes < len(changes) - grants / 2
