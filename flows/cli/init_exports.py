"""What `seatwise init --from-exports` does: a policy and a price book for two files, and no credential."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

import sinks
import sources
from errors import SeatwiseError
from tasks.progress import announce
from transport.door import Door

POLICY = """\
# Reads two exported files; it writes nothing anywhere. docs/licences.md explains the report.
version: 1
ledger: sqlite:///seatwise.db
connections:
  people: {{kind: csv, path: {people}}}
  atlassian: {{kind: atlassian_export, path: {users}}}
sources: [{{from: people}}]
targets: [{{to: atlassian}}]
prices: prices.yaml
report: {{idle: 60d, by: [department, cost_center, manager]}}
"""
PRICES = """\
# The products of {users}, each with a price of 1.00 that is nobody's.
# Write your own: term, day of renewal, bands or tiers; docs/licences.md explains every key.
version: 2
currency: USD
note: "Every price is 1.00 until you write your own."
contracts:
"""
CONTRACT = """\
  - name: {name}
    product: {product}
    sites: [{site}]
    term: monthly                  # or annual, with tiers: [{{up_to: 25, price: 1}}] in place of bands
    # renews_on: 2026-01-12        # a day on which a billing period starts
    # bought: 50                   # seats bought
    prices: [{{from: 2020-01-01, bands: [{{each: 1.00}}]}}]
"""


class FileMissing(SeatwiseError):
    """A file to begin with is not there."""

    remedy = (
        "Export the users from admin.atlassian.com (Directory, Users, Export), the people from HR or the IdP."
    )


def write_from_exports(people: Path, users: Path, folder: Path, *, force: bool) -> str:
    """Write a policy and a price book for two files; what is there stays unless forced.

    Args:
        people: who works here.
        users: the exported user list.
        folder: where to write.
        force: whether to overwrite.

    Returns:
        What was written and what to do next.

    Raises:
        FileMissing: one of the files is not there.
        Unreadable: the user list is no export that is understood.
    """
    for path in (people, users):
        if not path.is_file():
            raise FileMissing(f"there is no file {path}")
    folder.mkdir(parents=True, exist_ok=True)
    contracts = [
        CONTRACT.format(name=_quoted(f"{product} on {site}"), product=_quoted(product), site=_quoted(site))
        for product, site in _products(users)
    ]
    paths = {"people": _path_from(folder, people), "users": _path_from(folder, users)}
    policy, prices = folder / "policy.yaml", folder / "prices.yaml"
    return "\n".join(
        [
            _write(policy, POLICY.format(**paths), force=force),
            _write(prices, PRICES.format(users=users.name) + "".join(contracts), force=force),
            "",
            f"1. seatwise check --config {policy}      says what was understood of each column",
            f"2. Write your prices into {prices}; until then every seat costs 1.00",
            f"3. seatwise licences --config {policy}   makes the report, the actions and the lists of owners",
            *_to_state(people, policy),
        ]
    )


def _write(path: Path, text: str, *, force: bool) -> str:
    """Write a file unless it is there, and say which of the two was done."""
    if path.exists() and not force:
        return f"kept    {path} (it was there; --force overwrites it)"
    path.write_text(text, encoding="utf-8")
    return f"wrote   {path}"


def _products(users: Path) -> list[tuple[str, str]]:
    """The products and sites of which an exported user list shows billed seats."""
    connector = sinks.connector("atlassian_export")
    sink = connector("atlassian", connector.Options(path=users), Door(say=announce))
    seats = next(sink.seats()).frame
    billed = seats.loc[seats["billable"], ["product", "site"]].drop_duplicates()
    return sorted(billed.itertuples(index=False, name=None))


def _to_state(people: Path, policy: Path) -> Iterator[str]:
    """Say what a person has to write into the policy before the file of people can be read."""
    connector = sources.connector("csv")
    for finding in connector("people", connector.Options(path=people), Door(say=announce)).check():
        if finding.level == "error":
            yield f"\nBefore that, in {policy}: {finding.message}\n{finding.remedy}"


def _path_from(folder: Path, path: Path) -> str:
    """A path as the policy in a folder writes it."""
    return _quoted(os.path.relpath(path.absolute(), folder.absolute()))


def _quoted(text: str) -> str:
    """A text as YAML writes it within a line."""
    return yaml.safe_dump(text, default_style='"', width=10_000, allow_unicode=True).strip()
