"""Which product on which site each group of an exported user list opens."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sinks.atlassian_export.headers import app_and_site

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
