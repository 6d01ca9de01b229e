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

Of several books the newest that is in force on a day counts, and it counts alone. A mistake is shown
with its line and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from provisioning.model.frames import Covers, Prices, complete, empty
from provisioning.policy.price_errors import PriceBookError, explained, repeated_key

Money = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Seats = Annotated[int, Field(ge=1)]


def load(text: str, *, origin: str) -> pd.DataFrame:
    """Read a price book.

    Args:
        text: the YAML document.
        origin: file name, for messages.

    Returns:
        A Prices frame, one row per line of the book.

    Raises:
        PriceBookError: something in the book is wrong; says where and what to do.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PriceBookError.of_syntax(error, origin) from error
    if root is None or not isinstance(content, Mapping):
        raise PriceBookError(origin, 1, "the price book is empty", "start from config/prices.yaml")
    if repeated := repeated_key(root):
        raise PriceBookError(origin, *repeated)
    try:
        book = PriceBook.model_validate(content)
    except ValidationError as error:
        raise explained(error, root, origin) from error
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
    bands: list[Band] = Field(min_length=1)
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
    tiers: list[Tier] = Field(min_length=1)
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

    valid_from: date
    products: dict[str, Annotated[MonthlyTerms | YearlyTerms, Field(discriminator="billing")]]


class PriceBook(_Model):
    """The whole file."""

    version: Literal[1]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    note: str | None = None
    books: list[Book] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_book_a_day(self) -> Self:
        days = [book.valid_from for book in self.books]
        if len(set(days)) < len(days):
            raise ValueError("two books have the same `valid_from`: join them or correct one date")
        return self


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
