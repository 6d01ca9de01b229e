"""Making a group, on every target alike: one that is there already is as good as one that was made."""

from __future__ import annotations

from collections.abc import Callable

from provisioning.model.text import fold, folded
from sinks import ALREADY, Applied
from sinks.kit.target_reader import TargetReader
from transport.errors import BadRequest, Conflict


def make_group(name: str, send: Callable[[], object], reader: TargetReader) -> Applied:
    """Send the request that makes a group; no account belongs to it.

    Raises:
        TransportError: it did not happen, or its outcome is not known.
    """
    try:
        send()
    except (BadRequest, Conflict):
        groups = reader.observe([], [], [name]).groups
        if groups is None or fold(name) not in set(folded(groups["name"])):
            raise
        return Applied(None, message=ALREADY)
    return Applied(None)
