"""(g) Report: what counting, judging and pricing 300,000 seats costs beside the bare group-bys of it.

100,000 accounts hold four products, a third of the seats are wasted. The workbook is measured beside
xlsxwriter's own loop over the same cells. Each measurement is a process of its own, so that its peak is its
own.
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
import xlsxwriter

from provisioning.licensing import price_book
from provisioning.licensing.lanes import Waits
from provisioning.model import frames
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from reports import html, licences, tables, xlsx

ROOT = Path(__file__).resolve().parents[1]
NOW = datetime(2026, 9, 14, 7, 30, tzinfo=UTC)
HELD = {"jira-software": 0.95, "confluence": 0.85, "jira-servicedesk": 0.7, "jira-product-discovery": 0.5}
"""How many of the people hold each product: three each on average."""
WASTED = 0.33
DAY_NOUGHT = pd.Timestamp("1899-12-30", tz="UTC")
"""Of which day a workbook counts."""
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
                    "activity": "used", "last_active": NOW - pd.to_timedelta(days, unit="D"),
                    "billable": True,
                    "granted_by": f"{product}-users", "basis": "access",
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def group(source: SourceSnapshot, target: TargetSnapshot, links: pd.DataFrame) -> int:
    """The merges and group-bys alone that the figures cannot do without, as one would first write them."""
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
    summed = {name: (name, "sum") for name in ("wasted", "cost", "saving")}
    tables = [
        rows.groupby(by, dropna=False)
        .agg(seats=("wasted", "size"), **summed)
        .sort_values(["wasted", "seats"], ascending=False)
        for by in (place, "reason", "department", "cost_center")
    ]
    rows["anywhere"] = rows.groupby("account_id")["last_active"].transform("max")
    twice = (
        rows[rows.duplicated(["source_id", "product"], keep=False)].groupby(["source_id", "product"]).size()
    )
    names = target.accounts["display_name"].str.strip().str.lower()
    namesakes = target.accounts[names.duplicated(keep=False)]
    waste = rows[rows["wasted"]].sort_values(["reason", "days", *place, "account_id"])
    every = rows.sort_values([*place, "account_id"])
    return len(waste) + len(every) + len(twice) + len(namesakes) + sum(map(len, tables))


def built(people: int) -> licences.Report:
    """The whole report: counted, judged, priced by the example price book, and summed."""
    source, target, links = world(people)
    return _report(source, target, links)


def _report(source: SourceSnapshot, target: TargetSnapshot, links: pd.DataFrame) -> licences.Report:
    text = (ROOT / "config" / "prices.yaml").read_text(encoding="utf-8")
    terms = licences.Terms(NOW, Waits(timedelta(days=60)))
    return licences.build([source], [target], links, price_book.load(text, origin="prices.yaml"), terms)


def cells(report: licences.Report) -> list[tuple[list[str], list[tuple[Any, ...]]]]:
    """The kinds and the plain cells of the two long sheets."""
    return [
        ([column.kind for column in table.columns], [tuple(row.values()) for row in _plain(table)])
        for table in (tables.waste(report), tables.seats(report))
    ]


def _plain(table: tables.Table) -> list[dict[str, Any]]:
    days = [column.name for column in table.columns if column.kind == "day"]
    since = {name: (table.frame[name] - DAY_NOUGHT) / pd.Timedelta(days=1) for name in days}
    return table._replace(frame=table.frame.assign(**since)).records


def loop(sheets: list[tuple[list[str], list[tuple[Any, ...]]]], path: Path) -> None:
    """The loop of the xlsxwriter manual over the cells, each by the method for its kind."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        form = book.add_format({"num_format": "#,##0.00"})
        for kinds, rows in sheets:
            sheet = book.add_worksheet()
            ways = [sheet.write_string if kind in {"text", "flag"} else sheet.write_number for kind in kinds]
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    if value is not None:
                        told = "yes" if value is True else "no" if value is False else value
                        ways[place](number, place, told, form)


WAYS = ["report", "group", "page", "workbook", "loop"]


def work(way: str, people: int, folder: Path) -> dict[str, float]:
    """Do one thing and tell its seconds of processor time, for other processes share the machine."""
    steps: dict[str, Callable[[], Any]]
    if way in {"report", "group"}:
        read = world(people)
        steps = {"report": lambda: _report(*read), "group": lambda: group(*read)}
    else:
        report = built(people)
        plain = cells(report) if way == "loop" else []
        steps = {
            "page": lambda: html.write(report, folder / "page.html"),
            "workbook": lambda: xlsx.write(report, folder / "book.xlsx"),
            "loop": lambda: loop(plain, folder / "loop.xlsx"),
        }
    start = time.process_time()
    steps[way]()
    spent = time.process_time() - start
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    return {"seconds": spent, "size": size, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main(people: int = 100_000) -> dict[str, float]:
    """Print and return the ratios, the peak in MB and the size of the page in MB."""
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for turn in range(ROUNDS):
        # A workbook of this size takes minutes, and it and its peer are alike from run to run.
        for way in WAYS if turn == 0 else WAYS[:2]:
            runs[way].append(_measured(way, people))
    seconds = {way: statistics.median(run["seconds"] for run in found) for way, found in runs.items()}
    found = {
        "report over group-bys": seconds["report"] / seconds["group"],
        "workbook over loop": seconds["workbook"] / seconds["loop"],
        "report peak MB": max(run["peak"] for way in WAYS[:4] if way != "group" for run in runs[way]),
        "page MB": runs["page"][0]["size"],
    }
    print(
        f"(g) report, {people:,} accounts of {len(HELD)} products: {seconds['report']:.1f} s, bare group-bys "
        f"{seconds['group']:.1f} s, ratio {found['report over group-bys']:.1f} (budget 5)"
    )
    print(
        f"    workbook {seconds['workbook']:.0f} s, xlsxwriter's loop {seconds['loop']:.0f} s, ratio "
        f"{found['workbook over loop']:.2f} (budget 1.2); page {seconds['page']:.1f} s, "
        f"{found['page MB']:.1f} MB (budget 15); peak {found['report peak MB']:.0f} MB (budget 1,000)"
    )
    return found


def _measured(way: str, people: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.report", way, str(people), folder]
        told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return dict(json.loads(told))


if __name__ == "__main__":
    print(json.dumps(work(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
