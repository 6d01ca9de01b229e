"""Changes of one person, made one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from provisioning.model.findings import Refused
from provisioning.model.frames import Change
from transport.errors import Malformed, ReadOnly, TransportError, UnknownOutcome


def make_each(changes: Iterable[Change], make: Callable[[Change], object]) -> dict[str, str]:
    """Make changes; one that fails, however it does, undoes none that was made before it.

    Returns:
        Change → why it was not made.

    Raises:
        UnknownOutcome, Malformed: nobody knows what was made; it is found out by reading.
        ReadOnly: nothing may be made.
    """
    failed: dict[str, str] = {}
    for change in changes:
        try:
            make(change)
        except (UnknownOutcome, Malformed, ReadOnly):
            raise
        except (Refused, TransportError) as error:
            failed[change.change_id] = str(error)
    return failed


def refuse_each(changes: Iterable[Change], permit: Callable[[Change], object]) -> dict[str, str]:
    """Find the changes that must not be made, before anything is sent.

    Returns:
        Change → why.
    """
    refused: dict[str, str] = {}
    for change in changes:
        try:
            permit(change)
        except Refused as error:
            refused[change.change_id] = str(error)
    return refused
