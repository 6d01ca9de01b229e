"""A policy file, ready to use, that points at a running sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from string import Template
from textwrap import fill

from sandbox import vendors
from sandbox.kit.connection import Connection, Target

CONNECTIONS = vendors.connections()
SOURCES = [name for name, one in CONNECTIONS.items() if one.target is None and not one.pushed and one.usable]
UNUSABLE = {name: one.needs for name, one in CONNECTIONS.items() if not one.usable}
"""Connections that nothing on this machine can read, and the module they lack."""
PUSHED = [name for name, one in CONNECTIONS.items() if one.pushed]
TARGETS = [name for name, one in CONNECTIONS.items() if one.target]
SECRETS = {name: value for one in CONNECTIONS.values() for name, value in one.secrets.items()}

_QUOTED = re.compile(r"""^env:|^[^\[{'"].*,""")
"""A reference, so that it stands out, and plain text with a comma, which would end it within braces."""

_HEAD = """\
# Keeps the Atlassian side of the sandbox in step with its identity provider.
version: 1
ledger: sqlite:///seatwise.db
connections:
"""
_TAIL = Template(
    """\
protect:
  emails: ['*-svc@acme.test']
  groups: [site-admins, org-admins]
  kinds: [app, customer]
limits:
  destructive: {count: $count, share: 25%}
  source_drop: 10%
  segment_drop: 40%
  failures: 20%
prices: prices.yaml
report: {idle: 60d, never_used_after: 30d, by: [department, cost_center], currency: USD}
"""
)

PRICES = """\
# Invented numbers, for the sandbox only.
version: 1
currency: USD
books:
  - valid_from: 2020-01-01
    products:
      jira-software:
        billing: monthly
        renews_on: 2020-01-12
        small_team: {up_to: 10, price: 0}
        bands:
          - {up_to: 100, each: 8.40}
          - {up_to: 250, each: 7.90}
          - {up_to: 1000, each: 6.80}
          - {each: 6.25}
      confluence:
        billing: monthly
        renews_on: 2020-01-12
        bands:
          - {up_to: 100, each: 6.20}
          - {up_to: 250, each: 5.60}
          - {each: 4.90}
      jira-servicedesk:
        billing: monthly
        renews_on: 2020-01-12
        bands:
          - {up_to: 15, each: 21.50}
          - {each: 19.00}
"""


def policy(
    base: str,
    people: int = 500,
    *,
    sources: Iterable[str] = ("okta-main",),
    targets: Iterable[str] = ("acme-cloud",),
) -> str:
    """Return the policy for a sandbox of that size which listens at `base`.

    Args:
        base: Scheme, host and port of the sandbox.
        people: Its size; decides how much a run may take away.
        sources: Names of `SOURCES`, in order of precedence.
        targets: Names of `TARGETS`.
    """
    sources, targets = list(sources), list(targets)
    connections = "".join(_connection(CONNECTIONS[name], base) for name in (*sources, *targets))
    stated = "sources:\n" + "".join(f"  - from: {name}\n" for name in sources)
    kept = {name: target for name in targets if (target := CONNECTIONS[name].target)}
    # Another way into the same organisation would give back what disuse takes.
    alone = not any(target.another_way for target in kept.values())
    rules = "targets:\n" + "".join(_rules(name, target, alone=alone) for name, target in kept.items())
    return _HEAD + connections + stated + rules + _TAIL.substitute(count=max(50, people // 4))


def chosen(text: str, known: Iterable[str], pushed: Iterable[str] = ()) -> list[str]:
    """Return the names a text lists with commas between; `all` is all that are known, `push` all pushed."""
    groups = {"all": list(known), "push": list(pushed)}
    names = groups.get(text) or [name.strip() for name in text.split(",")]
    if lacking := sorted(set(names) & UNUSABLE.keys()):
        raise ValueError(_say_lacking(lacking))
    if unknown := set(names) - {*known, *pushed}:
        raise ValueError(f"no {', '.join(sorted(unknown))} here; there are {', '.join(known)}, and all")
    return names


def say_left_out(text: str) -> str | None:
    """Say which sources `all` leaves out because a module is missing; nothing where none is."""
    return f"Left out: {_say_lacking(sorted(UNUSABLE))}" if text == "all" and UNUSABLE else None


def _say_lacking(names: list[str]) -> str:
    modules = ", ".join(sorted({str(UNUSABLE[name]) for name in names}))
    return f"{', '.join(names)}, for Python has no module {modules} here; `make ldap` installs it"


def _connection(connection: Connection, base: str) -> str:
    """One connection, its references quoted, its long lines broken between options."""
    entry = connection.entry(base).items()
    quoted = {option: f"'{value}'" if _QUOTED.search(str(value)) else value for option, value in entry}
    # No line breaks at a space that does not break.
    options = ", ".join(f"{option}:\N{NO-BREAK SPACE}{value}" for option, value in quoted.items())
    start = f"  {connection.name}: {{"
    whole = fill(start + options + "}", 108, subsequent_indent=" " * len(start), break_on_hyphens=False)
    return whole.replace("\N{NO-BREAK SPACE}", " ") + "\n"


def _rules(name: str, target: Target, *, alone: bool) -> str:
    """What one target is told to hold."""
    removable = ", ".join(sorted({group for groups in target.map.values() for group in groups}))
    everyone = "      default: {all: [all-staff]}\n" if target.default else ""
    mapped = "".join(f"        {group}: [{', '.join(groups)}]\n" for group, groups in target.map.items())
    stages = "".join(f"      - {stage}\n" for stage in target.leaver)
    rest = "".join(f"    {line}\n" for line in target.rest if alone)
    return f"""\
  - to: {name}
    correlate: [link, external_id, email, user_name]
    attributes:
      display_name: {{template: '{{given_name}} {{family_name}}'}}
    groups:
{everyone}      map:
{mapped}      may_add: ['*']
      may_remove: [{removable}]
      manage: [{removable}]
    joiner: {{create: {str(target.create).lower()}}}
    mover: {{update: [{target.update}], mode: authoritative}}
    leaver:
{stages}{rest}"""


def exports() -> str:
    """Return the shell lines that set the secrets the policy refers to."""
    return "\n".join(f"export {name}={quote(value)}" for name, value in SECRETS.items())


def write(
    folder: Path,
    base: str,
    people: int = 500,
    *,
    sources: Iterable[str] = ("okta-main",),
    targets: Iterable[str] = ("acme-cloud",),
) -> Path:
    """Write policy.yaml and prices.yaml into a folder and return the path of the policy."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prices.yaml").write_text(PRICES, encoding="utf-8")
    path = folder / "policy.yaml"
    path.write_text(policy(base, people, sources=sources, targets=targets), encoding="utf-8")
    return path
