"""Day after day something happens, something goes wrong, the product runs, and the oracle judges."""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from sandbox.atlassian_export.face import people
from sandbox.company.people import DEPARTED
from sandbox.kit.world import World
from tests.oracle import dirt
from tests.oracle.dirt import Dirt, Table
from tests.oracle.judge import Deadlines, why_not
from tests.oracle.truth import EXISTS, WORKS, Account, Meaning

TAKES = {
    "deactivate": WORKS, "suspend": WORKS, "delete": EXISTS, "remove": EXISTS, "anonymise": EXISTS
}  # fmt: skip
GIVES = {"create", "grant", "restore", "reactivate", "cancel_delete"}
LONGEST = 3
"""Days a mistake lasts at most."""
CALM = 2
"""Days at the beginning without mistakes, so that there is something to lose."""
OLD = 5
"""Days back to which an old file goes at most."""


class Product(Protocol):
    """How the product is run; whoever runs it knows how."""

    def sync(self, plant: Plant, moment: datetime) -> dict[str, Any]:
        """Run it once as of a moment; its summary."""

    def approve(self, plant: Plant, fingerprint: str, moment: datetime) -> None:
        """Release a plan as a person does."""


@dataclass
class Plant:
    """One policy, its target and what the oracle knows of it.

    Attributes:
        name: what it is called in the report.
        folder: its policy.
        plan: where its last plan is shown as a table.
        look: the true accounts of its target.
        idle: whether its policy takes seats nobody uses.
        table: the file its people come from, where they do.
    """

    name: str
    folder: Path
    plan: Path
    look: Callable[[World], list[Account]]
    idle: bool
    table: Path | None = None
    deadlines: Deadlines = field(default_factory=Deadlines)
    wrong: Dirt | None = None
    left: int = 0
    old: list[str] = field(default_factory=list)


@dataclass
class Verdict:
    """What the oracle says of one day of one plant."""

    day: int
    plant: str
    wrong: str | None
    exit_code: int
    taken: int
    violations: list[tuple[str, str]]
    held: bool = False


