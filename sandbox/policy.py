"""A policy file, ready to use, that points at a running sandbox."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from string import Template
from typing import NamedTuple

from sandbox.atlassian_scim.state import DIRECTORY as SCIM_DIRECTORY
from sandbox.entra.auth import CLIENT, TENANT
from sandbox.kit.cloud_model import DIRECTORY_ID, ORG_ID

SECRETS = {
    "SANDBOX_OKTA_TOKEN": "sandbox-okta-token",
    "SANDBOX_ENTRA_SECRET": "sandbox-entra-secret",
    "SANDBOX_ONELOGIN_SECRET": "sandbox-onelogin-secret",
    "SANDBOX_SCIM_TOKEN": "sandbox-scim-token",
    "SANDBOX_ORG_KEY": "sandbox-org-key",
    "SANDBOX_SCIM_KEY": "sandbox-scim-key",
    "SANDBOX_SITE_TOKEN": "sandbox-api-token",
    "SANDBOX_DC_TOKEN": "sandbox-dc-token",
    "SANDBOX_CROWD_PASSWORD": "sandbox-crowd-password",
}

# Name of the connection → what stands behind it.
SOURCES = {
    "okta-main": "{kind: okta, url: $base/okta, token: 'env:SANDBOX_OKTA_TOKEN'}",
    "entra": "{kind: entra, tenant: $tenant, client_id: $client, client_secret: 'env:SANDBOX_ENTRA_SECRET',\n"
    "          authority: $base/entra, graph: $base/entra, sign_ins_per_minute: 6000}",
    "onelogin": "{kind: onelogin, url: $base/onelogin, client_id: sandbox-onelogin-id,\n"
    "             client_secret: 'env:SANDBOX_ONELOGIN_SECRET'}",
    "scim-2": "{kind: scim, url: $base/scim/v2, token: 'env:SANDBOX_SCIM_TOKEN'}",
    "scim-1": "{kind: scim, url: $base/scim/v1, token: 'env:SANDBOX_SCIM_TOKEN'}",
}


class Target(NamedTuple):
    """One target: its connection, which groups stand for which, and what is kept in step."""

    connection: str
    map: dict[str, list[str]]
    update: str
    leaver: tuple[str, ...]
    rest: tuple[str, ...] = ()


JIRA = {
    "atl-jira-users": ["jira-software-users"],
    "atl-jira-dev": ["jira-software-users", "developers"],
}
CONFLUENCE = {"atl-confluence-users": ["confluence-users"]}
AGENTS = {"atl-jsm-agents": ["jsm-agents"]}
GONE = ("{after: 0d, do: revoke_seats}", "{after: 7d, do: deactivate}", "{after: 90d, do: delete}")
SEATS = ("{after: 0d, do: revoke_seats}",)
TARGETS = {
    "acme-cloud": Target(
        "{kind: atlassian_org, url: $base/atlassian, org: $org,\n"
        "               directory: $directory, key: 'env:SANDBOX_ORG_KEY'}",
        JIRA | CONFLUENCE | AGENTS,
        "display_name, email",
        GONE,
        (
            "inactive:",
            "  - {product: jira-software, idle: 90d, never_used_after: 60d, do: revoke_seat}",
        ),
    ),
    "acme-scim": Target(
        "{kind: atlassian_scim, url: $base/atlassian, directory: $scim, key: 'env:SANDBOX_SCIM_KEY'}",
        {name: [name] for name in (*JIRA, *CONFLUENCE, *AGENTS)},
        "display_name, email",
        ("{after: 0d, do: deactivate}", "{after: 90d, do: delete}"),
    ),
    "acme-jira": Target(
        "{kind: jira_cloud, url: $base/cloud/acme, email: admin@acme.test,\n"
        "              token: 'env:SANDBOX_SITE_TOKEN'}",
        JIRA | AGENTS,
        "",
        SEATS,
    ),
    "acme-confluence": Target(
        "{kind: confluence_cloud, url: $base/cloud/acme, email: admin@acme.test,\n"
        "                    token: 'env:SANDBOX_SITE_TOKEN'}",
        CONFLUENCE,
        "",
        SEATS,
    ),
    "legacy-jira": Target(
        "{kind: jira_dc, url: $base/jira, token: 'env:SANDBOX_DC_TOKEN'}",
        JIRA | AGENTS,
        "display_name, email",
        GONE,
    ),
    "legacy-confluence": Target(
        "{kind: confluence_dc, url: $base/confluence, token: 'env:SANDBOX_DC_TOKEN'}",
        CONFLUENCE,
        "display_name, email",
        GONE,
    ),
    "crowd": Target(
        "{kind: crowd, url: $base/crowd, application: seatwise,\n"
        "          password: 'env:SANDBOX_CROWD_PASSWORD'}",
        JIRA | CONFLUENCE,
        "display_name, email",
        GONE,
    ),
    "bitbucket": Target(
        "{kind: bitbucket_dc, url: $base/bitbucket, token: 'env:SANDBOX_DC_TOKEN'}",
        {"atl-jira-dev": ["bitbucket-users", "developers"]},
        "display_name, email",
        SEATS,
    ),
}

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
report: {idle: 60d, by: [department, cost_center], currency: USD}
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
    behind = {name: SOURCES[name] for name in sources} | {name: TARGETS[name].connection for name in targets}
    connections = "".join(f"  {name}: {text}\n" for name, text in behind.items())
    stated = "sources:\n" + "".join(f"  - from: {name}\n" for name in sources)
    # Another way into the same organisation would give back what disuse takes.
    alone = not {"acme-jira", "acme-scim", "acme-confluence"} & set(targets)
    rules = "targets:\n" + "".join(_rules(name, TARGETS[name], alone=alone) for name in targets)
    facts = {
        "base": base,
        "org": ORG_ID,
        "directory": DIRECTORY_ID,
        "scim": SCIM_DIRECTORY,
        "tenant": TENANT,
        "client": CLIENT,
    }
    known = Template(connections).substitute(facts)
    return _HEAD + known + stated + rules + _TAIL.substitute(count=max(50, people // 4))


def chosen(text: str, known: Iterable[str]) -> list[str]:
    """Return the names a text lists with commas between, or all that are known."""
    names = list(known) if text == "all" else [name.strip() for name in text.split(",")]
    if unknown := set(names) - set(known):
        raise ValueError(f"no {', '.join(sorted(unknown))} here; there are {', '.join(known)}, and all")
    return names


def _rules(name: str, target: Target, *, alone: bool) -> str:
    """What one target is told to hold."""
    removable = ", ".join(sorted({group for groups in target.map.values() for group in groups}))
    everyone = "" if name == "acme-scim" else "      default: {all: [all-staff]}\n"
    mapped = "".join(f"        {group}: [{', '.join(groups)}]\n" for group, groups in target.map.items())
    stages = "".join(f"      - {stage}\n" for stage in target.leaver)
    rest = "".join(f"    {line}\n" for line in target.rest if alone)
    create = "false" if name == "acme-confluence" else "true"
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
    joiner: {{create: {create}}}
    mover: {{update: [{target.update}], mode: authoritative}}
    leaver:
{stages}{rest}"""


def exports() -> str:
    """Return the shell lines that set the secrets the policy refers to."""
    return "\n".join(f"export {name}={value}" for name, value in SECRETS.items())


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
