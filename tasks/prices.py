"""The price book that a policy names."""

from __future__ import annotations

from pathlib import Path

from errors import SeatwiseError
from provisioning.licensing import price_book
from provisioning.licensing.price_book import PriceBook
from provisioning.policy.policy import Policy


class PriceBookMissing(SeatwiseError):
    """There is no file where the policy looks for its price book."""

    remedy = "Correct `prices` in the policy, which starts at the folder of the policy file, or leave it out."


def read_prices(rules: Policy, folder: Path) -> PriceBook | None:
    """The price book of a policy in that folder; None when it names none.

    Raises:
        PriceBookMissing: there is no such file.
        PriceBookError: it says something it must not; every mistake with its line.
    """
    if rules.prices is None:
        return None
    path = folder / rules.prices
    if not path.is_file():
        raise PriceBookMissing(f"there is no price book {path}")
    text = path.read_text(encoding="utf-8")
    return price_book.load(text, origin=path.name, currency=rules.report.currency)