class Life:
    """A company, its plants, and the days they live through."""

    def __init__(self, world: World, plants: list[Plant], product: Product, seed: int) -> None:
        """Begin before the first day."""
        self.world, self.plants, self.product = world, plants, product
        self.meaning = Meaning.of(world)
        self.chance = random.Random(seed)

    def days(self, count: int) -> Iterator[Verdict]:
        """Live through so many days."""
        for day in range(1, count + 1):
            self.world.advance(1)
            self._something_happens()
            self.meaning.note_day(self.world)
            for plant in self.plants:
                self._soil(plant, day, last=day > count - CALM)
                yield self._run(plant, day)

    def _something_happens(self) -> None:
        """Somebody comes, somebody goes, somebody moves: more than at so small a company in truth."""
        company, chance = self.world.company, self.chance
        staff = dirt._staff(self.world)
        chance.shuffle(staff)
        first, second, third = staff[:3]
        if chance.random() < 0.6:
            company.hire({}, rng=chance)
        if chance.random() < 0.5:
            company.leave(first.number, how=chance.choice(("departed", "departed", "suspended", "deleted")))
        mapped = sorted(set(self.meaning.names.values()) & second.groups)
        if mapped and chance.random() < 0.5:
            company.move(second.number, {"remove_groups": [chance.choice(mapped)]})
        missing = sorted(set(self.meaning.names.values()) & company.groups.keys() - third.groups)
        if missing and chance.random() < 0.5:
            company.move(third.number, {"add_groups": [chance.choice(missing)]})

    def _soil(self, plant: Plant, day: int, *, last: bool) -> None:
        """End a mistake, or begin one; the table is written anew each day."""
        plant.left -= 1
        if plant.wrong and plant.left <= 0:
            plant.wrong.undo()
            plant.wrong = None
        begins = day > CALM and not last and plant.wrong is None and self.chance.random() < 0.5
        if plant.table is not None:
            self._write_table(plant, begins=begins)
        elif begins:
            plant.wrong = self.chance.choice(dirt.CLOUD)(self.world, self.meaning, self.chance)
            plant.left = self.chance.randint(1, LONGEST)

    def _write_table(self, plant: Plant, *, begins: bool) -> None:
        """The people of today; or of another day, or with a mistake in them."""
        assert plant.table is not None
        rows: Table = [[str(cell) for cell in row] for row in people(self.world)]
        at = self.world.company.now
        plant.old = [*plant.old, _text(rows)][-OLD:]
        text = plant.old[-1]
        if begins and self.chance.random() < 0.3 and len(plant.old) > 1:
            back = self.chance.randrange(2, len(plant.old) + 1)
            text, at = plant.old[-back], at - timedelta(days=back - 1)
            plant.wrong = Dirt(f"the file is {back - 1} days old", lambda: None)
        elif begins:
            what = self.chance.choice(dirt.FILES)(rows, self.world, self.chance)
            text, plant.wrong = _text(rows), Dirt(what, lambda: None)
        plant.left = 1
        plant.table.write_text(text, encoding="utf-8", newline="")
        os.utime(plant.table, (at.timestamp(), at.timestamp()))

    def _run(self, plant: Plant, day: int) -> Verdict:
        """Run the product, play the person who reads what waits, and judge what was taken."""
        wrong = self._wrong_for(plant)
        # A second later each day, lest a stage of whole days be due or not by the milliseconds of a start.
        moment = self.world.company.now + timedelta(seconds=day)
        before = self._look(plant)
        if wrong is None:
            plant.deadlines.read(self.world, self.meaning, before)
        summary = self.product.sync(plant, moment)
        held = summary["exit_code"] == 3
        if held and not self._reads_wrongs(plant, before):
            for fingerprint in summary["fingerprints"].values():
                self.product.approve(plant, fingerprint, moment)
            summary = self.product.sync(plant, moment)
        after = {one.key: one.things for one in self._look(plant)}
        violations = self._too_much(plant, before, after) + self._given_wrongly(plant, before, after)
        if wrong is None:
            violations += self._too_little(plant, summary)
        taken = sum(len(one.things - after.get(one.key, frozenset())) for one in before)
        where = f"day {day}, {plant.name}, {wrong or 'nothing wrong'}"
        told = [(kind, f"{where}: {text}") for kind, text in violations]
        return Verdict(day, plant.name, wrong, summary["exit_code"], taken, told, held)

    def _look(self, plant: Plant) -> list[Account]:
        """The accounts of a plant, and whose each truly is."""
        return [self.meaning.owned(self.world, one) for one in plant.look(self.world)]

    def _wrong_for(self, plant: Plant) -> str | None:
        """What is wrong with what a plant reads: its own mistake, or one of the company that all see."""
        seen = [one.wrong for one in self.plants if one.wrong and (one is plant or one.wrong.everywhere)]
        return "; ".join(dict.fromkeys(wrong.what for wrong in seen)) or None

    def _too_much(
        self, plant: Plant, before: list[Account], after: dict[str, frozenset[str]]
    ) -> list[tuple[str, str]]:
        """Everything that was taken and may not be."""
        found = []
        said = {row["account_id"]: f"{row['rule']}: {row['reason']}" for row in _planned(plant)}
        for one in before:
            for thing in sorted(one.things - after.get(one.key, frozenset())):
                reason = why_not(self.world, self.meaning, one, thing, idle=plant.idle)
                if reason is not None:
                    plan = said.get(one.key, "nothing")
                    text = f"{one.email} lost {thing!r}, but {reason}; the plan says {plan}"
                    found.append(("taken wrongly", text))
        return found

    def _given_wrongly(
        self, plant: Plant, before: list[Account], after: dict[str, frozenset[str]]
    ) -> list[tuple[str, str]]:
        """What somebody got by a second group of a name; a table knows groups by nothing but names."""
        strangers = self.meaning.strangers if plant.table is None else set()
        return [
            ("given wrongly", f"{one.email} got {thing!r} by a second group of a name")
            for one in before
            for thing in sorted(after.get(one.key, frozenset()) - one.things)
            if one.person is not None and (one.person.number, thing) in strangers
            if thing not in self.meaning.of_person(self.world, one.person)
        ]

    def _too_little(self, plant: Plant, summary: dict[str, Any]) -> list[tuple[str, str]]:
        """What is overdue on a day without mistakes, or the error that kept the run from it."""
        if summary["exit_code"] == 1:
            return [("no run on a clean day", str(summary.get("error")))]
        if summary["exit_code"] == 3:
            return [("waits on a clean day", str(summary.get("blocked_by")))]
        late = plant.deadlines.overdue(self.world, self._look(plant))
        return [("taken too late", text) for text in late]

    def _reads_wrongs(self, plant: Plant, accounts: list[Account]) -> bool:
        """Whether a person who knows the company finds a wrong in the plan that waits."""
        known = {one.key: one for one in accounts}
        for row in _planned(plant):
            thing = row["entitlement"] if row["action"] == "revoke" else TAKES.get(row["action"])
            one = known.get(row["account_id"])
            if thing and one and why_not(self.world, self.meaning, one, thing, idle=plant.idle):
                return True
            if row["action"] in GIVES and self._is_gone(row["subject"]):
                return True
        return False

    def _is_gone(self, address: str) -> bool:
        """Whether who bore an address last has left."""
        last = self.meaning.bore.get(address.lower())
        return last is not None and last.state == DEPARTED


def _planned(plant: Plant) -> list[dict[str, str]]:
    """The rows of the plan as a person reads them."""
    if not plant.plan.exists():
        return []
    with plant.plan.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _text(rows: Table) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue()
