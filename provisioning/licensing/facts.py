"""The facts of a day that the history of seats keeps, from an assessment."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from provisioning.licensing.assess import Assessment
from provisioning.licensing.price_book import BY_SEATS, PriceBook
from provisioning.model.facts import Facts, HolderFacts, IdentityFacts, PriceFacts, SeatFacts
from provisioning.model.frames import columns, complete, empty
from provisioning.model.snapshots import SourceSnapshot
from provisioning.model.terms import State


def state_facts(found: Assessment, sources: Sequence[SourceSnapshot], book: PriceBook | None) -> Facts:
    """State the facts of the day an assessment is of.

    Args:
        found: the assessment.
        sources: reads of the sources it was made of.
        book: the price book it was made with.
    """
    return Facts(_seats(found), _holders(found), _prices(found, book), _identities(sources))


def _seats(found: Assessment) -> pd.DataFrame:
    billed = found.billed
    seats = billed.rename(columns={"person": "holder"}).assign(contract=None, lane=None, reason=None)
    for charge in found.charges:
        if charge.contract.unit in BY_SEATS:
            seats.loc[charge.rows, "contract"] = charge.contract.name
    seats.loc[found.positions, "lane"] = found.waste["lane"].to_numpy()
    seats.loc[found.positions, "reason"] = found.waste["code"].to_numpy()
    return complete(SeatFacts, seats[columns(SeatFacts)])


def _holders(found: Assessment) -> pd.DataFrame:
    holders = found.billed.drop_duplicates("person").rename(columns={"person": "holder"})
    return complete(HolderFacts, holders[columns(HolderFacts)])


def _prices(found: Assessment, book: PriceBook | None) -> pd.DataFrame:
    if book is None or not found.charges:
        return empty(PriceFacts)
    rows = [
        {
            "contract": charge.contract.name,
            "deployment": charge.deployment,
            "product": charge.product,
            "site": charge.site,
            "billing": charge.contract.billing.value,
            "unit": charge.contract.unit.value,
            "held": charge.held,
            "paid": charge.paid,
            "cents": int(book.convert(charge.cost, charge.contract.currency) * 100),
            "currency": book.currency,
            "price_book": book.origin,
        }
        for charge in found.charges
    ]
    return complete(PriceFacts, pd.DataFrame(rows))


def _identities(sources: Sequence[SourceSnapshot]) -> pd.DataFrame:
    here = [one.identities[one.identities["state"] == State.ACTIVE.value] for one in sources]
    if not here:
        return empty(IdentityFacts)
    return complete(IdentityFacts, pd.concat(here)[columns(IdentityFacts)].drop_duplicates())
