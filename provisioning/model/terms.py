"""The words that frames hold: every state, kind, action and reason, declared once."""

from __future__ import annotations

from enum import StrEnum

Unknown = frozenset[tuple[str, str]]
"""Accounts, each with a kind of entitlement of which nobody told what it holds."""


class State(StrEnum):
    """Where an identity stands in its life, or an account in its target."""

    STAGED = "staged"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEPARTED = "departed"


class AccountState(StrEnum):
    """What a target says of an account."""

    ACTIVE = "active"
    INVITED = "invited"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"


class EntitlementKind(StrEnum):
    """What sort of entitlement an account has."""

    GROUP = "group"
    ROLE = "role"
    PRODUCT = "product"


class Action(StrEnum):
    """Every write a plan may hold; a sink states which of them it can do."""

    CREATE_GROUP = "create_group"
    CREATE = "create"
    UPDATE = "update"
    UPDATE_EMAIL = "update_email"
    GRANT = "grant"
    REVOKE = "revoke"
    SUSPEND = "suspend"
    RESTORE = "restore"
    DEACTIVATE = "deactivate"
    REACTIVATE = "reactivate"
    REMOVE = "remove"
    DELETE = "delete"
    CANCEL_DELETE = "cancel_delete"


class Activity(StrEnum):
    """What is known of the use of a seat; `unknown` is never taken for inactivity."""

    USED = "used"
    NEVER = "never"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """How a change ended."""

    APPLIED = "applied"
    PROPAGATING = "propagating"
    STALE = "stale"
    FAILED = "failed"
    BLOCKED = "blocked"


class Billing(StrEnum):
    """How a product is paid for."""

    MONTHLY = "monthly"
    ANNUAL = "annual"
    DATA_CENTER = "data_center"


class Covers(StrEnum):
    """What the price of one line of a price book covers."""

    EACH = "each"
    FLAT = "flat"
    WHOLE = "whole"


class Unit(StrEnum):
    """What a contract counts."""

    USER = "user"
    """Every account with access, on each site anew."""
    AGENT = "agent"
    """The same, as service management calls them."""
    UNIQUE_USER = "unique_user"
    """A person once, on however many of the contract's sites."""
    MANAGED_ACCOUNT = "managed_account"
    """A person once, who has any product."""
    HOST = "host"
    """An app: as many as the largest product of its host family on the site has."""


class Deployment(StrEnum):
    """Where a target's products run; a directory only leads to them and bills nothing itself."""

    CLOUD = "cloud"
    DATA_CENTER = "data_center"
    DIRECTORY = "directory"


class Basis(StrEnum):
    """What tells that a seat is held."""

    ACCESS = "access"
    """The target lists who has access."""
    USE = "use"
    """Only a last use is told, so seats never used and free roles do not show."""
    GROUPS = "groups"
    """It follows from groups and roles that open the product."""


class Lane(StrEnum):
    """What is to become of a paid seat that seems to be needed by nobody."""

    READY = "ready"
    REVIEW = "review"
    PROTECTED = "protected"


class WasteReason(StrEnum):
    """Why a paid seat seems to be waste, most certain first: the order is the precedence."""

    LEAVER = "leaver"
    SUSPENDED = "suspended"
    DUPLICATE = "duplicate"
    ORPHAN = "orphan"
    NEVER_USED = "never_used"
    IDLE = "idle"
