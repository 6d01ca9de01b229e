"""Groups that rows of people name, and rows that may name any group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from provisioning.model.frames import Memberships, Rejects, complete, concat
from provisioning.model.guessed_rows import GROUP_NAME
from provisioning.model.intake import reject, screened
from provisioning.model.screening import Screened
from provisioning.model.unread import unread_group
from provisioning.model.words import DOUBTFUL, NOTHING, among, without

ANY = "any group"
"""What a group is called that a row may name which could not be read: it has no name that is known."""
_NO_GROUP = NOTHING | {"", "no group", "no groups", "not in a group", "keine gruppe", "keine gruppen"}
"""Words for being in no group, beside an empty cell."""
_OPEN = "it leaves open which groups this person is in, so they lose none"
_REMEDY = "correct the rows of {source} that are rejected; until then nobody loses a group by it"


def read_groups(
    named: Sequence[pd.Series[Any]], keys: pd.Series[str], separator: str | None, *, source: str
) -> Screened:
    """Make Memberships of the columns that name groups.

    Args:
        named: those columns.
        keys: what names the person of each row.
        separator: what stands between several names in one field.
        source: connection.
    """
    split = [_apart(names, separator) for names in named]
    pairs = pd.concat(
        [pd.DataFrame({"source_id": keys, "group_name": names}).explode("group_name") for names in split]
    )
    pairs["group_name"] = without(pairs["group_name"].astype("str").str.strip(), _NO_GROUP)
    pairs = pairs[pairs["source_id"].notna() & pairs["group_name"].notna()]
    pairs = pairs.drop_duplicates(ignore_index=True)
    is_open = among(pairs["group_name"], DOUBTFUL)
    doubtful = pairs[is_open]
    told = reject(doubtful["source_id"], GROUP_NAME, doubtful["group_name"], _OPEN, origin=source)
    pairs = pairs[~is_open].reset_index(drop=True)
    raw = {
        "source": source,
        "source_id": pairs["source_id"],
        "group_id": pairs["group_name"],
        "group_name": pairs["group_name"],
        "direct": True,
    }
    page = screened(Memberships, raw, origin=source, key="source_id")
    return Screened(page.frame, concat(Rejects, [page.rejects, told]))


def add_unread(page: Screened, rows: int, *, source: str) -> Screened:
    """Add to Memberships that some rows may name any group for anybody, so that nobody leaves one by them."""
    if not rows:
        return page
    problem = f"{rows:,} rejected {'row' if rows == 1 else 'rows'} may put anybody into any group"
    told = {**unread_group(source, ANY, None, problem), "remedy": _REMEDY.format(source=source)}
    return Screened(page.frame, concat(Rejects, [page.rejects, complete(Rejects, pd.DataFrame([told]))]))


def _apart(names: pd.Series[Any], separator: str | None) -> pd.Series[Any]:
    """Names in one field, apart; a table may hold them as lists already, and `#N/A` holds no slash."""
    if not separator or names.dtype != "str":
        return names
    return names.str.split(separator).mask(among(names, DOUBTFUL), names)
