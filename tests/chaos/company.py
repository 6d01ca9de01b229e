"""The oracle beside the product: days of a simulated company, judged by what shares no code with it."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox import policy
from sandbox.kit.world import make_world
from tests.chaos import bare
from tests.chaos.staging import served
from tests.chaos.tally import Tally
from tests.oracle import truth
from tests.oracle.life import Life, Plant

PEOPLE = 24
FILE = """\
  hr: {{kind: csv, path: people.csv, columns: {{source_id: Employee ID}},
       groups: {{columns: [Groups], separator: ', '}}}}
"""


class Flows:
    """The product, by its flows."""

    def sync(self, plant: Plant, moment: datetime) -> dict[str, Any]:
        """Run it as of a moment."""
        return bare.sync(plant.folder, moment)

    def approve(self, plant: Plant, fingerprint: str, moment: datetime) -> None:
        """Release a plan."""
        bare.approve(plant.folder, fingerprint, moment)


def plants(folder: Path, base: str) -> list[Plant]:
    """Okta and the organisation by their interfaces; a table and a Data Center installation."""
    cloud, files = folder / "cloud", folder / "files"
    scope_to_cities(policy.write(cloud, base, PEOPLE))
    path = policy.write(files, base, PEOPLE, targets=["legacy-jira"])
    read_from_file(path)
    shown = Path("out", "plan.csv")
    return [
        Plant("services", cloud, cloud / shown, truth.cloud, idle=True),
        Plant("files", files, files / shown, truth.jira, idle=False, table=files / "people.csv"),
    ]


def read_from_file(path: Path) -> None:
    """Have the policy read its people from people.csv beside it."""
    text = path.read_text().replace("connections:\n", "connections:\n" + FILE.format())
    path.write_text(text.replace("  - from: okta-main\n", "  - from: hr\n"))


def scope_to_cities(path: Path) -> None:
    """Have the policy take only those who are in the group of a city, as everybody is."""
    scope = f"  - from: okta-main\n    scope: {{groups: [{', '.join(sorted(truth.CITIES))}]}}\n"
    path.write_text(path.read_text().replace("  - from: okta-main\n", scope))


def campaign(folder: Path, port: int, *, most: int, seed: int) -> Tally:
    """Live through so many days with both plants; ORACLE_SEED says which company and which mistakes."""
    seed = int(os.environ.get("ORACLE_SEED", seed))
    tally = Tally("oracle", f"seed {seed}", there_are=2 * most)
    base = f"http://127.0.0.1:{port}"
    os.environ |= policy.SECRETS
    world = make_world(PEOPLE, seed)
    with served(world, port), bare.without_prefect():
        found(world)
        life = Life(world, plants(folder, base), Flows(), seed)
        for verdict in life.days(most):
            tally.points += 1
            tally.note("things taken", verdict.taken)
            tally.note("days with mistakes", int(verdict.wrong is not None))
            tally.note("waited for a person", int(verdict.held))
            for kind, text in verdict.violations:
                tally.broke(kind, text)
    return tally


def found(world: Any) -> None:
    """Have the targets founded before the first day; a face founds its own when it is first asked."""
    from sandbox.jira_dc.rows import installation
    from sandbox.kit.cloud_wire import organisation

    organisation(world)
    installation(world)
