"""Small worlds for the thinkers: people, accounts and groups in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from provisioning.decide.decide import Decision, decide
from provisioning.model import frames
from provisioning.model.snapshots import Memory, SourceSnapshot, TargetSnapshot
from provisioning.policy.policy import Policy

NOW = datetime(2026, 6, 1, tzinfo=UTC)
GROUPS = {
    "jira-users": ("jira", True),
    "wiki-users": ("wiki", True),
    "developers": (None, True),
    "all-staff": (None, True),
    "site-admins": (None, True),
    "synced": ("wiki", False),
}
"""Group → billed product it opens and whether it can be changed."""
DIRECT = {"jira access": ("jira", "e-jira-users")}
"""Permission an account holds by itself → product it opens and its identifier, here that of a group, too."""
MAP = {"atl-jira": ["jira-users"], "atl-dev": ["jira-users", "developers"], "atl-wiki": ["wiki-users"]}
MAPPED = ["jira-users", "developers", "wiki-users"]
"""Groups that MAP fills, and that the policy of most tests manages."""


def policy(
    *, sources: Sequence[Any] = ({"from": "idp"},), limits: Any = None, protect: Any = None, **target: Any
) -> Policy:
    """A policy with one target `cloud`; limits are wide unless given."""
    rules = {
        "to": "cloud",
        "groups": {"map": MAP, "may_remove": ["*"], "manage": MAPPED},
        "joiner": {"reactivate": "always"},
        "mover": {"update": ["display_name", "email"]},
        "leaver": [
            {"after": "0d", "do": "revoke_seats"},
            {"after": "7d", "do": "deactivate"},
            {"after": "90d", "do": "delete"},
        ],
        **target,
    }
    return Policy.model_validate(
        {
            "version": 1,
            "connections": {name: {"kind": "csv"} for name in ("idp", "other", "cloud")},
            "sources": list(sources),
            "targets": [rules],
            "limits": limits or {"destructive": {"count": 1000, "share": "100%"}},
            "protect": protect or {"groups": ["site-admins"]},
        }
    )


def identity(name: str, **facts: Any) -> dict[str, Any]:
    """An active identity; its address, user name and identifier follow from its name."""
    return {
        "source": "idp",
        "source_id": f"id-{name}",
        "user_name": name,
        "email": f"{name}@acme.test",
        "display_name": name.title(),
        "state": "active",
        **facts,
    }


def account(name: str, **facts: Any) -> dict[str, Any]:
    """A managed active account of the identity so named."""
    return {
        "target": "cloud",
        "account_id": f"acc-{name}",
        "user_name": name,
        "email": f"{name}@acme.test",
        "display_name": name.title(),
        "state": "active",
        "kind": "person",
        "managed": True,
        "caller": False,
        "added_on": NOW - timedelta(days=400),
        **facts,
    }


def source(
    identities: Sequence[Mapping[str, Any]],
    groups: Mapping[str, Sequence[str]] | None = None,
    *,
    name: str = "idp",
    complete: bool = True,
    rejected: Sequence[str] = (),
) -> SourceSnapshot:
    """A read of a source; `groups` are IdP group → names of its members."""
    rows = [
        {
            "source": name,
            "source_id": f"id-{who}",
            "group_id": f"g-{group}",
            "group_name": group,
            "direct": True,
        }
        for group, members in (groups or {}).items()
        for who in members
    ]
    return SourceSnapshot(
        name,
        NOW,
        complete,
        frame(frames.Identities, [{**row, "source": name} for row in identities]),
        frame(frames.Memberships, rows),
        rejects(name, rejected),
    )


def target(
    accounts: Sequence[Mapping[str, Any]],
    groups: Mapping[str, Sequence[str]] | None = None,
    *,
    direct: Mapping[str, Sequence[str]] | None = None,
    seats: Sequence[Mapping[str, Any]] = (),
    capacity: Mapping[str, int] | None = None,
    complete: bool = True,
    rejected: Sequence[str] = (),
) -> TargetSnapshot:
    """A read of the target `cloud`; `groups` and `direct` are what is held → names of those who do."""
    held = [
        {"target": "cloud", "account_id": f"acc-{who}", **entitlement(name)}
        for name, holders in [*(groups or {}).items(), *(direct or {}).items()]
        for who in holders
    ]
    bought = [
        {"target": "cloud", "product": p, "site": "acme", "seats": n} for p, n in (capacity or {}).items()
    ]
    return TargetSnapshot(
        "cloud",
        NOW,
        complete,
        frame(frames.Accounts, accounts),
        frame(frames.Assignments, held),
        entitlements(),
        frame(frames.Seats, [{"target": "cloud", "site": "acme", "billable": True, **row} for row in seats]),
        frame(frames.Capacity, bought),
        rejects("cloud", rejected),
    )


def entitlement(name: str) -> dict[str, str]:
    """Kind, identifier and name of a group or of a permission."""
    if name in DIRECT:
        return {"kind": "product", "entitlement_id": DIRECT[name][1], "name": name}
    return {"kind": "group", "entitlement_id": f"e-{name}", "name": name}


def entitlements() -> pd.DataFrame:
    """What the groups and permissions of `cloud` give."""
    opening = {**GROUPS, **{name: (product, True) for name, (product, _) in DIRECT.items()}}
    rows = [
        {
            "target": "cloud",
            **entitlement(name),
            "product": product,
            "site": "acme" if product else None,
            "billable": product is not None,
            "admin": name == "site-admins",
            "default": False,
            "modifiable": modifiable,
        }
        for name, (product, modifiable) in opening.items()
    ]
    return frame(frames.Entitlements, rows)


def rejects(origin: str, keys: Sequence[str]) -> pd.DataFrame:
    """Rows that could not be read."""
    rows = [{"origin": origin, "key": key, "field": "state", "problem": "p", "remedy": "r"} for key in keys]
    return frame(frames.Rejects, rows)


def frame(model: type[frames.Frame], rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """A validated frame of a few rows; typed first, for then the validator has nothing left to mend."""
    blank = frames.empty(model)
    if not rows:
        return blank
    table = pd.DataFrame(list(rows)).reindex(columns=blank.columns)
    times = [name for name, dtype in blank.dtypes.items() if isinstance(dtype, pd.DatetimeTZDtype)]
    table = table.assign(**{name: pd.to_datetime(table[name], utc=True) for name in times})
    return model.validate(table.astype(blank.dtypes.to_dict()))


def links(*names: str, **facts: Any) -> pd.DataFrame:
    """Remembered links of identities with the accounts so named."""
    rows = [
        {
            "target": "cloud",
            "account_id": f"acc-{n}",
            "source": "idp",
            "source_id": f"id-{n}",
            "rule": "email",
            **facts,
        }
        for n in names
    ]
    return frame(frames.Links, rows)


def done(changes: pd.DataFrame) -> list[tuple[str, str, str | None]]:
    """What a plan does, in its order: action, whose, and to which group."""
    return [(c.action, c.subject.partition("@")[0], c.entitlement) for c in frames.rows(changes)]


def think(
    src: SourceSnapshot | Sequence[SourceSnapshot], tgt: TargetSnapshot, rules: Policy, **facts: Any
) -> Decision:
    """Decide at NOW; `memory` and the other arguments of `decide` as they are given."""
    sources = [src] if isinstance(src, SourceSnapshot) else src
    memory, now = facts.pop("memory", Memory()), facts.pop("now", NOW)
    return decide({one.source: one for one in sources}, tgt, rules, memory, now, **facts)


def linked(decision: Decision) -> dict[str, tuple[str, str]]:
    """Account → identity and rule."""
    table = decision.links
    return {a: (i, r) for a, i, r in table[["account_id", "source_id", "rule"]].itertuples(index=False)}


def messages(decision: Decision) -> str:
    """All notes as one text."""
    return "\n".join(note.message for note in decision.notes)
