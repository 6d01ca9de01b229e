"""What the codes of the organisation's refusals mean, and what to do about them."""

from __future__ import annotations

from transport.errors import TransportError

MEANINGS = {
    "ADMIN-403-3": (
        "the key may not manage this organisation",
        "Make an API key of this organisation, without scopes.",
    ),
    "ADMIN-403-5": (
        "the group is kept by an external directory, so its members cannot be changed here",
        "Change the membership in that directory, or take the group out of the policy.",
    ),
    "ADMIN-403-6": (
        "the group is the default of a product",
        "Choose another default group of the product on the admin site first.",
    ),
    "ADMIN-403-7": (
        "the group gives administration rights",
        "Change it on the admin site.",
    ),
    "ADMIN-409-3": (
        "the product has no seat left",
        "Free or buy seats, then run again.",
    ),
    "ADMIN-UAM-400-2": (
        "the account is not active",
        "Restore or reactivate the account first.",
    ),
    "ADMIN-UAM-400-4": (
        "the organisation has no such product",
        "Correct the product in the policy.",
    ),
    "ADMIN-UAM-402-1": (
        "the subscription does not cover it",
        "Check the plan and the payment of the product.",
    ),
    "ADMIN-UAM-409-3": (
        "the product has no seat left",
        "Free or buy seats, then run again.",
    ),
}
"""Code of an error: what it means and what to do."""


def put_plainly(error: TransportError) -> TransportError:
    """Put an error in plain words where its code has some, before Atlassian's own; returns it."""
    meaning = MEANINGS.get(_code(error.body))
    if meaning is not None:
        words, remedy = meaning
        error.args, error.remedy = (f"{words} ({error.args[0]})",), remedy
    return error


def _code(body: object) -> str:
    """The code of the first error in the body of an answer; "" where it has none."""
    errors = body.get("errors") if isinstance(body, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    return str(first.get("code") or "") if isinstance(first, dict) else ""
