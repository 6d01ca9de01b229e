"""A stable name of a credential that does not tell it, for sharing a pace."""

from __future__ import annotations

import hashlib

from pydantic import SecretStr


def label(secret: SecretStr) -> str:
    """Return twelve letters that are the same for the same secret."""
    return hashlib.sha256(secret.get_secret_value().encode()).hexdigest()[:12]
