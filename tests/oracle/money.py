"""Who is paid for and what that costs, seat by seat, on any day of the simulated company.

The accounts are the sandbox's own, the contracts are those of `BOOK` in plain words: the days on which
periods begin are written down one by one, a bill is added up one seat after the other, and all money is
whole cents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor
from typing import NamedTuple

from sandbox.kit.cloud_model import ADMIN, PRODUCTS, USER
from sandbox.kit.cloud_state import Account, Organisation
from sandbox.kit.world import World

CLOUD, SERVERS = "cloud", "data_center"
JIRA, CONFLUENCE, JSM = "jira-software", "confluence", "jira-servicedesk"

BOOK = """\
version: 2
currency: USD
exchange: {day: 2026-11-01, rates: {EUR: 1.0837}}
contracts:
  - {name: Jira, product: jira-software, term: monthly, renews_on: 2026-01-12, prices: [
       {from: 2026-01-01, bands: [{up_to: 10, flat: 80}, {up_to: 18, each: 8.00}, {each: 7.00}]},
       {from: 2026-12-20, bands: [{up_to: 10, flat: 88}, {up_to: 18, each: 8.80}, {each: 7.77}]}]}
  - {name: Confluence, product: confluence, term: monthly, renews_on: 2026-01-31, currency: EUR,
     discount: 7%, tax: 19%, minimum: 25,
     prices: [{from: 2026-01-01, bands: [{up_to: 26, each: 5.55}, {each: 4.95}]}]}
  - {name: Service desk, product: jira-servicedesk, per: agent, term: annual, renews_on: 2026-01-05,
     bought: 3, prices: [
    {from: 2025-01-01, tiers: [{up_to: 3, price: 900}, {up_to: 5, price: 1400}, {up_to: 50, price: 7000}]},
    {from: 2027-01-01, tiers: [{up_to: 3, price: 1000}, {up_to: 5, price: 1555}, {up_to: 50, price: 7500}]}]}
  - {name: Jira servers, product: jira-software, deployment: data_center, term: annual,
     renews_on: 2026-12-31, bought: 17, prices: [
    {from: 2025-01-01, tiers: [{up_to: 17, price: 2000}, {up_to: 21, price: 2600}, {up_to: 99, price: 9000}]},
    {from: 2026-12-01, tiers: [{up_to: 17, price: 2200}, {up_to: 21, price: 2861}, {up_to: 99, price: 9900}]}
    ]}
  - {name: Timesheets, product: app-timesheets, per: host, hosts: [jira-software, jira-servicedesk],
     sites: [acme], term: monthly, renews_on: 2026-01-12, minimum: 11,
     prices: [{from: 2026-01-01, bands: [{up_to: 20, each: 1.10}, {each: 1.00}]}]}
  - {name: Guard, product: guard, per: managed_account, exempt: [jira-servicedesk], term: monthly,
     renews_on: 2026-01-01, prices: [{from: 2026-01-01, bands: [{each: 4.00}]}]}
  - {name: Compass, product: compass, per: unique_user, term: annual, renews_on: 2026-10-01, bought: 12,
     prices: [{from: 2026-01-01, tiers: [{up_to: 50, price: 2401}]}]}
"""
"""The price book that the product is given; `DEALS` says the same in the oracle's own words."""


class Seat(NamedTuple):
    """A seat somebody is paid for: where, of what, and whose account."""

    deployment: str
    product: str
    holder: str


def paid_seats(world: World) -> set[Seat]:
    """The seats that are billed as the company is now; the server's people of Service Management included."""
    found = set()
    org: Organisation = world.held["atlassian"]
    for account in org.accounts:
        for resource, product in PRODUCTS.items():
            if _works(account) and _opens(org, account, resource):
                found.add(Seat(CLOUD, product.key, account.account_id))
    server = world.held["jira"]
    for one in server.accounts.values():
        for group in one.groups:
            for product_key in server.groups[group].opens:
                if one.active:
                    found.add(Seat(SERVERS, product_key, one.key))
        for product_key in one.direct:
            if one.active:
                found.add(Seat(SERVERS, product_key, one.key))
    return found


def _works(account: Account) -> bool:
    in_use = account.status == "active" and account.membership == "active" and not account.deletion_from
    return account.kind == "atlassian" and in_use


def _opens(org: Organisation, account: Account, resource: str) -> bool:
    """Whether a role that is billed opens the product to the account, by itself or by one of its groups."""
    ways = [account.direct.get(resource, set())]
    ways += [org.groups[group_id].roles.get(resource, set()) for group_id in account.groups]
    return any(USER in roles or ADMIN in roles for roles in ways)


