"""Making a group, on every target alike: one that is there already is as good as one that was made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sinks import Applied, Observation
from transport.errors import BadRequest, Conflict


class Eyes(Protocol):
    """What can look for a group."""

    def observe(
        self, account_ids: Sequence[str], emails: Sequence[str], groups: Sequence[str] = ()
    ) -> Observation:
        """Read a few accounts afresh, and find a few groups by name."""


def make_group(name: str, send: Callable[[], object], eyes: Eyes) -> Applied:
    """Send the request that makes a group; no account belongs to it.

    Raises:
        TransportError: it did not happen, or its outcome is not known.
    """
    try:
        send()
    except (BadRequest, Conflict):
        found = eyes.observe([], [], [name]).groups
        if found is None or name.casefold() not in set(found["name"].str.casefold()):
            raise
        return Applied(None, message="it was so already")
    return Applied(None)
