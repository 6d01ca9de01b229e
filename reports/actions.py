"""Who does what by which day so that seats stop costing: a list for all, and one for each owner."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from provisioning.model.keys import translated
from provisioning.model.terms import Lane
from reports.files import write_csv, write_csv_of_each
from reports.licences import NOT_STATED, Report
from reports.words import PLURALS, named, titled

COLUMNS = [
    "by", "owner", "who", "email", "what", "product", "site", "lane", "code", "why", "evidence", "to_free",
    "monthly", "at_renewal", "currency", "target", "account_id", "done",
]  # fmt: skip
_UNSAFE = re.compile(r"[^\w.-]+")


def list_actions(report: Report, lanes: tuple[Lane, ...] = (Lane.READY,)) -> pd.DataFrame:
    """One row a seat: what is to be done, by whom and until when, the next day first.

    The day is the last of the running period of the product's contract: a seat freed on it is not in the next
    bill. The owner is the holder's manager, else the cost centre, else the department.

    Args:
        report: the report.
        lanes: which seats; those to review say so in place of what to take away.

    Returns:
        The columns `COLUMNS`; `done` is empty, to tick off.
    """
    rows = report.waste[report.waste["lane"].isin([lane.value for lane in lanes])]
    owner = rows["manager"].fillna(rows["cost_center"]).fillna(rows["department"]).fillna(NOT_STATED)
    who = rows["display_name"].fillna(rows["email"]).fillna(rows["account_id"])
    product = translated(rows["product"], named)
    free = "Take away " + product + " on " + rows["site"] + ": " + rows["to_free"].fillna("its access") + "."
    look = "Say whether " + who + " still needs " + product + " on " + rows["site"] + "."
    table = rows.assign(
        by=(rows["saves_from"] - pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d").astype("str"),
        owner=owner,
        who=who,
        what=free.where(rows["lane"] == Lane.READY.value, look),
        why=rows["detail"],
        done="",
    )
    return table.sort_values("by", kind="stable", na_position="last", ignore_index=True)[COLUMNS]


def write_actions(report: Report, path: Path) -> Path:
    """Write the list of what is ready to be freed."""
    return write_csv(list_actions(report), path)


def write_owners(report: Report, folder: Path) -> list[Path]:
    """Write for every owner what is ready and what to look at: one file for each department and the like.

    The files stand in a folder for each attribute the report is grouped by, and bear the owner's name.
    """
    every = list_actions(report, (Lane.READY, Lane.REVIEW))
    billed, key = report.assessment.billed, ["target", "account_id", "product", "site"]
    people = billed.iloc[report.assessment.positions][[*dict.fromkeys([*key, *report.by])]]
    return [
        path
        for attribute in report.by
        for path in _write_owners(every.merge(people[[*key, attribute]], on=key), attribute, folder)
    ]


def _write_owners(rows: pd.DataFrame, attribute: str, folder: Path) -> list[Path]:
    """The files of one attribute; those of owners who have nothing left go first."""
    place = folder / PLURALS.get(attribute, titled(attribute)).lower().replace(" ", "-")
    place.mkdir(parents=True, exist_ok=True)
    owned = rows.assign(owner=rows[attribute].fillna(NOT_STATED))
    taken: set[str] = set()
    files = {
        place / f"{_file_name(owner, taken)}.csv": own
        for owner, own in sorted(owned.groupby("owner").indices.items())
    }
    for earlier in {*place.glob("*.csv")}.difference(files):
        earlier.unlink()
    return write_csv_of_each(owned[COLUMNS], files)


def _file_name(owner: Any, taken: set[str]) -> str:
    plain = _UNSAFE.sub("-", str(owner)).strip("-.")[:80] or "owner"
    name, number = plain, 1
    while name.lower() in taken:
        number += 1
        name = f"{plain}-{number}"
    taken.add(name.lower())
    return name
