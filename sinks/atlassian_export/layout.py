"""What the columns about products mean: the header names the product, the values say what is told of it.

Three sorts: *access* (`Jira - acme`: roles, or Yes and No), *seen* (`Last seen in Jira - acme`: dates), and
*sites* (the bare `Jira` of managed accounts: where it is held). Formats of other years and products put
other values under the same header, so nothing but the values decides between them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import pandas as pd

from sinks.atlassian_export.access import Meaning, among
from sinks.atlassian_export.dates import looks_like_date
from sinks.atlassian_export.headers import Header, app_and_site, app_last_seen, clean_name, label_of

Sort = Literal["access", "seen", "sites"]
_ONE_SITE = r"(?:https://)?[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*/?"
_SITES = re.compile(rf"{_ONE_SITE}(?:\s*,\s*{_ONE_SITE})*", re.IGNORECASE)
SAMPLE = 200
"""Distinct cells of a column that are looked at."""
MOST = 0.5
"""Share of cells that must be of a sort where the header does not settle it."""


class ProductColumn(NamedTuple):
    """One column about one product; `site` is None where the header names none."""

    place: int
    sort: Sort
    product: str
    site: str | None


class Layout(NamedTuple):
    """What stands where in a file."""

    header: Header
    products: list[ProductColumn]

    @property
    def has_access(self) -> bool:
        """Whether the file tells who holds a product, not only who used it."""
        return any(column.sort != "seen" for column in self.products)

    @property
    def uses(self) -> list[int]:
        """Positions of the columns that tell when an account was last active, in any product or in one."""
        return [*self.header.last_active, *(c.place for c in self.products if c.sort == "seen")]

    @property
    def several(self) -> set[int]:
        """Positions of the columns whose cells may hold several values: roles and sites."""
        products = {column.place for column in self.products if column.sort != "seen"}
        return products | {place for name, place in self.header.places.items() if name == "role"}

    @property
    def unused(self) -> list[str]:
        """Headers of columns that nothing is read from."""
        used = self.header.taken | {column.place for column in self.products}
        return [name for place, name in enumerate(self.header.names) if name and place not in used]

    def sites(self, product: str) -> list[str]:
        """Sites on which a product stands, as the headers name them."""
        named = [c.site for c in self.products if c.product == product and c.site]
        return list(dict.fromkeys(named))


def lay_out(header: Header, rows: pd.DataFrame, roles: Mapping[str, Meaning]) -> Layout:
    """Say what each column about a product tells.

    Args:
        header: the file's first row.
        rows: its cells.
        roles: what words of access cells mean besides those that are known.
    """
    named = {clean_name(app) for name in header.clean if (app := app_last_seen(name))}
    products = []
    for place, name in enumerate(header.clean):
        if place in header.taken or not name:
            continue
        cells = _distinct(rows[place])
        if app := app_last_seen(name):
            products.append(ProductColumn(place, "seen", *app_and_site(app)))
        elif label_of(name):
            sort = _sort_of_bare(cells, roles, managed=header.managed)
            products.append(ProductColumn(place, sort, *app_and_site(name)))
        elif name in named or _has_known_label(name) or _is_new_app(name, cells, roles):
            products.append(ProductColumn(place, "access", *app_and_site(name)))
    return Layout(header, products)


def _distinct(cells: pd.Series[str]) -> list[str]:
    return cells.dropna().drop_duplicates().head(SAMPLE).tolist()


def _sort_of_bare(cells: Sequence[str], roles: Mapping[str, Meaning], *, managed: bool) -> Sort:
    """What a header without a site is about, by its values; an empty column tells nothing."""
    if among(cells, roles) > MOST:
        return "access"
    if not cells:
        return "sites" if managed else "seen"
    if sum(map(looks_like_date, cells)) / len(cells) > MOST:
        return "seen"
    sites = sum(_SITES.fullmatch(cell.strip()) is not None for cell in cells)
    return "sites" if sites / len(cells) > MOST else "access"


def _has_known_label(name: str) -> bool:
    return " - " in name and label_of(name.partition(" - ")[0]) is not None


def _is_new_app(name: str, cells: Sequence[str], roles: Mapping[str, Meaning]) -> bool:
    """Whether a header may name an app that nobody knew, and the cells are roles."""
    app, dash, site = name.partition(" - ")
    return bool(app and dash and site) and among(cells, roles) > MOST
