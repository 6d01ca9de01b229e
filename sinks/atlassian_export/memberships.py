"""Who is in which group, as an exported user list tells it: in rows, in lists or in pivoted columns.

Where the groups of one row cannot be told, what its account holds is not known: it is listed in no group,
so that nothing is taken from it by what is known of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

import pandas as pd

from provisioning.model.frames import Rejects, concat
from provisioning.model.intake import reject
from provisioning.model.terms import EntitlementKind
from sinks.atlassian_export.headers import Header
from sinks.atlassian_export.pairing import Cell, identifiers, pair

HELD = ["account_id", "entitlement_id", "name"]
FIELD = "group"
UNPAIRED = (
    "names and identifiers of its groups cannot be paired, so nobody knows which it holds; none is taken"
)
CONTESTED = "this group goes by several names, so nobody knows which groups its members hold; none is taken"
REMEDY = "export again with one row for each group, then run again"


class Report(Protocol):
    """Rejects of some rows, with their lines."""

    def __call__(
        self,
        which: pd.Series[bool],
        field: str,
        values: pd.Series[str],
        problem: str,
        remedy: str | None = None,
    ) -> pd.DataFrame:
        """Tell a problem of each of these rows."""


class Memberships(NamedTuple):
    """Who is in which group.

    Attributes:
        groups: account_id, kind, entitlement_id and name of every group assigned.
        unknown: accounts of which nobody knows what they hold.
        rejects: why.
    """

    groups: pd.DataFrame
    unknown: frozenset[str]
    rejects: pd.DataFrame


def read_memberships(
    rows: pd.DataFrame, keys: pd.Series[str], header: Header, report: Report, origin: str
) -> Memberships:
    """Read the groups of all rows: by identifier where each column of names has one of identifiers.

    Args:
        rows: cells.
        keys: account of each row.
        header: where the columns of groups stand.
        report: makes the rejects of rows.
        origin: the connection.
    """
    if not header.group_names or len(header.group_ids) != len(header.group_names):
        parts = [_by_name(rows[place], keys) for place in header.group_names]
        return Memberships(_tabulate(parts), frozenset(), concat(Rejects, []))
    fields = [
        pd.DataFrame({"account_id": keys, "ids": rows[own], "names": rows[name]})
        for own, name in zip(header.group_ids, header.group_names, strict=True)
    ]
    return _by_identifier(fields, report, origin)


def _by_identifier(fields: list[pd.DataFrame], report: Report, origin: str) -> Memberships:
    """Read pairs of columns; each distinct pair of cells is looked at once."""
    whole = pd.concat(fields).dropna(subset="account_id").dropna(subset=["ids", "names"], how="all")
    cells = whole[["ids", "names"]].drop_duplicates()
    listed = [Cell(*_plain(row)) for row in cells.itertuples(index=False, name=None)]
    pairs = pair(listed)
    held = [pairs.held.get(cell) for cell in listed]
    cells = cells.assign(entitlement_id=pd.Series(held, index=cells.index, dtype=object))
    table = whole.reset_index(names="row").merge(
        cells, on=["ids", "names"], how="left", validate="many_to_one"
    )
    lost = table[table["entitlement_id"].isna()]
    unknown = frozenset(lost["account_id"])
    sure = table[~table["account_id"].isin(unknown)].explode("entitlement_id", ignore_index=True)
    sure = sure.astype({"entitlement_id": "str"})
    sure = sure.assign(name=sure["entitlement_id"].map(pairs.names).astype("str"))
    blamed = lost[~_names_any(lost["ids"], pairs.contested)]
    rejects = [*_tell_unpaired(blamed, report, fields[0].index), *_tell_contested(pairs.contested, origin)]
    return Memberships(_tabulate([sure[HELD]]), unknown, concat(Rejects, rejects))


def _by_name(names: pd.Series[str], keys: pd.Series[str]) -> pd.DataFrame:
    """Groups of one column, each its own identifier; people share lists, so each is split once."""
    fields = pd.DataFrame({"account_id": keys, "name": names}).dropna()
    # A name may hold a comma itself, so only one row an account can be a list.
    if names.str.contains(",").any() and not keys.duplicated().any():
        distinct = fields["name"].drop_duplicates()
        split = pd.DataFrame({"name": distinct, "each": distinct.str.split(r",\s*")}).explode("each")
        fields = fields.merge(split, on="name", validate="many_to_many")
        fields = fields.assign(name=fields["each"].astype("str"))
    return fields.assign(entitlement_id=fields["name"])[HELD]


def _tabulate(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    nothing = pd.DataFrame(columns=HELD, dtype="str")
    assigned = pd.concat([nothing, *parts], ignore_index=True)
    return assigned.assign(kind=EntitlementKind.GROUP.value).drop_duplicates(ignore_index=True)


def _plain(row: tuple[object, ...]) -> tuple[str | None, ...]:
    return tuple(value if isinstance(value, str) else None for value in row)


def _names_any(ids: pd.Series[str], contested: Iterable[str]) -> pd.Series[bool]:
    """Which cells name an identifier that is told of by itself."""
    wanted = set(contested)
    return ids.fillna("").map(lambda text: not wanted.isdisjoint(identifiers(text))).astype(bool)


def _tell_unpaired(lost: pd.DataFrame, report: Report, rows: pd.Index) -> Iterator[pd.DataFrame]:
    once = lost.drop_duplicates("row").set_index("row")
    if len(once):
        told = once["names"].fillna(once["ids"]).reindex(rows).astype("str")
        yield report(pd.Series(rows.isin(once.index), index=rows), FIELD, told, UNPAIRED, REMEDY)


def _tell_contested(contested: dict[str, list[str]], origin: str) -> Iterator[pd.DataFrame]:
    for key, names in contested.items():
        yield reject(key, FIELD, " / ".join(names), CONTESTED, origin=origin, remedy=REMEDY)
