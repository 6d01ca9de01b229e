"""Whoever settles a change finds its account, by whatever name the target knows it."""

from __future__ import annotations

from typing import Any

import orjson
import pandas as pd
import pytest

from provisioning.model import frames
from sinks import Observation
from tasks.outcomes import observe_accounts


class Asked:
    """A target that shows nobody and keeps what it was asked for."""

    def observe(self, *asked: list[str]) -> Observation:
        self.asked = asked
        return Observation(frames.empty(frames.Accounts), frames.empty(frames.Assignments))


def change(action: str, subject: str, *, account: str | None = None, **after: Any) -> dict[str, Any]:
    facts = {
        "action": action,
        "subject": subject,
        "account_id": account,
        "after": orjson.dumps(after).decode(),
    }
    fixed = {
        "target": "t",
        "before": "{}",
        "reason": "r",
        "rule": "x",
        "destructive": False,
        "reversible": True,
    }
    return {"change_id": f"{action} {subject}", "position": 0, **fixed, **facts}


@pytest.mark.parametrize(
    ("user_name", "asked"),
    [
        ("u56@acme.test", ["ann@acme.test", "u56@acme.test"]),
        ("ann@acme.test", ["ann@acme.test"]),
        ("ann", ["ann@acme.test"]),
        (None, ["ann@acme.test"]),
    ],
)
def test_a_created_account_is_sought_by_address_and_by_user_name(user_name, asked):
    """A directory finds an account by its user name alone; one that is no address is asked of nobody."""
    made = change("create", "ann@acme.test", user_name=user_name)
    granted = change("grant", "ann@acme.test", assigned=True)
    known = change("grant", "bob@acme.test", account="b1", assigned=True)
    plan = frames.complete(frames.Changes, pd.DataFrame([made, granted, known]))
    sink = Asked()

    observe_accounts(sink, plan)

    assert sink.asked == (["b1"], asked)
