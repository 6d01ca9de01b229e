"""The customer's price book: read from YAML, checked, and asked which contract bills what on which day.

Two forms are read, see `dated_books` (version 1) and `contract_list` (version 2). All mistakes are shown at
once, each with its line and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from pydantic import ValidationError

from provisioning.licensing.contract import CENT, Contract, running
from provisioning.licensing.contract_list import ContractList, find_invoices_twice, find_overlaps
from provisioning.licensing.dated_books import DatedBooks, find_twice
from provisioning.model.terms import Deployment, Unit
from provisioning.policy.mistakes import mistakes
from provisioning.policy.yaml_file import Document, Mistake, PriceBookError, read

__all__ = ["PriceBook", "PriceBookError", "load"]

BY_SEATS = frozenset({Unit.USER, Unit.AGENT, Unit.UNIQUE_USER})
"""Units whose contracts bill the seats of their own product."""


@dataclass(frozen=True)
class PriceBook:
    """All contracts of a customer.

    Attributes:
        origin: name of the file, which every figure names.
        currency: what the report adds up in.
        note: what the file says of itself.
        contracts: contracts; those of one name differ by the day of their prices.
        rates: what one unit of another currency is worth in `currency`.
        exchanged_on: when the rates were looked up.
    """

    origin: str
    currency: str
    note: str | None
    contracts: tuple[Contract, ...]
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    exchanged_on: date | None = None

    @property
    def names(self) -> list[str]:
        """Names of the contracts, in the order of the book."""
        return list(dict.fromkeys(contract.name for contract in self.contracts))

    def versions(self, name: str) -> list[Contract]:
        """One contract with the prices of every day."""
        return [contract for contract in self.contracts if contract.name == name]

    def running(self, name: str, on: date) -> Contract | None:
        """The contract as it bills the period that a day lies in; None when there is none then."""
        return running(self.versions(name), on)

    def find(
        self, product: str, site: str | None, deployment: Deployment | None, on: date
    ) -> Contract | None:
        """The contract that bills the seats of a product on a site.

        Args:
            product: product.
            site: site; the contract that names it comes before one for every site.
            deployment: where the product runs; None when nothing tells.
            on: the day.
        """
        for names in self._candidates(product, site, deployment):
            for name in names:
                if (found := self.running(name, on)) is not None:
                    return found
        return None

    def convert(self, amount: Decimal, currency: str) -> Decimal:
        """An amount of a contract's currency in the book's, in cents."""
        if currency == self.currency:
            return amount
        return (amount * self.rates[currency]).quantize(CENT, ROUND_HALF_UP)

    def _candidates(
        self, product: str, site: str | None, deployment: Deployment | None
    ) -> tuple[Iterable[str], Iterable[str]]:
        own: dict[str, None] = {}
        general: dict[str, None] = {}
        for one in self.contracts:
            fits = deployment is None or one.deployment in {None, deployment}
            if one.product == product and one.unit in BY_SEATS and fits:
                if site in one.sites:
                    own[one.name] = None
                elif not one.sites:
                    general[one.name] = None
        return own, general


def load(text: str, *, origin: str, currency: str | None = None) -> PriceBook:
    """Read a price book.

    Args:
        text: the YAML document.
        origin: file name, for messages and for the report.
        currency: the currency the policy wants its report in; None takes what the book states.

    Raises:
        PriceBookError: all the mistakes, each with its line and what to do.
    """
    expected = "the price book is empty; start from config/prices.yaml"
    document = read(text, PriceBookError, origin=origin, expected=expected)
    form = ContractList if document.content.get("version") == 2 else DatedBooks
    found = [*_currency_mistakes(document, currency), *find_twice(document)]
    try:
        book = form.model_validate(document.content)
    except ValidationError as error:
        found += mistakes(document, error.errors(), form.model_json_schema())
        raise PriceBookError(origin, found) from None
    if isinstance(book, ContractList):
        found += [*find_overlaps(document, book.contracts), *find_invoices_twice(document, book.contracts)]
    if found:
        raise PriceBookError(origin, found)
    return _from_contracts(book, origin) if isinstance(book, ContractList) else _from_books(book, origin)


def _from_books(book: DatedBooks, origin: str) -> PriceBook:
    return PriceBook(origin, book.currency, book.note, tuple(book.contracts()))


def _from_contracts(book: ContractList, origin: str) -> PriceBook:
    contracts = tuple(one for entry in book.contracts for one in entry.contracts(book.currency))
    if book.exchange is None:
        return PriceBook(origin, book.currency, book.note, contracts)
    rates = {currency: rate for currency, rate in book.exchange.rates.items() if currency != book.currency}
    return PriceBook(origin, book.currency, book.note, contracts, rates, book.exchange.day)


def _currency_mistakes(document: Document, wanted: str | None) -> Iterator[Mistake]:
    """A book that adds up in another currency than the policy states for the report."""
    stated = document.content.get("currency")
    if wanted is not None and isinstance(stated, str) and stated != wanted:
        expected = f"{wanted} is expected, as report.currency of the policy says, not {stated}"
        remedy = "state the same currency in both; a book of version 2 may have contracts in other currencies"
        yield document.mistake(("currency",), expected, remedy=remedy)
