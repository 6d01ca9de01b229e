"""What is so of seats, people and prices on one day, as the history of seats keeps it.

One row holds as long as it stays as it is: whoever keeps these adds since when and until when. What changes
every day, such as the last use of a seat, is therefore no part of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd
import pandera.pandas as pa
from pandera.typing import Series

from provisioning.model.frames import Frame
from provisioning.model.terms import Billing, Deployment, Lane, Unit


def _text(description: str, *, nullable: bool = False, **checks: Any) -> Any:
    return pa.Field(description=description, nullable=nullable, **checks)


def _count(description: str) -> Any:
    return pa.Field(description=description, ge=0)


class SeatFacts(Frame):
    """One row per seat that is paid for."""

    holder: Series[str] = _text("Account that holds the seat, one name for all connections that show it.")
    deployment: Series[str] = _text("Where the product runs.", isin=[one.value for one in Deployment])
    product: Series[str] = _text("Product, as targets name it.")
    site: Series[str] = _text("Site or server.")
    contract: Series[str] = _text("Contract that counts the seat; null where none does.", nullable=True)
    lane: Series[str] = _text(
        "Lane of the licence report; null while nothing speaks against the seat.",
        nullable=True,
        isin=[one.value for one in Lane],
    )
    reason: Series[str] = _text("Reason code of the lane.", nullable=True)


class HolderFacts(Frame):
    """One row per account that holds a paid seat, with the person behind it."""

    holder: Series[str] = _text("Account, as in the seats.")
    target: Series[str] = _text("Connection that tells best of it.", nullable=True)
    account_id: Series[str] = _text("The target's own identifier.", nullable=True)
    source: Series[str] = _text("Source of the person; null of nobody known.", nullable=True)
    source_id: Series[str] = _text("The IdP's identifier of the person.", nullable=True)
    display_name: Series[str] = _text("Name.", nullable=True)
    email: Series[str] = _text("E-mail address.", nullable=True)
    department: Series[str] = _text("Department.", nullable=True)
    cost_center: Series[str] = _text("Cost centre.", nullable=True)
    manager: Series[str] = _text("Manager, as the IdP names them.", nullable=True)
    user_type: Series[str] = _text("Employee, contractor, service …", nullable=True)


class PriceFacts(Frame):
    """One row per contract and place: what it counts, and what that costs a month."""

    contract: Series[str] = _text("Name of the contract.")
    deployment: Series[str] = _text("Where the product runs.", isin=[one.value for one in Deployment])
    product: Series[str] = _text("Product, app or Guard.")
    site: Series[str] = _text("Site or server, or that it counts all sites together.")
    billing: Series[str] = _text("How it is paid for.", isin=[one.value for one in Billing])
    unit: Series[str] = _text("What it counts.", isin=[one.value for one in Unit])
    held: Series[int] = _count("Units held.")
    paid: Series[int] = _count("Units paid for.")
    cents: Series[int] = _count("Cost a month without tax, in hundredths of the currency.")
    currency: Series[str] = _text("Currency of the cost: that of the price book.")
    price_book: Series[str] = _text("File the price comes from.")


class IdentityFacts(Frame):
    """One row per person whom a source states as working here."""

    source: Series[str] = _text("Source.")
    source_id: Series[str] = _text("The IdP's identifier.")


class Facts(NamedTuple):
    """Everything that is so on one day."""

    seats: pd.DataFrame
    holders: pd.DataFrame
    prices: pd.DataFrame
    identities: pd.DataFrame


class History(NamedTuple):
    """What was so from a day on (`since`) until another (`until`, null while it is); days are dates.

    Attributes:
        days: day, at, run_id: days that were read.
        spans: seats: account_key (who holds it), deployment, product, site, contract, lane.
        people: who is behind an account: account_key, source, source_id.
        prices: the columns of PriceFacts.
        identities: source, source_id, first_day.
    """

    days: pd.DataFrame
    spans: pd.DataFrame
    people: pd.DataFrame
    prices: pd.DataFrame
    identities: pd.DataFrame
