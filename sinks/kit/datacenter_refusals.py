"""What Data Center's refusals mean, in plain words, and what to do about them."""

from __future__ import annotations

import re
from typing import Any

from transport.errors import TransportError

MEANINGS = (
    (
        re.compile(r"read[\s-]*only", re.IGNORECASE),
        "the account is in a read-only directory (LDAP or Crowd) and can only be changed there",
        "Change it in that directory, or protect the account in the policy.",
    ),
    (
        re.compile(r"\blead", re.IGNORECASE),
        "the account leads a project or component",
        "Give the project or component another lead, then run again.",
    ),
    (
        re.compile(r"licen[cs]e", re.IGNORECASE),
        "the licence has no seat left",
        "Free or buy seats, then run again.",
    ),
)
"""How a refusal is recognised, what it means and what to do."""


def sentences_of(body: Any) -> str:
    """Return the sentences of an error's body, whichever product wrote it."""
    if not isinstance(body, dict):
        return str(body or "")
    errors = body.get("errors")
    parts = [*(body.get("errorMessages") or ()), *(errors.values() if isinstance(errors, dict) else ())]
    parts += [one.get("message") for one in errors or () if isinstance(one, dict)]
    return " ".join(str(part) for part in [*parts, body.get("message")] if part)


def put_plainly(error: TransportError) -> TransportError:
    """Put an error in plain words; returns it."""
    words = sentences_of(error.body)
    for pattern, meaning, remedy in MEANINGS:
        if pattern.search(words):
            error.args, error.remedy = (f"{meaning}: {words}",), remedy
            return error
    if words:
        error.args = (words,)
    return error
