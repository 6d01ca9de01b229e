"""Groups of an exported user list: who is in them, and which product on which site each opens."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from provisioning.model.terms import EntitlementKind
from sinks.atlassian_export.headers import Header, app_and_site

DEFAULTS = {
    "jira-software-users": "jira-software",
    "jira-users": "jira-software",
    "confluence-users": "confluence",
    "jira-servicemanagement-users": "jira-servicedesk",
    "jira-servicedesk-users": "jira-servicedesk",
    "jsm-agents": "jira-servicedesk",
    "jira-product-discovery-users": "jira-product-discovery",
}
"""What groups that Atlassian makes by default open; a site's name may follow after a hyphen."""


class Opening(NamedTuple):
    """The product that a group opens, and the site; None where nothing tells which of several it is."""

    product: str
    site: str | None


class Opens:
    """Tells what groups open.

    Args:
        own: group to product, or to `Product - site`, as the connection says.
        sites: the sites of each product, as the file's headers name them.
        only: the site where the headers name none.
    """

    def __init__(self, own: Mapping[str, str], sites: Mapping[str, Sequence[str]], only: str) -> None:
        self._own, self._sites, self._only = own, sites, only

    def __call__(self, group: str) -> Opening | None:
        """Return what a group opens; None where that is no product that anybody knows."""
        if group in self._own:
            product, site = app_and_site(self._own[group])
            return Opening(product, site or self._site(product, group, rest=""))
        for name, product in DEFAULTS.items():
            if group == name or group.startswith(f"{name}-"):
                return Opening(product, self._site(product, group, rest=group[len(name) + 1 :]))
        return None

    def _site(self, product: str, group: str, *, rest: str) -> str | None:
        """Return the site a group's name ends with; without such an ending, the only one there is."""
        sites = self._sites.get(product) or [self._only]
        ending = [site for site in sites if _slug(group).endswith(f"-{_slug(site)}")]
        if ending:
            return max(ending, key=len)
        return sites[0] if len(sites) == 1 and not rest else None


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def assigned_groups(rows: pd.DataFrame, keys: pd.Series[str], header: Header) -> pd.DataFrame:
    """Return account, kind, identifier and name of every group: from rows, lists or pivoted columns.

    People share their groups, so each distinct field is split once.
    """
    ids = header.group_ids if len(header.group_ids) == len(header.group_names) else header.group_names
    pairs = zip(ids, header.group_names, strict=True)
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
