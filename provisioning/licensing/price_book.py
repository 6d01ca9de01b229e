"""The customer's price book: dated prices in YAML, checked, as a Prices frame.

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

Of several books the newest that is in force on a day counts, and it counts alone. All mistakes are shown
at once, each with its line and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from provisioning.model.frames import Prices, complete, empty
from provisioning.model.terms import Covers
from provisioning.policy.mistakes import mistakes
from provisioning.policy.yaml_file import Document, Mistake, PriceBookError, read

Money = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Seats = Annotated[int, Field(ge=1)]


def load(text: str, *, origin: str, currency: str | None = None) -> pd.DataFrame:
    """Read a price book.

    Args:
        text: the YAML document.
        origin: file name, for messages.
        currency: the currency the policy wants its report in; None takes what the book states.

    Returns:
        A Prices frame, one row per line of the book.

    Raises:
        PriceBookError: all the mistakes, each with its line and what to do.
    """
    expected = "the price book is empty; start from config/prices.yaml"
    document = read(text, PriceBookError, origin=origin, expected=expected)
    found = [*_currency_mistakes(document, currency), *_day_mistakes(document)]
    try:
        book = PriceBook.model_validate(document.content)
    except ValidationError as error:
        found += mistakes(document, error.errors(), PriceBook.model_json_schema())
        raise PriceBookError(origin, found) from None
    if found:
        raise PriceBookError(origin, found)
    return _frame(book)


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Band(_Model):
    """Seats up to a number: each pays `each`, or all of them together `flat`."""

    up_to: Seats | None = None
    each: Money | None = None
    flat: Money | None = None

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if (self.each is None) == (self.flat is None):
            raise ValueError("a band needs either `each` (price of a seat) or `flat` (price of the band)")
        return self


class Tier(_Model):
    """A package of seats with one price."""

    up_to: Seats
    price: Money


class _Monthly(_Model):
    billing: Literal["monthly"]
    bands: list[Band] = Field(min_length=1, examples=[[{"up_to": 100, "each": 8.4}, {"each": 7.9}]])
    small_team: Tier | None = None
    renews_on: date | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        _check_ascending([band.up_to for band in self.bands], "bands")
        return self

    @model_validator(mode="after")
    def _small_team_is_cheaper(self) -> Self:
        if self.small_team is None:
            return self
        above = self.small_team.up_to + 1
        if (full := _banded(self.bands, above)) is not None and full < self.small_team.price:
            raise ValueError(f"`small_team` costs more than {above} seats do in the bands ({full})")
        return self

    def lines(self) -> Iterator[dict[str, Any]]:
        if self.small_team is not None:
            yield _line(1, self.small_team.up_to, Covers.WHOLE, self.small_team.price)
        first = 1
        for band in self.bands:
            covers = Covers.EACH if band.flat is None else Covers.FLAT
            yield _line(first, band.up_to, covers, band.each if band.flat is None else band.flat)
            first = (band.up_to or first) + 1


class _Yearly(_Model):
    billing: Literal["annual", "data_center"]
    tiers: list[Tier] = Field(min_length=1, examples=[[{"up_to": 25, "price": 2000}]])
    renews_on: date | None = None

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        _check_ascending([tier.up_to for tier in self.tiers], "tiers")
        prices = [tier.price for tier in self.tiers]
        if prices != sorted(prices):
            raise ValueError("a larger tier costs less than a smaller one: check the prices of `tiers`")
        return self

    def lines(self) -> Iterator[dict[str, Any]]:
        first = 1
        for tier in self.tiers:
            yield _line(first, tier.up_to, Covers.WHOLE, tier.price)
            first = tier.up_to + 1


SiteTerms = Annotated[_Monthly | _Yearly, Field(discriminator="billing")]


class MonthlyTerms(_Monthly):
    """A product billed every month for the seats held, with contracts of single sites."""

    sites: dict[str, SiteTerms] = {}


class YearlyTerms(_Yearly):
    """A product paid a year ahead in tiers, with contracts of single sites."""

    sites: dict[str, SiteTerms] = {}


class Book(_Model):
    """All prices from one day on."""

    valid_from: date = Field(examples=["2026-01-01"])
    products: dict[str, Annotated[MonthlyTerms | YearlyTerms, Field(discriminator="billing")]]


class PriceBook(_Model):
    """The whole file."""

    version: Literal[1] = Field(examples=[1])
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$", examples=["USD"])]
    note: str | None = None
    books: list[Book] = Field(min_length=1)


def _currency_mistakes(document: Document, wanted: str | None) -> Iterator[Mistake]:
    """A book in another currency than the policy states for the report; nothing is converted."""
    stated = document.content.get("currency")
    if wanted is not None and isinstance(stated, str) and stated != wanted:
        expected = f"{wanted} is expected, as report.currency of the policy says, not {stated}"
        remedy = "state the same currency in both; Seatwise converts no money"
        yield document.mistake(("currency",), expected, remedy=remedy)


def _day_mistakes(document: Document) -> Iterator[Mistake]:
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


def _check_ascending(ends: list[int | None], what: str) -> None:
    if None in ends[:-1]:
        raise ValueError(f"only the last of `{what}` may leave out `up_to`")
    known = [end for end in ends if end is not None]
    if any(later <= earlier for earlier, later in pairwise(known)):
        raise ValueError(f"`up_to` must rise from one of `{what}` to the next")


def _banded(bands: list[Band], seats: int) -> Decimal | None:
    total, first = Decimal(0), 1
    for band in bands:
        inside = min(seats, band.up_to or seats) - first + 1
        total += band.flat if band.flat is not None else inside * (band.each or 0)
        if band.up_to is None or seats <= band.up_to:
            return total
        first = band.up_to + 1
    return None


def _line(first: int, last: int | None, covers: Covers, price: Decimal | None) -> dict[str, Any]:
    return {"first_seat": first, "last_seat": last, "covers": covers.value, "price": price}


def _frame(book: PriceBook) -> pd.DataFrame:
    rows = [
        {
            "valid_from": pd.Timestamp(dated.valid_from, tz="UTC"),
            "product": product,
            "site": site,
            "billing": agreed.billing,
            "currency": book.currency,
            "renews_on": pd.Timestamp(agreed.renews_on, tz="UTC") if agreed.renews_on else pd.NaT,
            **line,
        }
        for dated in book.books
        for product, terms in dated.products.items()
        for site, agreed in [(None, terms), *terms.sites.items()]
        for line in agreed.lines()
    ]
    return complete(Prices, pd.DataFrame(rows)) if rows else empty(Prices)
