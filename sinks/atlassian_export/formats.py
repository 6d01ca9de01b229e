"""What the columns of an exported user list mean, in every format the admin site has had.

A format is not named by the file; its header says it. Product columns come in three sorts: *access*
(`Jira - acme`: a role), *seen* (`Last seen in Jira - acme`, or the bare `Jira Software` of the old
site export: a date) and *sites* (`Jira` in the managed accounts: the sites where it is held).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import pandas as pd

from provisioning.model import delimited
from provisioning.model.findings import Unreadable
from provisioning.model.terms import AccountState, EntitlementKind
from provisioning.model.text import fold
from sinks.kit.products import FREE_PRODUCTS, PRODUCT_LABELS

NAMES = {
    "account_id": ("user id", "atlassian id", "account id", "id"),
    "user_name": ("username", "user_name", "login"),
    "display_name": ("user name", "full_name", "full name", "name", "display name"),
    "email": ("email", "e-mail", "email address"),
    "state": ("user status", "status", "active"),
    "added_on": ("added to org", "created", "created on"),
    "role": ("org role",),
    "directory": ("user directory", "directory"),
    "last_active": (
        "last active date [utc]",
        "last active date",
        "last_login",
        "last login date",
        "last login",
    ),
}
"""Headers of plain columns, whatever their case."""

STATES = {
    "active": AccountState.ACTIVE,
    "yes": AccountState.ACTIVE,
    "true": AccountState.ACTIVE,
    "invited": AccountState.INVITED,
    "suspended": AccountState.SUSPENDED,
    "deactivated": AccountState.DEACTIVATED,
    "inactive": AccountState.DEACTIVATED,
    "no": AccountState.DEACTIVATED,
    "false": AccountState.DEACTIVATED,
}
NEVER = ("never accessed", "never logged in", "never")
NO_ACCESS = ("none", "no access", "no", "-")
FREE_ACCESS = ("customer", "guest", "contributor", "basic", "stakeholder", "viewer")
DATES = ("%d %b %Y", "%d %b %Y %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y")
GROUP_OPENS = {
    "jira-software-users": "jira-software",
    "jira-users": "jira-software",
    "confluence-users": "confluence",
    "jira-servicemanagement-users": "jira-servicedesk",
    "jira-servicedesk-users": "jira-servicedesk",
    "jsm-agents": "jira-servicedesk",
    "jira-product-discovery-users": "jira-product-discovery",
}
"""What groups that Atlassian makes by default open; a site's name may follow after a hyphen."""

_SEEN = re.compile(r"last seen in (.+)", re.IGNORECASE)
_GROUP_NAME = re.compile(r"group[ _]names?(?: ?\d+)?", re.IGNORECASE)
_GROUP_ID = re.compile(r"group[ _]ids?(?: ?\d+)?", re.IGNORECASE)
_MANAGED = {"atlassian id", "last active date [utc]"}
Sort = Literal["access", "seen", "sites"]


class ProductColumn(NamedTuple):
    """One column about one product; `site` is None where the header names none."""

    place: int
    sort: Sort
    product: str
    site: str | None


class Layout(NamedTuple):
    """Where things stand in a file.

    Attributes:
        places: position of each plain column.
        products: the product columns.
        group_names, group_ids: positions of the columns that hold groups.
        managed: whether it is the list of managed accounts.
    """

    places: dict[str, int]
    products: list[ProductColumn]
    group_names: list[int]
    group_ids: list[int]
    managed: bool

    @property
    def has_access(self) -> bool:
        """Whether the file tells who holds a product, not only who used it."""
        return any(column.sort != "seen" for column in self.products)


def parse_even(text: str) -> delimited.Table:
    """Parse a file; where all rows are of another length than the header, the rows count."""
    table = delimited.parse(text)
    if len(table.rows) or not table.ragged:
        return table
    lengths = pd.Series([len(row.fields) for row in table.ragged])
    return delimited.parse(text, width=int(lengths.mode().iloc[0]))


def layout(header: Sequence[str], mapping: Mapping[str, str]) -> Layout:
    """Say what each column means.

    Args:
        header: the file's first row.
        mapping: our column to the file's header, where it is not well known.

    Raises:
        Unreadable: nothing in it names a person, or a mapped header is not there.
    """
    plain = [fold(name) for name in header]
    places = _places(plain, mapping, header)
    if not {"account_id", "email", "user_name"} & set(places):
        near = delimited.nearest("email", header)
        hint = f"the nearest header is '{near}'" if near else f"its headers are {', '.join(header)}"
        raise Unreadable(
            f"no column names a person; {hint}",
            remedy="Name one under `columns` of the connection, such as columns: {email: 'E-mail'}.",
        )
    managed = bool(_MANAGED & set(plain))
    groups = {place: name for place, name in enumerate(plain) if place not in places.values()}
    return Layout(
        places,
        _products(header, set(places.values()), managed=managed),
        [place for place, name in groups.items() if _GROUP_NAME.fullmatch(name)],
        [place for place, name in groups.items() if _GROUP_ID.fullmatch(name)],
        managed,
    )


