"""How a price book writes prices: bands, tiers and a price for small teams, as lines of a contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from provisioning.licensing.contract import Line
from provisioning.model.terms import Covers

Money = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Seats = Annotated[int, Field(ge=1)]


class Written(BaseModel):
    """A part of a price book: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Band(Written):
    """Seats up to a number: each pays `each`, or all of them together `flat`."""

    up_to: Seats | None = None
    each: Money | None = None
    flat: Money | None = None

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if (self.each is None) == (self.flat is None):
            raise ValueError("a band needs either `each` (price of a seat) or `flat` (price of the band)")
        return self

    @property
    def price(self) -> Decimal:
        """Of a seat or of the band."""
        return self.flat if self.flat is not None else self.each or Decimal(0)


class Tier(Written):
    """A package of seats with one price."""

    up_to: Seats
    price: Money


def check_bands(bands: Sequence[Band], small_team: Tier | None) -> None:
    """Refuse bands that do not rise, and a small team that pays more than a large one."""
    _check_ascending([band.up_to for band in bands], "bands")
    if small_team is None:
        return
    above = small_team.up_to + 1
    if (full := _cost(bands, above)) is not None and full < small_team.price:
        raise ValueError(f"`small_team` costs more than {above} seats do in the bands ({full})")


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Refuse tiers that do not rise in seats and price."""
    _check_ascending([tier.up_to for tier in tiers], "tiers")
    prices = [tier.price for tier in tiers]
    if prices != sorted(prices):
        raise ValueError("a larger tier costs less than a smaller one: check the prices of `tiers`")


def band_lines(bands: Sequence[Band], small_team: Tier | None) -> Iterator[Line]:
    """The lines of bands; the whole price of a small team comes before them."""
    if small_team is not None:
        yield Line(1, small_team.up_to, Covers.WHOLE, small_team.price)
    first = 1
    for band in bands:
        yield Line(first, band.up_to, Covers.EACH if band.flat is None else Covers.FLAT, band.price)
        first = (band.up_to or first) + 1


def tier_lines(tiers: Sequence[Tier]) -> Iterator[Line]:
    """The lines of tiers."""
    first = 1
    for tier in tiers:
        yield Line(first, tier.up_to, Covers.WHOLE, tier.price)
        first = tier.up_to + 1


def _check_ascending(ends: list[int | None], what: str) -> None:
    if None in ends[:-1]:
        raise ValueError(f"only the last of `{what}` may leave out `up_to`")
    known = [end for end in ends if end is not None]
    if any(later <= earlier for earlier, later in pairwise(known)):
        raise ValueError(f"`up_to` must rise from one of `{what}` to the next")


def _cost(bands: Sequence[Band], seats: int) -> Decimal | None:
    lines = list(band_lines(bands, None))
    if not any(line.holds(seats) for line in lines):
        return None
    return sum((line.share(seats) for line in lines if line.first <= seats), Decimal(0))
