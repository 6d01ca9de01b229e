"""What an Atlassian organisation is made of: products, groups, accounts and their use.

Nothing here knows a route or a company; the rules that change these values are in `sandbox.kit.cloud_state`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox.company.people import ACTIVE, Person
from sandbox.kit.cloud_log import Object

ORG_ID = "5e1f0a52-0000-4000-8000-000000000001"
ORG_NAME = "Acme"
DIRECTORY_ID = "5e1f0a52-0000-4000-8000-0000000000d1"
DIRECTORY_NAME = "Primary Directory"
CLOUD_ID = "5e1f0a52-0000-4000-8000-0000000000c1"
SITE = "acme"
HOST = "acme.atlassian.net"
DOMAIN = "acme.test"
DOMAIN_ID = "5e1f0a52-0000-4000-8000-0000000000e1"
GRACE = timedelta(days=14)

USER, ADMIN, CUSTOMER = "atlassian/user", "atlassian/admin", "atlassian/customer"
ORG_ADMIN, SITE_ADMIN = "atlassian/org-admin", "atlassian/site-admin"
ACCESS_ADMIN = "atlassian/user-access-admin"
BILLED_ROLES = frozenset({USER, ADMIN})
ACCESS_ROLES = frozenset(
    {
        USER,
        ADMIN,
        CUSTOMER,
        "atlassian/guest",
        "atlassian/contributor",
        "atlassian/basic",
        "atlassian/stakeholder",
    }
)
PLATFORM_ROLES = (ORG_ADMIN, SITE_ADMIN, ACCESS_ADMIN)
ROLES = ACCESS_ROLES | frozenset(PLATFORM_ROLES) | {"atlassian/ai-access"}


class RefusedError(Exception):
    """Atlassian says no: HTTP status, application code and sentence."""

    def __init__(self, status: int, code: str, title: str) -> None:
        super().__init__(title)
        self.status, self.code, self.title = status, code, title


@dataclass(frozen=True, slots=True)
class Product:
    """One app on the one site, under every name Atlassian gives it."""

    key: str
    old_key: str
    name: str
    label: str
    old_label: str
    plan: str

    @property
    def resource(self) -> str:
        return f"ari:cloud:{self.key}::site/{CLOUD_ID}"


JIRA = Product("jira-software", "jira-software", "Jira Software", "Jira", "Jira Software", "Premium")
CONFLUENCE = Product("confluence", "confluence", "Confluence", "Confluence", "Confluence", "Standard")
JSM = Product(
    "jira-servicedesk",
    "jira-service-desk",
    "Jira Service Management",
    "Jira Service Management",
    "Jira Service Desk",
    "Standard",
)
PRODUCTS = {product.resource: product for product in (JIRA, CONFLUENCE, JSM)}
SITE_RESOURCE = f"ari:cloud:platform::site/{CLOUD_ID}"
ORG_RESOURCE = f"ari:cloud:platform::org/{ORG_ID}"
# The invite reference writes Jira's ARI without the product's last name.
ALIASES = {f"ari:cloud:jira::site/{CLOUD_ID}": JIRA.resource}


@dataclass(slots=True)
class Use:
    """How an account uses one product: from a day on, about every `every` days, until it stops."""

    since: datetime
    every: int
    until: datetime | None = None

    def last(self, now: datetime, left: datetime | None = None) -> datetime | None:
        """Latest activity before `now` and before the day its person left; None if there was none yet."""
        if now < self.since:
            return None
        end = min(at for at in (now, self.until, left) if at is not None)
        on = end - timedelta(days=self.every + 1)
        hour = self.since.timetz()
        return max(self.since, datetime.combine(on.date(), hour))


@dataclass(slots=True, eq=False)
class Group:
    """A group; `members` holds the positions of accounts, sorted only when read."""

    group_id: str
    name: str
    description: str = ""
    roles: dict[str, set[str]] = field(default_factory=dict)
    synced: bool = False
    deletable: bool = True
    visible_from: float = 0.0
    members: set[int] = field(default_factory=set)
    _ordered: list[int] | None = None

    @property
    def ari(self) -> str:
        return f"ari:cloud:identity::group/{self.group_id}"

    @property
    def entry(self) -> Object:
        """How the audit log names it."""
        return Object("group", self.ari, self.name)

    def add(self, position: int) -> None:
        self.members.add(position)
        self._ordered = None

    def drop(self, position: int) -> None:
        self.members.discard(position)
        self._ordered = None

    def ordered(self) -> list[int]:
        if self._ordered is None:
            self._ordered = sorted(self.members)
        return self._ordered


@dataclass(slots=True, eq=False)
class Account:
    """An account as Atlassian sees it; `person` is the truth only the sandbox knows."""

    position: int
    account_id: str
    email: str
    name: str
    added_on: datetime
    kind: str = "atlassian"
    person: Person | None = None
    nickname: str = ""
    job_title: str | None = None
    department: str | None = None
    organization: str | None = "Acme"
    location: str | None = None
    time_zone: str = "Europe/Paris"
    locale: str = "en-US"
    status: str = "active"
    membership: str = "active"
    source: str | None = "invited"
    managed: bool = True
    verified: bool = True
    mfa: bool = False
    mentionable: bool = True
    deactivated_on: datetime | None = None
    deletion_from: datetime | None = None
    block_message: str | None = None
    synced: bool = False
    groups: set[str] = field(default_factory=set)
    direct: dict[str, set[str]] = field(default_factory=dict)
    use: dict[str, Use] = field(default_factory=dict)
    tokens: list[dict[str, str]] = field(default_factory=list)
    revision: int = 0

    @property
    def entry(self) -> Object:
        """How the audit log names it."""
        return Object("user", self.account_id, self.name)

    @property
    def composite(self) -> str:
        """The one word the search shows for account state and membership together."""
        if self.deletion_from:
            return "for_deletion"
        if self.status != "active":
            return "deactivated"
        return {"active": "active", "suspended": "suspended", "no_membership": "not_invited"}[self.membership]

    @property
    def left(self) -> datetime | None:
        """When its person went, which ends all use of it."""
        person = self.person
        return None if person is None or person.state == ACTIVE else person.leaves_on or person.status_changed

    @property
    def works(self) -> bool:
        """Whether the account can use what it holds, and is therefore billed for it."""
        return self.status == "active" and self.membership == "active"


def stamp(at: datetime) -> str:
    """ISO time with milliseconds, as most fields have it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def fine_stamp(at: datetime, salt: int) -> str:
    """ISO time with nine fractional digits, as `lastActiveTimestamp` has it."""
    digits = (at.microsecond * 1000 + salt * 7919) % 1_000_000_000
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{digits:09d}Z"