def _places(plain: Sequence[str], mapping: Mapping[str, str], header: Sequence[str]) -> dict[str, int]:
    places = {}
    for name, own in mapping.items():
        if fold(own) not in plain:
            near = delimited.nearest(own, header) or ", ".join(header)
            raise Unreadable(
                f"it has no column '{own}'; the nearest is '{near}'",
                remedy="Correct the header under `columns` of the connection.",
            )
        places[name] = plain.index(fold(own))
    for name, known in NAMES.items():
        place = next((plain.index(word) for word in known if word in plain), None)
        if name not in places and place is not None and place not in places.values():
            places[name] = place
    return places


def _products(header: Sequence[str], taken: set[int], *, managed: bool) -> list[ProductColumn]:
    seen = {place: _SEEN.fullmatch(name) for place, name in enumerate(header)}
    named = {match[1] for match in seen.values() if match}
    columns = []
    for place, name in enumerate(header):
        if place in taken:
            continue
        if match := seen[place]:
            columns.append(ProductColumn(place, "seen", *app_and_site(match[1])))
        elif name in PRODUCT_LABELS:
            columns.append(ProductColumn(place, "sites" if managed else "seen", PRODUCT_LABELS[name], None))
        elif name in named or _known(name):
            columns.append(ProductColumn(place, "access", *app_and_site(name)))
    return columns


def _known(name: str) -> str | None:
    return next((label for label in PRODUCT_LABELS if name.startswith(f"{label} - ")), None)


def app_and_site(name: str) -> tuple[str, str | None]:
    """Return product and site of `App - site`; known names first, for either may hold a hyphen itself."""
    if name in PRODUCT_LABELS:
        return PRODUCT_LABELS[name], None
    if label := _known(name):
        return PRODUCT_LABELS[label], name.removeprefix(f"{label} - ")
    app, _, site = name.partition(" - ")
    return re.sub(r"[^a-z0-9]+", "-", app.casefold()).strip("-"), site or None


def times(texts: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """Read the dates a file holds; `Never accessed` and the unreadable are null.

    Dates repeat a great deal, so each is read once.
    """
    codes, words = pd.factorize(texts)
    read = _read(pd.Series(words, dtype="str"))
    return read.reindex(codes).set_axis(texts.index)


def _read(words: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    instants = pd.to_datetime(words, utc=True, format="ISO8601", errors="coerce")
    for pattern in DATES:
        left = instants.isna() & ~is_never(words)
        if not left.any():
            break
        instants = instants.fillna(
            pd.to_datetime(words.where(left), utc=True, format=pattern, errors="coerce")
        )
    return instants


def is_never(texts: pd.Series[str]) -> pd.Series[bool]:
    """Whether a field says that a product was never used."""
    return texts.str.lower().isin(NEVER)


def opens(group: str, own: Mapping[str, str]) -> str | None:
    """Return the product a group opens, as the connection says or Atlassian's own names do."""
    if group in own:
        return own[group]
    known = (name for name in GROUP_OPENS if group == name or group.startswith(f"{name}-"))
    return next((GROUP_OPENS[name] for name in known), None)


def is_billed(product: str, access: pd.Series[str] | None, index: pd.Index) -> pd.Series[bool]:
    """Whether a seat of a product is billed, by the product and by the role the file tells."""
    free = product in FREE_PRODUCTS
    if access is None:
        return pd.Series(not free, index=index)
    return ~access.str.lower().isin(FREE_ACCESS) & (not free)


def assigned_groups(rows: pd.DataFrame, keys: pd.Series[str], columns: Layout) -> pd.DataFrame:
    """Return account, kind, identifier and name of every group: from rows, lists or pivoted columns.

    People share their groups, so each distinct field is split once.
    """
    ids = columns.group_ids if len(columns.group_ids) == len(columns.group_names) else columns.group_names
    pairs = zip(ids, columns.group_names, strict=True)
    parts = [_assigned(rows[own], rows[name], keys, by_id=own != name) for own, name in pairs]
    nothing = pd.DataFrame(columns=["account_id", "entitlement_id", "name"], dtype="str")
    assigned = pd.concat(parts, ignore_index=True) if parts else nothing
    return assigned.assign(kind=EntitlementKind.GROUP.value).drop_duplicates(ignore_index=True)


def _assigned(
    own: pd.Series[str], names: pd.Series[str], keys: pd.Series[str], *, by_id: bool
) -> pd.DataFrame:
    fields = pd.DataFrame({"entitlement_id": own, "name": names, "account_id": keys}).dropna()
    numbers = fields.groupby(["entitlement_id", "name"], sort=False).ngroup()
    distinct = fields[["entitlement_id", "name"]].assign(number=numbers).drop_duplicates("number")
    # An identifier never holds a comma; a name may, where accounts repeat for each group.
    if own.str.contains(",").any() and (by_id or not keys.duplicated().any()):
        distinct = _split(distinct)
    people = fields[["account_id"]].assign(number=numbers)
    return people.merge(distinct, on="number", validate="many_to_many").drop(columns="number")


def _split(fields: pd.DataFrame) -> pd.DataFrame:
    """One row per group of a list; where names hold commas themselves, the identifiers stand for them."""
    ids, names = fields["entitlement_id"].str.split(r",\s*"), fields["name"].str.split(r",\s*")
    split = fields.assign(entitlement_id=ids, name=names.where(ids.map(len) == names.map(len), ids))
    exploded = split.explode(["entitlement_id", "name"], ignore_index=True)
    return exploded.astype({"entitlement_id": "str", "name": "str"})
