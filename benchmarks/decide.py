"""(a) Decide: what thinking costs beside the bare pandas merges of the same keys.

One million identities with five memberships each, of which one per cent changed, and a tenth of it, to see
that the cost is linear. Each measurement runs in a process of its own, so that its peak is its own.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.figure import Figure
from provisioning.decide.decide import decide as think
from provisioning.model import frames
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.policy.policy import Policy

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
MEMBERSHIPS = 5
GROUPS = 400
MAPPED = 200
CHANGED = 0.01


def main(identities: int = 1_000_000) -> dict[str, float]:
    """Print and return the ratio, the peak in GB and the growth from a tenth of the people."""
    small, ours, bare = (
        _measured(way, size)
        for way, size in (("decide", identities // 10), ("decide", identities), ("merges", identities))
    )
    found = {
        "decide over merges": Figure.of(
            ours["seconds"] / bare["seconds"],
            f"{ours['seconds']:.2f} s",
            f"{bare['seconds']:.2f} s of merges",
        ),
        "decide peak GB": ours["peak_gb"],
        "decide growth from a tenth": ours["seconds"] / small["seconds"],
    }
    print(
        f"(a) decide, {identities:,} identities, {identities * MEMBERSHIPS:,} memberships, "
        f"{ours['changes']:,} changes: ours {ours['seconds']:.2f} s, bare merges {bare['seconds']:.2f} s"
    )
    print(f"    ratio {found['decide over merges']:.2f}, peak {ours['peak_gb']:.2f} GB")
    print(f"    ten times the people cost {found['decide growth from a tenth']:.1f} times the time")
    return found


def _measured(way: str, size: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.decide", way, str(size)]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return dict(json.loads(told))


def world(size: int) -> tuple[SourceSnapshot, TargetSnapshot, Memory]:
    """Snapshots of a company in which one per cent changed since the last run, and the remembered links."""
    rng = np.random.default_rng(1)
    number = pd.Series(np.arange(size)).astype("str")
    state = np.where(rng.random(size) < CHANGED / 4, "departed", "active")
    identities = pd.DataFrame(
        {
            "source": "okta-main",
            "source_id": "00u" + number.str.zfill(12),
            "user_name": "person" + number + "@acme.test",
            "email": "person" + number + "@acme.test",
            "state": state,
            "source_state": np.where(state == "active", "ACTIVE", "DEPROVISIONED"),
            "given_name": "Given" + number,
            "family_name": "Family" + number,
            "display_name": "Given" + number + " Family" + number,
            "department": "Department " + pd.Series(rng.integers(0, 50, size)).astype("str"),
        }
    )
    who = np.repeat(np.arange(size), MEMBERSHIPS)
    group = rng.integers(0, GROUPS, size * MEMBERSHIPS)
    names = pd.Series([f"idp-{n}" for n in range(GROUPS)], dtype="str")
    memberships = pd.DataFrame(
        {
            "source": "okta-main",
            "source_id": identities["source_id"].take(who).to_numpy(),
            "group_id": ("g" + names).take(group).to_numpy(),
            "group_name": names.take(group).to_numpy(),
            "direct": True,
            "path": pd.Series(pd.NA, index=range(len(who)), dtype="str"),
        }
    )
    there = rng.random(size) >= CHANGED / 4
    accounts = pd.DataFrame(
        {
            "target": "acme-cloud",
            "account_id": "712020:" + number.str.zfill(12),
            "user_name": identities["user_name"],
            "email": identities["email"],
            "display_name": identities["display_name"].mask(rng.random(size) < CHANGED / 4, "Old Name"),
            "state": "active",
            "kind": "person",
            "managed": True,
            "caller": False,
        }
    )
    held = np.unique(np.column_stack([who, group])[group < MAPPED], axis=0)
    held = held[there[held[:, 0]] & (rng.random(len(held)) >= CHANGED / 4)]
    assignments = pd.DataFrame(
        {
            "target": "acme-cloud",
            "account_id": accounts["account_id"].take(held[:, 0]).to_numpy(),
            "kind": "group",
            "entitlement_id": pd.Series([f"e-{n}" for n in range(GROUPS)], dtype="str")
            .take(held[:, 1])
            .to_numpy(),
            "name": pd.Series([f"target-{n}" for n in range(GROUPS)], dtype="str")
            .take(held[:, 1])
            .to_numpy(),
        }
    )
    entitlements = pd.DataFrame(
        {
            "target": "acme-cloud",
            "kind": "group",
            "entitlement_id": [f"e-{n}" for n in range(MAPPED)],
            "name": [f"target-{n}" for n in range(MAPPED)],
            "product": ["jira-software" if n % 3 == 0 else None for n in range(MAPPED)],
            "site": ["acme" if n % 3 == 0 else None for n in range(MAPPED)],
            "billable": [n % 3 == 0 for n in range(MAPPED)],
            "admin": False,
            "default": False,
            "modifiable": True,
        }
    )
    remembered = there & (rng.random(size) >= 0.5)
    links = pd.DataFrame(
        {
            "target": "acme-cloud",
            "account_id": accounts["account_id"],
            "source": "okta-main",
            "source_id": identities["source_id"],
            "rule": "email",
        }
    )[remembered]
    source = SourceSnapshot(
        "okta-main",
        NOW,
        True,
        frames.complete(frames.Identities, identities),
        frames.complete(frames.Memberships, memberships),
    )
    target = TargetSnapshot(
        "acme-cloud",
        NOW,
        True,
        frames.complete(frames.Accounts, accounts[there].reset_index(drop=True)),
        frames.complete(frames.Assignments, assignments),
        frames.complete(frames.Entitlements, entitlements),
    )
    return source, target, Memory(links=frames.complete(frames.Links, links))


def decide(size: int) -> dict[str, Any]:
    """Time the thinkers, from snapshots to the judged plan."""
    source, target, memory = world(size)
    policy = Policy.model_validate(
        {
            "version": 1,
            "connections": {"okta-main": {"kind": "csv"}, "acme-cloud": {"kind": "csv"}},
            "sources": [{"from": "okta-main", "scope": {"groups": ["*"]}}],
            "targets": [
                {
                    "to": "acme-cloud",
                    "groups": {
                        "map": {f"idp-{n}": [f"target-{n}"] for n in range(MAPPED)},
                        "may_remove": ["*"],
                    },
                    "mover": {"update": ["display_name", "email"]},
                    "leaver": [{"after": "0d", "do": "revoke_seats"}, {"after": "0d", "do": "suspend"}],
                }
            ],
        }
    )
    start = time.perf_counter()
    decision = think({source.source: source}, target, policy, memory, NOW)
    return {"seconds": time.perf_counter() - start, "changes": len(decision.plan.changes)}


def merges(size: int) -> dict[str, Any]:
    """Time the merges alone that the same answer cannot do without, as one would first write them."""
    source, target, memory = world(size)
    start = time.perf_counter()
    identities, accounts = source.identities, target.accounts
    linked = identities[["source_id", "email"]].merge(
        memory.links[["source_id", "account_id"]], on="source_id", how="left", validate="one_to_one"
    )
    rest = linked[linked["account_id"].isna()].drop(columns="account_id")
    found = rest.merge(accounts[["email", "account_id"]], on="email", how="left", validate="one_to_one")
    both = pd.concat([linked[linked["account_id"].notna()], found], ignore_index=True)
    table = pd.DataFrame(
        {"group_name": [f"idp-{n}" for n in range(MAPPED)], "name": [f"target-{n}" for n in range(MAPPED)]}
    )
    wanted = source.memberships[["source_id", "group_name"]].merge(
        table, on="group_name", validate="many_to_one"
    )
    desired = wanted.merge(both[["source_id", "account_id"]], on="source_id", validate="many_to_one")
    existing = target.assignments[["account_id", "name"]]
    compared = (
        desired[["account_id", "name"]]
        .drop_duplicates()
        .merge(existing, on=["account_id", "name"], how="outer", indicator=True, validate="one_to_one")
    )
    return {"seconds": time.perf_counter() - start, "changes": int((compared["_merge"] != "both").sum())}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        result = {"decide": decide, "merges": merges}[sys.argv[1]](int(sys.argv[2]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
        print(json.dumps({**result, "peak_gb": peak}))
    else:
        main(*(int(argument) for argument in sys.argv[1:]))
