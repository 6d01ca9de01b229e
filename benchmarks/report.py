"""(g) Report: what counting, judging and pricing 300,000 seats costs beside the bare group-bys of the same answer.

100,000 accounts hold four products, a third of the seats are wasted. The workbook is measured beside xlsxwriter's own
loop over the same cells. Each measurement is a process of its own, so that its peak is its own.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from provisioning.licensing import price_book
from provisioning.licensing.lanes import Waits
from provisioning.model import frames
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from reports import html, licences, xlsx

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 9, 14, 7, 30, tzinfo=UTC)
HELD = {"jira-software": 0.95, "confluence": 0.85, "jira-servicedesk": 0.7, "jira-product-discovery": 0.5}
"""How many of the people hold each product: three each on average."""
WASTED = 0.33
ROUNDS = 3


def world(people: int) -> tuple[SourceSnapshot, TargetSnapshot, pd.DataFrame]:
    """One source, one target and their links."""
    chance = np.random.default_rng(1)
    number = pd.Series(np.arange(people)).astype("str").str.zfill(7)
    gone = chance.random(people) < WASTED / 3
    identities = pd.DataFrame(
        {
            "source": "okta-main",
            "source_id": "u" + number,
            "state": np.where(gone, "departed", "active"),
            "display_name": "Person " + number,
            "email": "person" + number + "@acme.test",
            "department": _one_of("Department ", 400, chance, people),
            "cost_center": _one_of("CC-", 900, chance, people),
            "manager": _one_of("Manager ", people // 10, chance, people),
        }
    )
    accounts = identities[["display_name", "email"]].assign(
        target="acme-cloud", account_id="a" + number, state="active", kind="person", caller=False,
        added_on=NOW - pd.to_timedelta(chance.integers(40, 900, people), unit="D"),
    )  # fmt: skip
    links = pd.DataFrame({"source_id": "u" + number, "account_id": "a" + number})
    source = SourceSnapshot(
        "okta-main", NOW - timedelta(minutes=12), True, frames.complete(frames.Identities, identities),
        frames.empty(frames.Memberships),
    )  # fmt: skip
    target = TargetSnapshot(
        "acme-cloud", NOW - timedelta(minutes=9), True, frames.complete(frames.Accounts, accounts),
        frames.empty(frames.Assignments), frames.empty(frames.Entitlements),
        seats=frames.complete(frames.Seats, _seats("a" + number, chance)),
    )  # fmt: skip
    told = links.assign(source="okta-main", target="acme-cloud", rule="email")
    return source, target, frames.complete(frames.Links, told)


def _one_of(name: str, many: int, chance: np.random.Generator, size: int) -> pd.Series[str]:
    return name + pd.Series(chance.integers(0, max(many, 1), size)).astype("str")


def _seats(accounts: pd.Series[str], chance: np.random.Generator) -> pd.DataFrame:
    parts = []
    for product, share in HELD.items():
        held = accounts[chance.random(len(accounts)) < share]
        idle = chance.random(len(held)) < 2 * WASTED / 3
        days = np.where(idle, chance.integers(61, 700, len(held)), chance.integers(1, 59, len(held)))
        parts.append(
            pd.DataFrame(
                {
                    "target": "acme-cloud", "account_id": held, "product": product, "site": "acme",
                    "activity": "used", "last_active": NOW - pd.to_timedelta(days, unit="D"), "billable": True,
                    "granted_by": f"{product}-users", "basis": "access",
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def group(source: SourceSnapshot, target: TargetSnapshot, links: pd.DataFrame) -> int:
    """The merges and group-bys alone that the same figures cannot do without, as one would first write them."""
    seats, people = target.seats, source.identities
    key = ["target", "account_id"]
    once = seats[~seats.duplicated([*key, "product", "site"])]
    rows = once.merge(
        target.accounts[[*key, "display_name", "email", "added_on"]], on=key, validate="many_to_one"
    ).merge(links[[*key, "source", "source_id"]], on=key, how="left", validate="many_to_one")
    stated = ["source", "source_id", "state", "department", "cost_center", "manager"]
    rows = rows.merge(people[stated], on=["source", "source_id"], how="left", validate="many_to_one")
    place = ["product", "site"]
    days = (pd.Timestamp(NOW) - rows["last_active"]).dt.days
    reason = pd.Series("idle", index=rows.index).where(days >= 60).mask(rows["state"] == "departed", "leaver")
    rows = rows.assign(days=days, reason=reason, wasted=reason.notna())
    # Cents, so that sums are exact; each product's cost is shared among its seats.
    rows["cost"] = 120_000_00 // rows.groupby(place)["account_id"].transform("size")
    rows["saving"] = rows["cost"].where(rows["wasted"], 0)
    figures = {"seats": ("wasted", "size"), "wasted": ("wasted", "sum"), "cost": ("cost", "sum"), "saving": ("saving", "sum")}
    tables = [
        rows.groupby(by, dropna=False).agg(**figures).sort_values(["wasted", "seats"], ascending=False)
        for by in (place, "reason", "department", "cost_center")
    ]
    waste = rows[rows["wasted"]].sort_values(["reason", "days", *place, "account_id"])
    return len(waste) + sum(map(len, tables))
