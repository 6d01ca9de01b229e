"""Faults of every kind at every write of an apply: later runs end where no fault would have."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from sandbox.kit.world import World
from tests.chaos import bare, kills, truth
from tests.chaos.reads import Place
from tests.chaos.staging import Stage, served, thaw
from tests.chaos.tally import Tally

PEOPLE = 60
"""In a smaller company some targets have nothing to write, and a campaign without a point proves nothing."""
LATER = 2
"""Runs after the one that met the fault; the first settles, the second must find nothing to do."""
HARM: tuple[dict[str, Any], ...] = (
    *({"kind": kind} for kind in ("lost_write", "truncate", "reset", "expire_token")),
    {"kind": "timeout", "seconds": bare.TIMEOUT + 0.3},
    *({"kind": "status", "status": status} for status in (500, 502, 503, 501, 429, 400, 401, 403, 404, 409)),
    {"kind": "status", "status": 200, "body": {}},
    {"kind": "status", "status": 200, "body": []},
    {"kind": "status", "status": 200, "body": ""},
    {"kind": "status", "status": 200, "body": {"error": "upstream"}},
    {"kind": "status", "status": 206, "body": {"data": []}},
    *({"kind": "reshape", "shape": shape} for shape in ("object", "null", "login", "error")),
)


class Campaign:
    """Applications of one plan, each with one fault among its writes."""

    def __init__(self, stage: Stage, fingerprint: str, folder: Path, world: World) -> None:
        """Apply once undisturbed, to know what is written and how it ends."""
        self.stage, self.fingerprint, self.folder, self.world = stage, fingerprint, folder, world
        self.usual = self.play(None)
        counts = Counter((one.method, one.path) for one in self.usual["written"])
        self.places = [Place(*where, nth) for where, count in sorted(counts.items()) for nth in range(count)]

    def play(self, fault: dict[str, Any] | None) -> dict[str, Any]:
        """Apply the plan, and synchronise afterwards until nothing should be left."""
        self.stage.copy_to(self.folder)
        thaw(self.world, self.stage.frozen)
        if fault:
            self.world.faults.add(**fault)
        first = bare.run("apply", self.folder, plan=self.fingerprint)
        self.world.faults.clear()
        later = [bare.sync(self.folder) for _ in range(LATER)]
        return {
            "raw": first["error"] if first.get("raw") else None,
            "failed": first.get("failed", 0),
            "later": [(one["exit_code"], one.get("error"), one.get("changes")) for one in later],
            "held": truth.held(self.world),
            "remembered": truth.remembered(self.folder, truth.identifiers(self.world)),
            "written": list(self.world.counters.written),
        }

    def strike(self, place: Place, fault: dict[str, Any], tally: Tally) -> None:
        """Apply once with a fault at a write, and judge."""
        tally.points += 1
        told = {**fault, "method": place.method, "path": place.path, "skip": place.nth}
        found, what = self.play(told), {k: v for k, v in told.items() if k != "seconds"}
        if found["raw"]:
            tally.broke("error that nobody foresaw", f"{what}: {found['raw']}")
        if wrong := truth.difference(self.usual["held"], found["held"]):
            tally.broke("target differs", f"{what}: {'; '.join(wrong[:4])}; later {found['later']}")
        wrong = truth.difference(self.usual["remembered"], found["remembered"])
        if lost := [line for line in wrong if line.startswith("- owned")]:
            tally.broke("ownership lost", f"{what}: {len(lost)} rows; {'; '.join(lost[:3])}")
        if other := [line for line in wrong if not line.startswith("- owned")]:
            tally.broke("ledger differs", f"{what}: {len(other)} rows; {'; '.join(other[:3])}")
        counts, once = Counter(found["written"]), Counter(self.usual["written"])
        if twice := [one for one, n in counts.items() if n > max(1, once[one])]:
            tally.broke("written twice", f"{what}: {twice[0]}")


def campaign(target: str, folder: Path, port: int, *, most: int, seed: int = 1) -> Tally:
    """Strike so many points, drawn by chance from all there are, or all."""
    tally = Tally("writes", target)
    stage, fingerprint = kills.prepared(target, folder / "stage", port, PEOPLE)
    world = stage.world()
    with served(world, port), bare.without_prefect(hasty=True):
        runs = Campaign(stage, fingerprint, folder / "point", world)
        every = [(place, fault) for place in runs.places for fault in HARM]
        tally.there_are = len(every)
        for place, fault in kills.chosen(every, most, seed):
            runs.strike(place, fault, tally)
    return tally
