"""What differs from an earlier day: seats that came and went, by whom, and the money between."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

from provisioning.licensing.realised import Bridge, Realised
from provisioning.model.terms import Action, Lane

MOVED = [
    "product", "site", "display_name", "email", "department", "cost_center", "manager", "target",
    "account_id",
]  # fmt: skip
DONE = ["action", "entitlement", "rule", "run_id", "approved_by"]
TAKES = [
    Action.REVOKE.value, Action.SUSPEND.value, Action.DEACTIVATE.value, Action.REMOVE.value,
    Action.DELETE.value,
]  # fmt: skip
GIVES = [
    Action.CREATE.value, Action.GRANT.value, Action.RESTORE.value, Action.REACTIVATE.value,
    Action.CANCEL_DELETE.value,
]  # fmt: skip
SEATWISE, OTHERS = "Seatwise", "others"


class Compared(NamedTuple):
    """What differs from an earlier day.

    Attributes:
        at: the earlier day.
        change: seats that went and came.
        bridge: why a month costs something else; None without prices.
        wasted: seats that were ready to be freed then.
        made: what Seatwise changed since, as `Ledger.made_since` gives it.
    """

    at: datetime
    change: Realised
    bridge: Bridge | None
    wasted: int
    made: pd.DataFrame

    @property
    def moves(self) -> pd.DataFrame:
        """One row a seat: whether it `came` or `went`, by whom, whose it is and where.

        `by` is Seatwise where it took something from the account since (or gave it something), with its last
        such action, the rule, the run and who approved its plan; others else.
        """
        parts = [
            _by_whom(rows, self.made[self.made["action"].isin(actions)]).assign(moved=word)
            for word, rows, actions in (
                ("went", self.change.freed, TAKES),
                ("came", self.change.added, GIVES),
            )
        ]
        return pd.concat(parts, ignore_index=True)[["moved", "by", *MOVED, *DONE]]

    @property
    def counts(self) -> dict[str, int]:
        """How many went and came, and how many of them by Seatwise."""
        moves = self.moves
        ours = moves[moves["by"] == SEATWISE]["moved"].value_counts()
        return {
            "went": len(self.change.freed),
            "freed": int(ours.get("went", 0)),
            "came": len(self.change.added),
            "given": int(ours.get("came", 0)),
        }

    @property
    def summary(self) -> dict[str, Any]:
        """The same as JSON values."""
        money = self.bridge
        return {
            "at": self.at,
            "before": self.change.before,
            "after": self.change.after,
            **self.counts,
            "cost": None if money is None else float(money.then),
            "between": None if money is None else {k: float(v) for k, v in money._asdict().items()},
            "wasted": self.wasted,
        }


def count_ready(waste: pd.DataFrame) -> int:
    """Seats that are ready to be freed."""
    return int((waste["lane"] == Lane.READY.value).sum())


def _by_whom(rows: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """The seats with what Seatwise last did to their account, whichever connection it was done through."""
    shown = rows.reset_index(drop=True)
    seen = shown["seen_by"].str.split(", ").explode().rename("target")
    through = pd.DataFrame({"seat": seen.index, "target": seen.to_numpy()})
    through["account_id"] = shown["account_id"].reindex(through["seat"]).to_numpy()
    last = made.drop_duplicates(["target", "account_id"])
    done = through.merge(last, on=["target", "account_id"], how="inner").sort_values("at", ascending=False)
    done = done.drop_duplicates("seat").set_index("seat")
    told = shown[MOVED].join(done[DONE])
    return told.assign(by=told["run_id"].map(lambda run: OTHERS if pd.isna(run) else SEATWISE))
