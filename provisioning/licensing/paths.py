"""What makes a seat billable, and the fewest removals that free it."""

from __future__ import annotations

import pandas as pd

from provisioning.licensing.counting import ACCOUNT
from provisioning.model.keys import attach
from provisioning.model.seat_table import SEAT, trace_paths


def name_removals(rows: pd.DataFrame, assignments: pd.DataFrame, entitlements: pd.DataFrame) -> pd.DataFrame:
    """Name the billable paths of seats and what must be taken to free each.

    A seat is billed while one billable path is left, so all of them must go; paths that cost nothing stay.

    Args:
        rows: seats with target, account_id, product, site, granted_by and role.
        assignments: Assignments of all targets.
        entitlements: Entitlements of all targets.

    Returns:
        Columns path and to_free, null where the connection does not tell; the index of `rows`.
    """
    concerned = attach(assignments, rows[ACCOUNT].drop_duplicates(), ACCOUNT, how="inner")
    paths = trace_paths(concerned, entitlements)
    paths = paths[paths["billable"].astype(bool)].drop_duplicates([*SEAT, "kind", "name"])
    default = pd.Series("", index=paths.index, dtype="str").mask(
        paths["default"].astype(bool), " (by default)"
    )
    fixed = pd.Series("", index=paths.index, dtype="str").mask(
        ~paths["modifiable"].astype(bool), " (kept by its directory)"
    )
    told = paths.assign(
        path=paths["kind"] + " " + paths["name"] + default,
        to_free=paths["kind"] + " " + paths["name"] + fixed,
    )
    named = _joined(told[[*SEAT, "path", "to_free"]])
    found = attach(rows[SEAT], named, SEAT).set_axis(rows.index)
    groups = "group " + rows["granted_by"].str.replace(", ", ", group ", regex=False)
    plain = groups.fillna("role " + rows["role"])
    freed = groups.str.replace(", ", " and ", regex=False).fillna(
        rows["product"] + " access on " + rows["site"]
    )
    return pd.DataFrame(
        {"path": found["path"].fillna(plain), "to_free": found["to_free"].fillna(freed)}, index=rows.index
    )


def _joined(told: pd.DataFrame) -> pd.DataFrame:
    """The words of each seat as one text; most seats have one path, whose words need no joining."""
    several = told.duplicated(SEAT, keep=False)
    groups = told[several].groupby(SEAT, as_index=False, sort=False)
    joined = groups.agg(path=("path", ", ".join), to_free=("to_free", " and ".join))
    return pd.concat([told[~several], joined], ignore_index=True).astype({"path": "str", "to_free": "str"})
