"""The second form of a price book: contracts.

    version: 2
    currency: USD                          # what the report adds up in
    exchange: {day: 2026-11-01, rates: {EUR: 1.08}}     # what one unit of another currency is worth
    contracts:
      - name: Jira Cloud 2026
        product: jira-software
        sites: [acme]                      # left out: every site without a contract of its own
        term: monthly
        renews_on: 2026-01-12              # a day on which a period starts
        billed: 120                        # billed in the running period, as the invoice says
        discount: 5%
        tax: 19%
        prices:
          - from: 2026-01-01
            bands: [{up_to: 100, each: 8.40}, {each: 7.90}]

docs/licences.md explains every key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from provisioning.licensing.contract import Adjustment, Contract, Invoice, Line
from provisioning.licensing.price_list import (
    Band,
    Money,
    Seats,
    Tier,
    Written,
    band_lines,
    check_bands,
    check_tiers,
    tier_lines,
)
from provisioning.model.terms import Billing, Deployment, Unit
from provisioning.model.text import fold
from provisioning.policy.yaml_file import Document, Mistake

Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["USD"])]


def _percent(value: Any) -> Decimal:
    text = str(value).strip()
    try:
        found = Decimal(text.removesuffix("%").strip())
    except ArithmeticError:
        found = Decimal(-1)
    if not text.endswith("%") or not 0 <= found <= 100:
        raise PydanticCustomError("percent", "a percentage is expected, such as 5% or 19%")
    return found


Percent = Annotated[Decimal, BeforeValidator(_percent)]


class PriceList(Written):
    """What is agreed from a day on: `bands` for each seat, or `tiers` of seats."""

    valid_from: date = Field(alias="from", examples=["2026-01-01"])
    bands: list[Band] = Field([])
    small_team: Tier | None = None
    tiers: list[Tier] = Field([])

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.bands) == bool(self.tiers):
            raise ValueError("either `bands` (a price for each seat) or `tiers` (packages) is expected")
        if self.bands:
            check_bands(self.bands, self.small_team)
        else:
            check_tiers(self.tiers)
        return self

    def lines(self) -> Iterator[Line]:
        """The price list as lines."""
        return band_lines(self.bands, self.small_team) if self.bands else tier_lines(self.tiers)


class InvoiceLine(Written):
    """An invoice as it came."""

    period: date
    net: Money
    seats: Seats | None = None
    tax: Money | None = None
    number: str | None = None


class ContractEntry(Written):
    """One contract on one product."""

    name: str
    product: str = Field(examples=["jira-software"])
    term: Literal["monthly", "annual"]
    prices: list[PriceList] = Field(min_length=1)
    deployment: Literal["cloud", "data_center"] = "cloud"
    edition: str | None = None
    sites: list[str] = Field([])
    per: Literal["user", "agent", "unique_user", "managed_account", "host"] = "user"
    hosts: list[str] = Field([])
    exempt: list[str] = Field([])
    renews_on: date | None = None
    bought: Seats | None = None
    billed: Seats | None = None
    minimum: Annotated[int, Field(ge=0)] = 0
    discount: Percent | None = None
    credit: Money | None = None
    tax: Percent | None = None
    currency: Currency | None = None
    source: str | None = None
    publisher: str = "Atlassian"
    invoices: list[InvoiceLine] = Field([])

    @model_validator(mode="after")
    def _host_named(self) -> Self:
        if self.per == "host" and not self.hosts:
            raise ValueError("an app needs `hosts`: the products whose largest count on the site it follows")
        days = [prices.valid_from for prices in self.prices]
        if len(set(days)) < len(days):
            raise ValueError("two of `prices` begin on the same day: join them or correct one date")
        return self

    def contracts(self, currency: str) -> Iterator[Contract]:
        """One contract for each list of prices."""
        for prices in self.prices:
            yield Contract(
                name=self.name,
                product=self.product,
                billing=self._billing,
                currency=self.currency or currency,
                lines=tuple(prices.lines()),
                valid_from=prices.valid_from,
                renews_on=self.renews_on,
                sites=frozenset(self.sites),
                deployment=Deployment(self.deployment),
                unit=Unit(self.per),
                hosts=frozenset(self.hosts),
                exempt=frozenset(self.exempt),
                bought=self.bought,
                billed=self.billed,
                minimum=self.minimum,
                adjustments=tuple(self._adjustments()),
                edition=self.edition,
                source=self.source,
                publisher=self.publisher,
                invoices=tuple(Invoice(**line.model_dump()) for line in self.invoices),
            )

    @property
    def _billing(self) -> Billing:
        if self.term == "monthly":
            return Billing.MONTHLY
        return Billing.ANNUAL if self.deployment == "cloud" else Billing.DATA_CENTER

    def _adjustments(self) -> Iterator[Adjustment]:
        for kind in ("discount", "credit", "tax"):
            if (amount := getattr(self, kind)) is not None:
                yield Adjustment(kind, amount)


class Exchange(Written):
    """What one unit of each other currency is worth in the book's, and when that was looked up."""

    day: date
    rates: dict[Currency, Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]]


