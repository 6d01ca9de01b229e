"""Whoever is listed under another identifier now, such as a login that follows a surname, is still the same.

What says so is the employee number: that of one who is listed no more and of one who was not listed before.
"""

from __future__ import annotations

import pandas as pd

from provisioning.model.text import folded


def follow_renamed(links: pd.DataFrame, source: str, before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Links with the identifiers that the people of one source go by now.

    Args:
        links: a Links frame of one target.
        source: the source.
        before: its Identities as they were last read whole.
        now: the same, read whole now.

    Returns:
        A Links frame; a number that two people bear in either read says nothing, and whoever is linked
        already is linked with no second account.
    """
    gone = _numbered(before)[lambda rows: ~rows["source_id"].isin(now["source_id"])]
    new = _numbered(now)[lambda rows: ~rows["source_id"].isin(before["source_id"])]
    mine = links["source"] == source
    new = new[~new["source_id"].isin(links.loc[mine, "source_id"])]
    pairs = gone.merge(new, on="number", suffixes=("", "_now"))
    known_as = dict(zip(pairs["source_id"], pairs["source_id_now"], strict=True))
    followed = links["source_id"].map(known_as).astype("str").fillna(links["source_id"])
    return links.assign(source_id=links["source_id"].mask(mine, followed))


def _numbered(identities: pd.DataFrame) -> pd.DataFrame:
    """Identifier and employee number of those who alone bear it."""
    rows = identities[["source_id"]].assign(number=folded(identities["employee_number"]))
    rows = rows[rows["number"].notna()]
    return rows[~rows["number"].duplicated(keep=False)]
