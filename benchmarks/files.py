"""(f) Files: a reconcile of 100,000 accounts from two exports with nothing to do."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

PEOPLE = 100_000
POLICY = """\
version: 1
connections:
  people: {kind: csv, path: people.csv, groups: {columns: [Groups], separator: ', '}}
  export: {kind: atlassian_export, path: export-users.csv}
sources: [{from: people}]
targets:
  - to: export
    groups: {map: {atl-jira: [jira-software-users]}, may_remove: [jira-software-users]}
"""


def main(people: int = PEOPLE) -> dict[str, float]:
    """Print and return the seconds of work and the peak in MB, start-up left out."""
    with tempfile.TemporaryDirectory() as folder:
        write_company(Path(folder), people)
        ran = subprocess.run(
            [sys.executable, "-m", "benchmarks.files", folder], check=True, capture_output=True, text=True
        )
    found: dict[str, float] = json.loads(ran.stdout)
    print(f"(f) files: {people:,} accounts, {found['changes']:.0f} changes: {found['seconds']:.1f} s of work "
          f"(under 3), peak {found['megabytes']:.0f} MB (under 500)")  # fmt: skip
    return found


def write_company(folder: Path, people: int) -> None:
    """The two exports of that many people, and a policy for them."""
    number = pd.Series(np.arange(people)).astype("str").str.zfill(6)
    email = "person." + number + "@acme.test"
    stated = {"Employee ID": number, "Login": email, "Email": email, "Status": "Active", "Groups": "atl-jira"}
    pd.DataFrame(stated).to_csv(folder / "people.csv", index=False)
    held = {
        "Group name": "jira-software-users",
        "User id": "712020:" + number,
        "User name": "Person " + number,
        "email": email,
        "User status": "Active",
        "Added to org": "3 Jan 2024",
        "Org role": "",
        "Jira - acme": "User",
        "Last seen in Jira - acme": "12 May 2026",
    }
    pd.DataFrame(held).to_csv(folder / "export-users.csv", index=False)
    (folder / "policy.yaml").write_text(POLICY)


def _work(folder: Path) -> None:
    """Read both, decide, and keep the plan; imports are not work."""
    from tasks.decide import decide_target
    from tasks.extract import read_source, read_target
    from tasks.run import open_run

    # The first run links everybody; the second is the one with nothing to do.
    for _ in range(2):
        with open_run("bench", str(folder / "policy.yaml"), str(folder)) as session:
            start = time.perf_counter()
            sources = {"people": read_source(session, "people")}
            decision, _ = decide_target.fn(session, "export", sources, read_target(session, "export"))
            spent = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": spent, "megabytes": peak, "changes": len(decision.plan.changes)}))


if __name__ == "__main__":
    _work(Path(sys.argv[1]))
