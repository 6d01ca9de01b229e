"""Rows of which nobody can say whose they are: what they show, and by what they are known again.

Such a row was not understood, which is not to say that it is not there.
"""

from __future__ import annotations

import hashlib

import pandas as pd

from provisioning.model import frames
from provisioning.model.frames import Identities, Memberships
from provisioning.model.text import folded

MEMBERS = "members"
"""The field of a reject that says of a group that its members were not all understood."""
GROUP_NAME = "group_name"
"""The field of a reject that says of a person that nobody knows which groups they are in."""
ROW = "row"
"""The field of a reject of a whole row: nobody knows which of its fields is which, and its key is a guess."""
BETWEEN = ", "
"""What stands between the fields of such a row where a reject shows them."""
_GUESSED = ("source_id", ROW)
"""Fields of rejects whose key is a guess: the row has no identifier, or is askew."""
_OF_GROUPS = frozenset(frames.columns(Memberships)) - frozenset(frames.columns(Identities)) | {MEMBERS}
"""Fields of rejects that are about groups and lose nobody's row."""


def guessed_rows(rejects: pd.DataFrame) -> pd.DataFrame:
    """Of some Rejects those of rows that may be anybody's."""
    nameless = rejects["key"].isna() & ~rejects["field"].isin(_OF_GROUPS)
    return rejects[rejects["field"].isin(_GUESSED) | nameless]


def cells_shown(rejects: pd.DataFrame) -> pd.Series:
    """All that stands in the rows that may be anybody's, cell by cell, as addresses are compared."""
    rows = guessed_rows(rejects)
    cells = rows["value"].dropna().str.split(BETWEEN.strip()).explode().str.strip()
    return folded(pd.concat([rows["key"].dropna(), cells], ignore_index=True).astype("str"))


def digest_rows(rejects: pd.DataFrame) -> list[str]:
    """By what each row that may be anybody's is known again in another read.

    A line of one field, such as the number of rows below a list, is the same line whatever its figures.
    """
    rows = guessed_rows(rejects)
    text = rows["value"].fillna(rows["key"]).fillna("").astype("str")
    alone = ~text.str.strip(BETWEEN).str.contains(BETWEEN, regex=False)
    known = text.mask(alone & (rows["field"] == ROW), text.str.replace(r"\d+", "0", regex=True))
    lines = rows["field"] + "\n" + known
    return [hashlib.sha256(line.encode()).hexdigest()[:16] for line in lines]
