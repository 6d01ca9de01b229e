"""What is known of somebody's last sign-in at the identity provider: a date, never, or nothing.

A *date* may be behind: whoever has one signed in then or up to `sign_in_staleness` days later. *Never* is
said where the provider proves it. Everything else is *unknown*, which counts neither as use nor as disuse.
Nothing is known of what happened after the moment a source's facts are of.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from provisioning.model.attributes import LAST, NEVER, STALENESS
from provisioning.model.keys import Mask

Instants = npt.NDArray[np.datetime64]
_BEFORE_ALL, _AFTER_ALL = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31", "us")


def is_dated(people: pd.DataFrame) -> Mask:
    """Whose last sign-in has a date."""
    dated: Mask = people[LAST].notna().to_numpy(np.bool_)
    return dated


def is_never(people: pd.DataFrame) -> Mask:
    """Who is proven to have never signed in."""
    stated: Mask = people[NEVER].fillna(value=False).to_numpy(np.bool_)
    return stated & ~is_dated(people)


def compare(people: pd.DataFrame, word: str, limit: datetime, known_at: datetime) -> pd.Series[bool]:
    """Compare last sign-ins with a moment; null where what is known does not decide.

    Args:
        people: Identities.
        word: eq, lt, le, gt or ge.
        limit: the moment, with its zone.
        known_at: the moment the facts are of.

    Returns:
        One nullable boolean a row, with the index of `people`.
    """
    earliest, latest = _span(people, open_end=limit > known_at)
    at = np.datetime64(limit.astimezone(UTC).replace(tzinfo=None), "us")
    match word:
        case "lt" | "ge":
            surely, surely_not = latest < at, earliest >= at
        case "le" | "gt":
            surely, surely_not = latest <= at, earliest > at
        case _:
            surely, surely_not = (earliest == at) & (latest == at), (latest < at) | (earliest > at)
    truth = surely_not if word in {"gt", "ge"} else surely
    return pd.Series(pd.arrays.BooleanArray(truth, ~(surely | surely_not)), index=people.index)


def has_signed_in(people: pd.DataFrame) -> pd.Series[bool]:
    """Whether each ever signed in; null where that is unknown."""
    dated, never = is_dated(people), is_never(people)
    return pd.Series(pd.arrays.BooleanArray(dated, ~(dated | never)), index=people.index)


def describe(people: pd.DataFrame) -> pd.Series[str]:
    """Say what is known of each, as a part of a sentence."""
    day = people[LAST].dt.strftime("%Y-%m-%d").astype("str")
    behind = people[STALENESS].astype("Int64").astype("str")
    stale = (" (up to " + behind + " days behind)").where(people[STALENESS].fillna(0) > 0, "")
    words = ("last signed in " + day + stale).where(is_dated(people), "last sign-in unknown")
    told: pd.Series[str] = words.mask(is_never(people), "never signed in").astype("str")
    return told


def _span(people: pd.DataFrame, *, open_end: bool) -> tuple[Instants, Instants]:
    """The moments between which each last sign-in was, the first and the last possible one.

    Args:
        people: Identities.
        open_end: whether somebody may have signed in since, too.
    """
    dated, never = is_dated(people), is_never(people)
    stated = people[LAST].dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    behind = people[STALENESS].fillna(0).to_numpy(np.int64).astype("timedelta64[D]")
    earliest = np.where(dated, stated, _BEFORE_ALL)
    latest = np.where(dated, stated + behind, np.where(never, _BEFORE_ALL, _AFTER_ALL))
    return earliest, np.full_like(latest, _AFTER_ALL) if open_end else latest
