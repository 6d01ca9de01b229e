"""A company for the examples of money: so many seats of a product, some of them idle, and a price book."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pandas as pd

from provisioning.licensing import price_book
from provisioning.licensing.assess import Assessment, Terms, assess
from provisioning.licensing.lanes import Waits
from provisioning.model import frames
from provisioning.model.snapshots import SourceSnapshot, TargetSnapshot
from provisioning.model.terms import Deployment

TODAY = date(2026, 11, 29)
NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
WAITS = Waits(timedelta(days=60))


class Company:
    """Whole reads of one HR file and any number of targets."""

    def __init__(self) -> None:
        self.people: dict[str, dict] = {}
        self.accounts: dict[tuple[str, str], dict] = {}
        self.seats: list[dict] = []
        self.bought: list[dict] = []
        self.runs: dict[str, Deployment] = {}
        self.known: dict[str, datetime] = {}

    def hold(
        self, product, count, who="p", *, site="acme", last=1, target="cloud", state="active", **more
    ) -> Company:
        """So many people, `who` and a number, hold a seat last used so many days ago; None is never."""
        self.runs.setdefault(target, Deployment.CLOUD)
        for n in range(count):
            name = f"{who}{n}"
            self.people.setdefault(
                name,
                {"source": "hr", "source_id": name, "state": state, "email": f"{name}@acme.test",
                 "display_name": name, "department": more.get("department", "Engineering")},
            )  # fmt: skip
            self.accounts.setdefault((target, name), {
                "target": target, "account_id": name, "state": "active", "kind": "person", "caller": False,
                "display_name": name, "email": f"{name}@acme.test", "added_on": NOW - timedelta(days=900),
            })  # fmt: skip
            used = "never" if last is None else "used"
            self.seats.append(
                {"target": target, "account_id": name, "product": product, "site": site,
                 "activity": more.get("activity", used), "billable": more.get("billable", True),
                 "granted_by": more.get("granted_by"),
                 "last_active": None if last is None else NOW - timedelta(days=last)}
            )  # fmt: skip
        return self

    def tell(self, product, seats, *, site="acme", target="cloud") -> Company:
        """What a target says of how many seats there are."""
        self.bought.append({"target": target, "product": product, "site": site, "seats": seats})
        return self

    def on_servers(self, target) -> Company:
        """A target of Data Center."""
        self.runs[target] = Deployment.DATA_CENTER
        return self

    def as_of(self, target, when) -> Company:
        """The moment a target's facts are of."""
        self.known[target] = when
        return self

    def assess(self, book=None, *, now=NOW, **more) -> Assessment:
        """Everything put together by a price book, as text or as read."""
        if isinstance(book, str):
            book = price_book.load(book, origin="prices.yaml")
        terms = Terms(now, WAITS, deployments=self.runs, **more)
        return assess([self.source()], self.targets(), self.links(), book, terms)

    def source(self) -> SourceSnapshot:
        """The HR file."""
        people = _frame(frames.Identities, list(self.people.values()))
        return SourceSnapshot("hr", NOW, True, people, frames.empty(frames.Memberships))

    def targets(self) -> list[TargetSnapshot]:
        """The targets."""
        return [self._target(name) for name in self.runs]

    def links(self) -> pd.DataFrame:
        """Everybody's account is linked."""
        rows = [
            {"target": target, "account_id": name, "source": "hr", "source_id": name, "rule": "email"}
            for target, name in self.accounts
            if name in self.people
        ]
        return _frame(frames.Links, rows)

    def _target(self, name) -> TargetSnapshot:
        def mine(rows):
            return [row for row in rows if row["target"] == name]

        return TargetSnapshot(
            name,
            NOW,
            True,
            _frame(frames.Accounts, mine(self.accounts.values())),
            frames.empty(frames.Assignments),
            frames.empty(frames.Entitlements),
            seats=_frame(frames.Seats, mine(self.seats)),
            capacity=_frame(frames.Capacity, mine(self.bought)),
            as_of=self.known.get(name),
        )


def book(*contracts: str, currency="USD", head="") -> str:
    """A price book of the second form."""
    listed = "\n".join(f"  - {contract}" for contract in contracts)
    return f"version: 2\ncurrency: {currency}\n{head}\ncontracts:\n{listed}\n"


def cost(found: Assessment) -> Decimal:
    """What all charges cost a month, in their own currency."""
    return sum((charge.cost for charge in found.charges), Decimal(0))


def saved(found: Assessment) -> tuple[Decimal, Decimal]:
    """What the ready seats save a month from the next cycle, and at renewals."""
    return tuple(
        sum((amount for amount in found.waste[name].dropna()), Decimal(0))
        for name in ("monthly", "at_renewal")
    )


def _frame(model, rows):
    return frames.complete(model, pd.DataFrame(rows)) if rows else frames.empty(model)