class ContractList(Written):
    """The whole file."""

    version: Literal[2] = Field(examples=[2])
    currency: Currency
    note: str | None = None
    exchange: Exchange | None = None
    contracts: list[ContractEntry] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_once(self) -> Self:
        names = [entry.name for entry in self.contracts]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two contracts are called {twice[0]!r}; give each a name of its own")
        return self

    @model_validator(mode="after")
    def _rates_known(self) -> Self:
        known = {self.currency, *(self.exchange.rates if self.exchange else ())}
        for entry in self.contracts:
            if entry.currency is not None and entry.currency not in known:
                raise ValueError(
                    f"{entry.name!r} is in {entry.currency}; say under `exchange` what one "
                    f"{entry.currency} is in {self.currency}, and of which day that is"
                )
        return self


def find_overlaps(document: Document, entries: Sequence[ContractEntry]) -> Iterator[Mistake]:
    """Contracts that count the same seats: they would be billed twice, or by whichever comes first."""
    for number, entry in enumerate(entries):
        for other in entries[:number]:
            if (where := _counted_by_both(other, entry)) is not None:
                yield document.mistake(
                    ("contracts", number, "product"),
                    f"{other.name!r} and {entry.name!r} both count {entry.product} on {where}",
                    remedy="give one of them `sites` that the other leaves to it, or make them one contract "
                    "whose `prices` begin on different days",
                )


def find_invoices_twice(document: Document, entries: Sequence[ContractEntry]) -> Iterator[Mistake]:
    """Invoices of one contract with the same number: they would be paid for, and compared, twice."""
    for contract, entry in enumerate(entries):
        seen: dict[str, int] = {}
        for number, invoice in enumerate(entry.invoices):
            if not (known := fold(invoice.number or "")):
                continue
            first = seen.setdefault(known, number)
            if first != number:
                here, there = (("contracts", contract, "invoices", n, "number") for n in (number, first))
                yield document.mistake(
                    here,
                    f"the invoice {invoice.number} of {entry.name!r} stands here again: it is "
                    f"invoices[{first}] on line {document.line(there)} already",
                    remedy="leave out one of the two, or correct its number",
                )


def _counted_by_both(one: ContractEntry, other: ContractEntry) -> str | None:
    """Where two contracts count the same product; None where each has a scope of its own."""
    if (one.product, one.deployment) != (other.product, other.deployment):
        return None
    if one.per == other.per == "managed_account":
        # Guard looks at everybody in the cloud; only who is exempt tells two contracts apart.
        return "all sites" if set(one.exempt) == set(other.exempt) else None
    if not one.sites and not other.sites:
        return "every site"
    return ", ".join(sorted({*one.sites} & {*other.sites})) or None
