"""Writes on managed accounts: the life, profile and e-mail address of people whose domain is claimed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from provisioning.model.findings import Refused
from provisioning.model.terms import Action
from transport.client import Client
from transport.errors import TransportError

PROFILE_FIELDS = {
    "display_name": ("name",),
    "title": ("extended_profile", "job_title"),
    "department": ("extended_profile", "department"),
    "organization": ("extended_profile", "organization"),
}
"""Where a column of Accounts stands in a profile."""

LIFECYCLE = {
    Action.DEACTIVATE: "disable",
    Action.REACTIVATE: "enable",
    Action.DELETE: "delete",
    Action.CANCEL_DELETE: "cancel-delete",
}
ACTIONS = frozenset({*LIFECYCLE, Action.UPDATE, Action.UPDATE_EMAIL})
"""What only the organisation that claims the account's domain may do."""

WORDS = {
    "forbidden": ("this key may not manage accounts", "Make an organisation API key without scopes."),
    "forbidden.action": (
        "this account's state is kept elsewhere, often by an identity provider that is synced",
        "Change it in that identity provider.",
    ),
    "forbidden.fieldMutation": (
        "a field of the profile is kept elsewhere",
        "Change it in the identity provider, or leave the field out of `mover: update`.",
    ),
    "forbidden.targetUnverified": (
        "the account has not verified its e-mail address",
        "Let the person verify the address, or remove the account from the directory instead.",
    ),
    "forbidden.unclaimedDomain": (
        "the new address is in a domain the organisation has not claimed",
        "Claim the domain on the admin site, then run again.",
    ),
    "fieldConstraintsViolated": (
        "a value is too long or malformed",
        "Shorten the value in the identity provider.",
    ),
    "conflict.lifecycleErrors": (
        "the account cannot go to that state now",
        "Look at its state and plan again.",
    ),
    "accountNotFound": ("no such account", "Read the target again."),
}
"""What the keys of an error mean, and what to do."""
TAKEN = frozenset({"unique", "taken", "exists", "alreadyExists", "duplicate", "inUse"})
"""Rules that an address breaks which another account bears."""
ADDRESS_TAKEN = (
    "the address is taken: another Atlassian account bears it",
    "Give that account another address or delete it, then run again.",
)


class ManagedAccounts:
    """The user management API."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def write(self, action: Action, account_id: str, after: Mapping[str, Any]) -> None:
        """Make one change.

        Raises:
            Refused: the change asks for what no profile has; nothing was sent.
            TransportError: it did not happen, in plain words.
        """
        try:
            self._write(action, account_id, after)
        except TransportError as error:
            raise plainly(error) from None

    def may(self, account_id: str) -> None:
        """Ask what the key may do with an account; raises where it may not even ask."""
        try:
            self._client.get(f"{_home(account_id)}", {"privileges": "lifecycle.enablement"})
        except TransportError as error:
            raise plainly(error) from None

    def _write(self, action: Action, account_id: str, after: Mapping[str, Any]) -> None:
        if action == Action.UPDATE:
            self._client.write("PATCH", f"{_home(account_id)}/profile", profile(after))
        elif action == Action.UPDATE_EMAIL:
            self._client.write("PUT", f"{_home(account_id)}/email", {"email": after["email"]})
        else:
            self._client.write("POST", f"{_home(account_id)}/lifecycle/{LIFECYCLE[action]}")


def _home(account_id: str) -> str:
    return f"/users/{quote(account_id, safe=':')}/manage"


def profile(after: Mapping[str, Any]) -> dict[str, Any]:
    """The body that brings a profile to what a change wants.

    Raises:
        Refused: a wanted field is none of a profile.
    """
    if strange := sorted(set(after) - set(PROFILE_FIELDS)):
        raise Refused(
            f"an Atlassian profile has no {', '.join(strange)}",
            remedy=f"Leave it out of `mover: update`; there are {', '.join(PROFILE_FIELDS)}.",
        )
    body: dict[str, Any] = {}
    for name, value in after.items():
        *parents, field = PROFILE_FIELDS[name]
        place = body
        for parent in parents:
            place = place.setdefault(parent, {})
        place[field] = value
    return body


def plainly(error: TransportError) -> TransportError:
    """The same error in plain words, where its body holds a key that has some."""
    body = error.body if isinstance(error.body, dict) else {}
    if key := body.get("key"):
        words, remedy = WORDS.get(str(key), (str(key), error.remedy))
        broken = list(_violations(body.get("context")))
        if any(field == "email" and rule in TAKEN for field, rule in broken):
            words, remedy = ADDRESS_TAKEN
        elif broken:
            words = f"{words}: " + ", ".join(f"{field} ({rule})" for field, rule in broken)
        error.args, error.remedy = (words,), remedy
    return error


def _violations(context: Any) -> Iterator[tuple[str, str]]:
    """Fields that an error blames, each with the rule that it breaks."""
    for broken in _rows_in(context, "fieldViolations"):
        for rule in _rows_in(broken, "violations"):
            yield str(broken.get("field")), str(rule.get("key"))


def _rows_in(body: Any, key: str) -> list[Mapping[str, Any]]:
    listed = body.get(key) if isinstance(body, dict) else None
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
