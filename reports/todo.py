"""A plan as steps a person follows by hand, for targets that Seatwise cannot write.

The words are those of admin.atlassian.com.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from provisioning.model.terms import Action, Lane
from reports.files import write_csv
from reports.words import titled

USERS = "admin.atlassian.com → Directory → Users: "
GROUPS = "admin.atlassian.com → Directory → Groups: "
MANAGED = "admin.atlassian.com → Directory → Managed accounts: "
FOUND = "search for {who}, open the account, "
STEPS = {
    Action.CREATE_GROUP: GROUPS + "choose Create group, name it {what} and confirm.",
    Action.CREATE: USERS + "choose Invite users, enter {email} and send the invitation.",
    Action.UPDATE: MANAGED + FOUND + "change {fields}.",
    Action.UPDATE_EMAIL: MANAGED + FOUND + "change the e-mail address to {email}.",
    Action.GRANT: USERS + FOUND + "choose Add to group, pick {what} and confirm.",
    Action.REVOKE: USERS + FOUND + "choose Remove from group beside {what} and confirm.",
    Action.SUSPEND: USERS + FOUND + "choose More actions (•••), then Suspend access.",
    Action.RESTORE: USERS + FOUND + "choose More actions (•••), then Restore access.",
    Action.DEACTIVATE: MANAGED + FOUND + "choose Deactivate account and follow the prompts.",
    Action.REACTIVATE: MANAGED + FOUND + "choose Reactivate account.",
    Action.REMOVE: USERS + FOUND + "choose More actions (•••), then Remove user.",
    Action.DELETE: MANAGED + FOUND + "choose Delete account and follow the prompts.",
    Action.CANCEL_DELETE: MANAGED + FOUND + "choose Cancel deletion.",
}
ACCESS = {
    Action.GRANT: USERS + FOUND + "choose Add apps, pick {what} and confirm.",
    Action.REVOKE: USERS
    + FOUND
    + "find {what} under App access, choose More actions (•••), then Remove access.",
}
"""The same for what is assigned directly: a role or a product."""
FINAL = "Cannot be undone."
COLUMNS = ["step", "target", "who", "what", "why", "caution", "done"]


def list_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """One step a change, in the order of the plan.

    Args:
        changes: Changes frame.

    Returns:
        Columns target, who, what (the step in words), why, caution and done (empty, to tick off).
    """
    ordered = changes.sort_values(["target", "position"], kind="stable", ignore_index=True)
    plain = ordered.astype(object).where(ordered.notna(), None)
    final = ordered["destructive"] & ~ordered["reversible"]
    return pd.DataFrame(
        {
            "target": ordered["target"],
            "who": ordered["subject"],
            "what": pd.Series([_words(row) for row in plain.to_dict("records")], dtype="str"),
            "why": ordered["reason"],
            "caution": pd.Series("", index=ordered.index, dtype="str").mask(final, FINAL),
            "done": pd.Series("", index=ordered.index, dtype="str"),
        }
    )


def list_seats(stuck: pd.DataFrame) -> pd.DataFrame:
    """One step a billed seat that should go and that no rule can take.

    Args:
        stuck: StuckSeats frame.

    Returns:
        The columns of `list_changes`.
    """
    path = (", which they have through " + stuck["granted_by"]).fillna("")
    seat = stuck["product"] + " on " + stuck["site"]
    blank = pd.Series("", index=stuck.index, dtype="str")
    return pd.DataFrame(
        {
            "target": stuck["target"],
            "who": stuck["subject"],
            "what": "Open the account and take away " + seat + path + ".",
            "why": stuck["cause"] + "; no rule can take it: " + stuck["reason"],
            "caution": blank,
            "done": blank,
        }
    )


def list_ready(waste: pd.DataFrame) -> pd.DataFrame:
    """One step a seat that is ready to be freed.

    Args:
        waste: Waste frame; only its ready rows are steps.

    Returns:
        The columns of `list_changes`.
    """
    ready = waste[waste["lane"] == Lane.READY.value].reset_index(drop=True)
    seat = ready["product"] + " on " + ready["site"]
    blank = pd.Series("", index=ready.index, dtype="str")
    return pd.DataFrame(
        {
            "target": ready["target"],
            "who": ready["email"].fillna(ready["account_id"]),
            "what": "Open the account and take away " + seat + ": " + ready["to_free"].fillna(seat) + ".",
            "why": ready["detail"],
            "caution": blank,
            "done": blank,
        }
    )


def write(parts: Sequence[pd.DataFrame], path: Path) -> Path:
    """Write steps, numbered throughout, as a CSV file that opens in any spreadsheet."""
    steps = pd.concat([pd.DataFrame(columns=COLUMNS[1:], dtype="str"), *parts], ignore_index=True)
    return write_csv(steps.assign(step=range(1, len(steps) + 1))[COLUMNS], path)


def _words(row: dict[Any, Any]) -> str:
    action = Action(row["action"])
    direct = row["kind"] in {"role", "product"}
    after = json.loads(row["after"])
    words = ACCESS.get(action, STEPS[action]) if direct else STEPS[action]
    return words.format(
        who=row["subject"],
        what=_quoted(row["entitlement"]),
        email=after.get("email") or row["subject"],
        fields=" and ".join(
            f"{titled(name).lower()} to {_quoted(value)}" for name, value in sorted(after.items())
        ),
    )


def _quoted(value: Any) -> str:
    return f"“{value}”"
