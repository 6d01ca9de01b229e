"""The first form of a price book: dated books of products.

    version: 1
    currency: USD
    books:
      - valid_from: 2026-01-01
        products:
          jira-software:
            billing: monthly
            renews_on: 2026-01-15                # a day on which a billing period starts
            small_team: {up_to: 10, price: 0}    # the whole price, up to so many seats
            bands:                               # beyond it each seat pays the rate of its own band
              - {up_to: 100, each: 9.05}
              - {each: 8.15}
            sites:
              acme-labs:                         # another contract for one site
                billing: annual
                tiers: [{up_to: 25, price: 2050}]

A newer book counts alone: what it leaves out ends with the period that is running.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from provisioning.licensing.contract import Contract, Line
from provisioning.licensing.price_list import (
    Band,
    Tier,
    Written,
    band_lines,
    check_bands,
    check_tiers,
    tier_lines,
)
from provisioning.model.terms import Billing, Deployment
from provisioning.policy.yaml_file import Document, Mistake

ON_SERVERS = ("-dc", "-data-center")
"""How the key of a product on own servers may end."""


class _Monthly(Written):
    billing: Literal["monthly"]
    bands: list[Band] = Field(min_length=1, examples=[[{"up_to": 100, "each": 8.4}, {"each": 7.9}]])
    small_team: Tier | None = None
    renews_on: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_bands(self.bands, self.small_team)
        return self

    def lines(self) -> Iterator[Line]:
        return band_lines(self.bands, self.small_team)


class _Yearly(Written):
    billing: Literal["annual", "data_center"]
    tiers: list[Tier] = Field(min_length=1, examples=[[{"up_to": 25, "price": 2000}]])
    renews_on: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        check_tiers(self.tiers)
        return self

    def lines(self) -> Iterator[Line]:
        return tier_lines(self.tiers)


SiteTerms = Annotated[_Monthly | _Yearly, Field(discriminator="billing")]


class MonthlyTerms(_Monthly):
    """A product billed every month for the seats held, with contracts of single sites."""

    sites: dict[str, SiteTerms] = Field({})


class YearlyTerms(_Yearly):
    """A product paid a year ahead in tiers, with contracts of single sites."""

    sites: dict[str, SiteTerms] = Field({})


class Book(Written):
    """All prices from one day on."""

    valid_from: date = Field(examples=["2026-01-01"])
    products: dict[str, Annotated[MonthlyTerms | YearlyTerms, Field(discriminator="billing")]]


class DatedBooks(Written):
    """The whole file."""

    version: Literal[1] = Field(examples=[1])
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["USD"])]
    note: str | None = None
    books: list[Book] = Field(min_length=1)

    def contracts(self) -> Iterator[Contract]:
        """One contract for each book, product and site with terms of its own."""
        dated = sorted(self.books, key=lambda book: book.valid_from)
        listed = [dict(_terms(book)) for book in dated]
        for number, (book, terms) in enumerate(zip(dated, listed, strict=True)):
            for (product, site), agreed in terms.items():
                later = zip(dated[number + 1 :], listed[number + 1 :], strict=True)
                left_out = (other.valid_from for other, names in later if (product, site) not in names)
                yield self._contract(product, site, agreed, book.valid_from, next(left_out, None))

    def _contract(
        self, product: str, site: str | None, agreed: _Monthly | _Yearly, first: date, until: date | None
    ) -> Contract:
        plain = product
        for ending in ON_SERVERS:
            plain = plain.removesuffix(ending)
        return Contract(
            name=product if site is None else f"{product} on {site}",
            product=plain,
            billing=Billing(agreed.billing),
            currency=self.currency,
            lines=tuple(agreed.lines()),
            valid_from=first,
            valid_until=until,
            renews_on=agreed.renews_on,
            sites=frozenset() if site is None else frozenset({site}),
            deployment=_deployment(agreed.billing, site, on_servers=plain != product),
        )


def find_twice(document: Document) -> Iterator[Mistake]:
    """Books that begin on the same day: which of them counts is nowhere said."""
    books = document.content.get("books")
    seen: set[str] = set()
    for number in range(len(books) if isinstance(books, list) else 0):
        day = document.value(("books", number, "valid_from"))
        if day is not None and str(day) in seen:
            expected = f"two books have the same `valid_from`, {day}"
            remedy = "join them or correct one date"
            yield document.mistake(("books", number, "valid_from"), expected, remedy=remedy)
        seen.add(str(day))


def _terms(book: Book) -> Iterator[tuple[tuple[str, str | None], _Monthly | _Yearly]]:
    for product, terms in book.products.items():
        yield (product, None), terms
        for site, agreed in terms.sites.items():
            yield (product, site), agreed


def _deployment(billing: str, site: str | None, *, on_servers: bool) -> Deployment | None:
    """A named site says where it runs; else only Cloud is billed a month or in Cloud's yearly tiers."""
    if on_servers:
        return Deployment.DATA_CENTER
    if site is not None or billing == Billing.DATA_CENTER:
        return None
    return Deployment.CLOUD
