"""`python -m tests.soak [--days 30] [--only services]`: days of a living server under the oracle.

A Prefect server, a worker and schedules keep two policies in step with a simulated company that lives a day
between two runs, makes mistakes, and has services that fail. The worker is killed three times, or once in a
short life, the server started again once, syncs are started by hand meanwhile. Ends with exit code 1 if the
oracle finds something wrong, a run is left that never ends, or the server and the ledger say different things
of a run.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sandbox import policy
from sandbox.running import Running
from tasks.session import open_session
from tests.chaos.company import PEOPLE, found, read_from_file
from tests.chaos.database import postgres
from tests.oracle import truth
from tests.oracle.life import Life, Plant, Verdict
from tests.soak.agreement import Said, compare, table
from tests.soak.house import House
from tests.soak.product import Scheduled, Trouble

SERVICES, FILES = "services", "files"
KILLS = (1 / 4, 1 / 2, 3 / 4)
"""Parts of the time at which the worker is killed; every second time with all it runs."""
SHORT = 10
"""Days below which it is killed once and alone: it takes minutes until the server gives up a run."""


class Days(NamedTuple):
    """What came of them."""

    verdicts: list[Verdict]
    said: list[Said]
    happened: list[str]
    leaked: list[str]

    @property
    def violations(self) -> list[str]:
        """What must not be, each with what shows it."""
        wrong = [f"{kind}: {text}" for one in self.verdicts for kind, text in one.violations]
        wrong += [f"never ended: {one.name} is {one.state}" for one in self.said if one.zombie]
        wrong += [f"leaked: the server shows the secret {name}" for name in self.leaked]
        return wrong + [
            f"differ: {one.name} is {one.state} at the server and {one.verdict} in the ledger"
            for one in self.said
            if not one.agrees and not one.zombie
        ]


def main() -> None:
    """Live through the days that were asked for, and say what came of them."""
    asked, started = _arguments(), time.monotonic()
    # Told to end, it begins no further day, and judges those there were.
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    with tempfile.TemporaryDirectory(prefix="seatwise-soak-") as folder:
        days = live(Path(folder), asked.days, asked.seed, asked.interval, asked.only, told)
    held = sum(one.held for one in days.verdicts)
    lived, plants = max(one.day for one in days.verdicts), {one.plant for one in days.verdicts}
    print(table(days.said))
    print(
        f"\n{lived} days of {len(plants)} policies, seed {asked.seed}, "
        f"{time.monotonic() - started:.0f} s: {len(days.said)} runs, "
        f"{sum(one.taken for one in days.verdicts)} things taken, {held} times a person was asked, "
        f"{sum(one.wrong is not None for one in days.verdicts)} days with mistakes"
    )
    print("\n".join([*days.happened, f"{len(days.violations)} violations", *days.violations]))
    sys.exit(1 if days.violations else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, usual, text in (
        ("days", 30, "days to live through"),
        ("seed", 1, "which company and which mistakes"),
        ("interval", 20, "seconds between two runs of a schedule"),
    ):
        parser.add_argument(f"--{name}", type=int, default=usual, help=f"{text} ({usual})")
    parser.add_argument("--only", default="", help="the policy whose name holds this: services or files")
    return parser.parse_args()


def live(folder: Path, days: int, seed: int, interval: int, only: str, told: threading.Event) -> Days:
    """Live through so many days; nothing is left running.

    Args:
        folder: for everything that is written.
        days: how many.
        seed: decides everything random.
        interval: seconds between two runs of a schedule.
        only: the policy whose name holds this; every policy for none.
        told: set when no further day may begin.
    """
    with ExitStack() as running:
        database = running.enter_context(postgres())
        database.copy("", "seatwise")
        company = running.enter_context(Running(people=PEOPLE, seed=seed))
        found(company.world)
        home = folder / "home"
        plants = [one for one in _plants(home, company.url, database.url) if only in one.name]
        with open_session(plants[0].folder / f"{plants[0].name}.yaml"):
            pass  # The ledger is laid out before anybody looks into it.
        house = House(folder, home)
        product = Scheduled(house, database, company.world, seed)
        product.troubles = _troubles(product, days)
        running.enter_context(house.living(interval, [plant.name for plant in plants]))
        life = Life(company.world, plants, product, seed).days(days)
        verdicts = []
        for one in _judged(life, product, plants):
            verdicts.append(one)
            if told.is_set():
                break
        house.finish()
        said = compare(house.runs(), product.verdicts())
        return Days(verdicts, said, product.happened, house.leaked(policy.SECRETS))


def _plants(home: Path, base: str, ledger: str) -> list[Plant]:
    """Okta and the organisation by their interfaces; a table and a Data Center installation; one ledger."""
    folder = home / "policies"
    for name, target in ((SERVICES, "acme-cloud"), (FILES, "legacy-jira")):
        path = policy.write(folder, base, PEOPLE, targets=[target])
        path.write_text(path.read_text().replace("sqlite:///seatwise.db", f"'{ledger}'"))
        path.rename(folder / f"{name}.yaml")
    read_from_file(folder / f"{FILES}.yaml")
    shown = {name: home / "out" / name / "latest" / "plan.csv" for name in (SERVICES, FILES)}
    return [
        Plant(SERVICES, folder, shown[SERVICES], truth.cloud, idle=True),
        Plant(FILES, folder, shown[FILES], truth.jira, idle=False, table=folder / "people.csv"),
    ]


def _troubles(product: Scheduled, days: int) -> dict[int, list[Trouble]]:
    """What befalls the first policy on which day."""
    found: dict[int, list[Trouble]] = defaultdict(list)
    kills = [(part, nth % 2 == 0) for nth, part in enumerate(KILLS)] if days >= SHORT else [(1, False)]
    for part, with_runs in kills:
        found[max(1, round(part * days))].append(partial(product.kill, with_runs=with_runs))
    found[max(1, round(days / 3))].append(product.by_hand)
    found[max(1, round(days * 2 / 3))].append(product.restart)
    return found


def _judged(days: Iterator[Verdict], product: Scheduled, plants: list[Plant]) -> Iterator[Verdict]:
    """Each day's verdict, printed; what a person would not approve is rejected before the next."""
    started = time.monotonic()
    for one in days:
        (plant,) = [each for each in plants if each.name == one.plant]
        rejected = product.reject_what_waits(plant)
        said = compare(product.house.runs("COMPLETED", "FAILED", "CANCELLED", "CRASHED"), product.verdicts())
        differ = [f"{each.state} is {each.verdict}" for each in said if not each.agrees]
        print(
            f"{time.monotonic() - started:5.0f} s  day {one.day:>2} {one.plant:<8} exit {one.exit_code}, "
            f"{one.taken} taken{', a person was asked' * one.held}{', rejected' * bool(rejected)}; "
            f"{one.wrong or 'nothing wrong'}; {[kind for kind, _ in one.violations] or 'no violation'}"
            f"{f'; DIFFER: {differ}' * bool(differ)}",
            flush=True,
        )
        yield one


if __name__ == "__main__":
    main()
