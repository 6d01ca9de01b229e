"""A seeded company with seats of every kind, for the reports."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd

from ledger import Ledger
from provisioning.licensing import prices
from provisioning.licensing.assess import Terms, assess
from provisioning.licensing.departed import find_departed
from provisioning.licensing.facts import state_facts
from provisioning.licensing.lanes import Waits
from provisioning.model import frames
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from reports import licences
from reports.over_time import MEANINGS, look_back

NOW = datetime(2026, 9, 14, 7, 30, tzinfo=UTC)
PRODUCTS = [("jira-software", "acme", 0.9), ("confluence", "acme", 0.7), ("jira-servicedesk", "acme", 0.12)]
DEPARTMENTS = ["Engineering", "Support", "Sales", "Finance", "Marketing", "Legal", "People", "Operations"]
FIRST = ["Ada", "Alan", "Grace", "Linus", "Edsger", "Barbara", "Donald", "Radia", "Ken", "Margaret"]
LAST = ["Byron", "Turing", "Hopper", "Torvalds", "Dijkstra", "Liskov", "Knuth", "Perlman", "Thompson"]


def company(people: int, seed: int = 1) -> tuple[SourceSnapshot, TargetSnapshot, pd.DataFrame]:
    """One source, one target and their links."""
    chance = random.Random(seed)
    identities, accounts, seats = [], [], []
    for n in range(people):
        name = f"{FIRST[n % len(FIRST)]} {LAST[n % len(LAST)]} {n}"
        state = chance.choices(["active", "departed", "suspended"], [90, 7, 3])[0]
        orphan = chance.random() < 0.03
        if not orphan:
            identities.append(_identity(n, name, state, chance))
        accounts.append(_account(n, name, chance))
        seats += [
            _seat(n, product, site, chance) for product, site, share in PRODUCTS if chance.random() < share
        ]
    linked = [row["source_id"] for row in identities]
    links = pd.DataFrame({"source_id": linked}).assign(source="okta-main", target="acme-cloud", rule="email")
    links["account_id"] = "a" + links["source_id"].str[1:]
    return _source(identities), _target(accounts, seats, people), frames.complete(frames.Links, links)


def _identity(n, name, state, chance):
    gone = NOW - timedelta(days=chance.randint(1, 200))
    return {
        "source_id": f"u{n:06}",
        "state": state,
        "display_name": name,
        "email": f"person{n}@acme.test",
        "department": chance.choices(DEPARTMENTS, [40, 14, 14, 6, 8, 3, 4, 11])[0],
        "cost_center": f"CC-{chance.randint(1, 12):03}",
        "manager": f"{chance.choice(FIRST)} {chance.choice(LAST)}",
        "leaves_on": gone if state == "departed" else None,
    }


def _account(n, name, chance):
    return {
        "account_id": f"a{n:06}",
        "state": "active",
        "kind": "person",
        "caller": False,
        "display_name": name,
        "email": f"person{n}@acme.test",
        "added_on": NOW - timedelta(days=chance.randint(5, 900)),
    }


def _seat(n, product, site, chance):
    activity = chance.choices(["used", "never", "unknown"], [86, 6, 8])[0]
    return {
        "account_id": f"a{n:06}",
        "product": product,
        "site": site,
        "activity": activity,
        "last_active": NOW - timedelta(days=min(3000, int(chance.paretovariate(0.75))))
        if activity == "used"
        else None,
        "billable": True,
        "granted_by": f"{product}-users",
    }


def _source(identities):
    frame = frames.complete(frames.Identities, pd.DataFrame(identities).assign(source="okta-main"))
    none = frames.empty(frames.Memberships)
    return SourceSnapshot("okta-main", NOW - timedelta(minutes=12), True, frame, none)


def _target(accounts, seats, people):
    bought = pd.DataFrame({"product": ["jira-servicedesk"], "site": ["acme"], "seats": [people // 4]})
    return TargetSnapshot(
        "acme-cloud",
        NOW - timedelta(minutes=9),
        True,
        frames.complete(frames.Accounts, pd.DataFrame(accounts).assign(target="acme-cloud")),
        frames.empty(frames.Assignments),
        frames.empty(frames.Entitlements),
        seats=frames.complete(frames.Seats, pd.DataFrame(seats).assign(target="acme-cloud")),
        capacity=frames.complete(frames.Capacity, bought.assign(target="acme-cloud")),
    )


def example_prices() -> prices.PriceBook:
    """The example price book."""
    path = Path(__file__).resolve().parents[2] / "config" / "prices.yaml"
    return prices.load(path.read_text(encoding="utf-8"), origin=path.name)


def made(people: int, *, money: bool = True, **more) -> licences.Report:
    """The report of a company."""
    source, target, links = company(people)
    book = example_prices() if money else None
    return licences.build(
        [source], [target], links, book, licences.Terms(NOW, Waits(timedelta(days=60)), **more)
    )


def with_history(report: licences.Report, people: int, folder: Path) -> licences.Report:
    """The report of a company that had 16 people fewer eight months ago and grew by two every month."""
    book, terms = example_prices(), Terms(NOW, Waits(timedelta(days=60)))
    with Ledger.open(f"sqlite:///{folder / 'seatwise.db'}", folder=folder / "snapshots") as ledger:
        run = ledger.start_run("sync", NOW, policy="p")
        for months in range(8, -1, -1):
            day = NOW - timedelta(days=30 * months)
            source, target, links = company(people - 2 * months)
            facts = state_facts(assess([source], [target], links, book, terms), [source], book)
            ledger.keep_facts(facts, day.date(), at=day, run_id=run)
        departed = find_departed([source], [target], links, {"acme-cloud": ledger.leavers("acme-cloud")}, NOW)
        told = look_back(ledger.seat_history(), departed, report.assessment, book, NOW.date())
    return replace(report, over_time=told, definitions=[*report.definitions, *MEANINGS])