@dataclass(frozen=True)
class Deal:
    """One contract.

    Attributes:
        name: as the book calls it.
        begins: first days of its periods, from before the first day of the company on.
        counts: how many are counted.
        bills: first day of a list and what a period of so many costs by it, in cents; in order.
        least: billed for at least so many.
        off: taken off, in percent.
        year: whether a period is a year.
        rate: what one unit of its currency is worth.
    """

    name: str
    begins: tuple[str, ...]
    counts: Callable[[set[Seat]], int]
    bills: tuple[tuple[str, Callable[[int], Fraction]], ...]
    least: int = 0
    off: int = 0
    year: bool = False
    rate: str = "1"

    def cents(self, seats: set[Seat], day: date) -> int:
        """What it costs a month on a day."""
        begun = max(first for first in self.begins if date.fromisoformat(first) <= day)
        bill = [bill for since, bill in self.bills if since <= begun][-1]
        period = half_up(bill(max(self.counts(seats), self.least)))
        period -= half_up(Fraction(period * self.off, 100))
        month = half_up(Fraction(period, 12)) if self.year else period
        return half_up(month * Fraction(self.rate))


def half_up(amount: Fraction) -> int:
    """Whole cents; half a cent counts as one."""
    return floor(amount + Fraction(1, 2))


def of(deployment: str, product: str) -> Callable[[set[Seat]], int]:
    """Counts the seats of a product."""
    return lambda seats: sum(1 for one in seats if (one.deployment, one.product) == (deployment, product))


def largest_host(seats: set[Seat]) -> int:
    """Counts the larger of the two products an app runs in."""
    return max(of(CLOUD, JIRA)(seats), of(CLOUD, JSM)(seats))


def guarded(seats: set[Seat]) -> int:
    """Counts everybody in the cloud but those who serve customers."""
    cloud = [one for one in seats if one.deployment == CLOUD]
    return len({one.holder for one in cloud} - {one.holder for one in cloud if one.product == JSM})


def each(*rates: tuple[int, int], flat: tuple[int, int] = (0, 0)) -> Callable[[int], Fraction]:
    """A bill added up seat by seat: the first `flat` ones together, then each by the rate of its number."""

    def bill(count: int) -> Fraction:
        cents = flat[1] if count else 0
        for number in range(flat[0] + 1, count + 1):
            cents += next(rate for last, rate in rates if number <= last)
        return Fraction(cents)

    return bill


def package(*tiers: tuple[int, int]) -> Callable[[int], Fraction]:
    """A bill that is the price of the smallest package all fit into, in dollars."""
    return lambda count: Fraction(
        next((price for last, price in tiers if count <= last)) * 100 if count else 0
    )


MANY = 10**6
TWELFTHS = ("2026-11-12", "2026-12-12", "2027-01-12", "2027-02-12", "2027-03-12")
DEALS = (
    Deal("Jira", TWELFTHS, of(CLOUD, JIRA), (
        ("2026-01-01", each((18, 800), (MANY, 700), flat=(10, 8000))),
        ("2026-12-20", each((18, 880), (MANY, 777), flat=(10, 8800))),
    )),
    Deal("Confluence", ("2026-10-31", "2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"),
         of(CLOUD, CONFLUENCE), (("2026-01-01", each((26, 555), (MANY, 495))),),
         least=25, off=7, rate="1.0837"),
    Deal("Service desk", ("2026-01-05", "2027-01-05"), of(CLOUD, JSM), (
        ("2025-01-01", package((3, 900), (5, 1400), (50, 7000))),
        ("2027-01-01", package((3, 1000), (5, 1555), (50, 7500))),
    ), least=3, year=True),
    Deal("Jira servers", ("2025-12-31", "2026-12-31"), of(SERVERS, JIRA), (
        ("2025-01-01", package((17, 2000), (21, 2600), (99, 9000))),
        ("2026-12-01", package((17, 2200), (21, 2861), (99, 9900))),
    ), least=17, year=True),
    Deal("Timesheets", TWELFTHS, largest_host, (("2026-01-01", each((20, 110), (MANY, 100))),), least=11),
    Deal("Guard", ("2026-11-01", "2026-12-01", "2027-01-01", "2027-02-01", "2027-03-01"), guarded,
         (("2026-01-01", each((MANY, 400))),)),
    Deal("Compass", ("2026-10-01",), lambda _seats: 0, (("2026-01-01", package((50, 2401))),),
         least=12, year=True),
)  # fmt: skip


def cents_a_month(seats: Iterable[Seat], day: date) -> dict[str, int]:
    """What each contract costs a month on a day, in cents."""
    held = set(seats)
    return {deal.name: deal.cents(held, day) for deal in DEALS}
