"""A policy file, ready to use, that points at a running sandbox."""

from __future__ import annotations

from pathlib import Path
from string import Template

from sandbox.atlassian_model import DIRECTORY_ID, ORG_ID

SECRETS = {"SANDBOX_OKTA_TOKEN": "sandbox-okta-token", "SANDBOX_ORG_KEY": "sandbox-org-key"}

_POLICY = Template(
    """\
# Keeps the Atlassian organisation of the sandbox in step with its Okta.
version: 1
ledger: sqlite:///seatwise.db
connections:
  okta-main: {kind: okta, url: $base/okta, token: 'env:SANDBOX_OKTA_TOKEN'}
  acme-cloud:
    kind: atlassian_org
    url: $base/atlassian
    org: $org
    directory: $directory
    key: 'env:SANDBOX_ORG_KEY'
sources:
  - from: okta-main
targets:
  - to: acme-cloud
    correlate: [link, external_id, email, user_name]
    attributes:
      display_name: {template: '{given_name} {family_name}'}
    groups:
      default: {all: [all-staff]}
      map:
        atl-jira-users: [jira-software-users]
        atl-jira-dev: [jira-software-users, developers]
        atl-confluence-users: [confluence-users]
        atl-jsm-agents: [jsm-agents]
      may_add: ['*']
      may_remove: [jira-software-users, confluence-users, jsm-agents, developers]
      manage: [jira-software-users, confluence-users, jsm-agents, developers]
    joiner: {create: true}
    mover: {update: [display_name, email], mode: authoritative}
    leaver:
      - {after: 0d, do: revoke_seats}
      - {after: 7d, do: deactivate}
      - {after: 90d, do: delete}
    inactive:
      - {product: jira-software, idle: 90d, never_used_after: 60d, do: revoke_seat}
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


def policy(base: str, people: int = 500) -> str:
    """Return the policy for a sandbox of that size which listens at `base`."""
    count = max(50, people // 4)
    return _POLICY.substitute(base=base, org=ORG_ID, directory=DIRECTORY_ID, count=count)


def exports() -> str:
    """Return the shell lines that set the secrets the policy refers to."""
    return "\n".join(f"export {name}={value}" for name, value in SECRETS.items())


def write(folder: Path, base: str, people: int = 500) -> Path:
    """Write policy.yaml and prices.yaml into a folder and return the path of the policy."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prices.yaml").write_text(PRICES, encoding="utf-8")
    path = folder / "policy.yaml"
    path.write_text(policy(base, people), encoding="utf-8")
    return path
