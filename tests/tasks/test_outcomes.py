"""Whoever settles a change finds its account, by whatever name the target knows it."""

from __future__ import annotations

from typing import Any

import orjson
import pandas as pd
import pytest

from provisioning.model import frames
from sinks import Observation
from tasks.outcomes import find_namesakes, observe_accounts, with_addresses

ANN = "ann@acme.test"


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
    ("user_name", "names"),
    [("u56@acme.test", {ANN: "u56@acme.test"}), ("ann", {ANN: "ann"}), (None, {})],
)
def test_a_created_account_is_sought_by_address_and_by_user_name(user_name, names):
    """A directory finds an account by its user name alone, and some servers show no address."""
    made = change("create", ANN, user_name=user_name)
    granted = change("grant", ANN, assigned=True)
    known = change("grant", "bob@acme.test", account="b1", assigned=True)
    plan = frames.complete(frames.Changes, pd.DataFrame([made, granted, known]))
    sink = Asked()

    observe_accounts(sink, plan)

    assert sink.asked == (["b1"], [ANN], [], names)


@pytest.mark.parametrize(
    ("shown", "ours"),
    [
        ({"user_name": "Ann", "email": None}, True),
        ({"user_name": "ann", "email": "ann@other.test"}, False),
        ({"user_name": "anna", "email": None}, False),
        ({"user_name": "ann", "email": None, "state": "deleted"}, False),
        ({"user_name": "ann", "email": None, "kind": "app"}, False),
    ],
)
def test_what_was_made_is_known_by_its_user_name_where_no_address_is_shown(shown, ours):
    """Whoever shows another address, is no person or is gone is not the account that was made."""
    facts = {"target": "t", "account_id": "a1", "state": "active", "kind": "person", "managed": True}
    accounts = frames.complete(frames.Accounts, pd.DataFrame([facts | {"caller": False} | shown]))
    plan = frames.complete(frames.Changes, pd.DataFrame([change("create", ANN, user_name="ann")]))
    seen = Observation(accounts, frames.empty(frames.Assignments))

    found = with_addresses(seen, plan)

    assert (found.accounts["email"].tolist() == [ANN]) == ours
    assert find_namesakes(seen, plan) == ({ANN: 0} if ours else {})
