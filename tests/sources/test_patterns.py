"""Patterns of a connection are the patterns of the policy: case does not count, and a useless one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.running import Running
from sources import Source, connector
from tests.sources.cases import CASES, _options
from transport.door import Door

OPTIONS = {
    "okta": "groups",
    "entra": "groups",
    "scim": "groups",
    "onelogin": "roles",
    "google_workspace": "groups",
    "keycloak": "groups",
    "jumpcloud": "groups",
    "pingone": "groups",
    "ldap": "groups",
}


def _connect(kind: str, sandbox: Running, folder: Path, patterns: list[str]) -> Source:
    """Open the source of a kind with other patterns than those of its case."""
    if module := CASES[kind].needs:
        pytest.importorskip(module, reason=f"the module {module} is not installed: `make ldap`")
    cls = connector(kind)
    stated = {**_options(kind, sandbox, folder), OPTIONS[kind]: patterns}
    return cls(kind, cls.Options(**stated), Door())


@pytest.mark.parametrize("kind", OPTIONS)
def test_case_does_not_count_in_a_pattern(kind: str, acme: Running, tmp_path: Path) -> None:
    """The same memberships come in either case."""
    sizes = [
        sum(len(page.frame) for page in _connect(kind, acme, tmp_path, [pattern]).memberships())
        for pattern in ("atl-*", "ATL-*")
    ]

    assert sizes[0] == sizes[1] > 0


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_pattern_that_fits_nothing_is_told_by_the_check(kind: str, acme: Running, tmp_path: Path) -> None:
    """It selects nobody, and a typing error should not look like an empty group."""
    source = _connect(kind, acme, tmp_path, ["ATL-*", "at1-*"])

    warnings = [finding for finding in source.check() if "pattern" in finding.message]

    what = "role" if kind == "onelogin" else "group"
    assert [finding.message for finding in warnings] == [f"pattern 'at1-*' fits no {what} of {kind}"]
    assert warnings[0].level == "warning"
    assert OPTIONS[kind] in (warnings[0].remedy or "")
