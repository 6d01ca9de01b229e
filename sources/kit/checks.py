"""What `seatwise check` finds out about a connection, in words that are the same for every source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from provisioning.model.findings import Finding
from provisioning.model.text import unmatched
from transport.errors import BadRequest, CredentialRefused, Forbidden, NotFound, TransportError

WITHHELD = (BadRequest, Forbidden, NotFound)
REFUSED = (*WITHHELD, CredentialRefused)
"""How a service says that a part of it is not to be had: by a plan, a right, a kind of tenant, or its age.

What a source can do without is then left out with a warning. A check takes the credential itself for
wrong where it is not accepted (401).
"""


def check_read(
    subject: str, read: Callable[[], object], *, permission: str | None = None, needed: bool = True
) -> Finding:
    """Say whether something can be read.

    Args:
        subject: the connection and what of it, such as `okta-main: users`.
        read: reads a little of it.
        permission: what the provider calls the right that a refusal lacks.
        needed: whether the source cannot do without; else a refusal is a warning.
    """
    try:
        read()
    except WITHHELD as refusal:
        lacks = permission and isinstance(refusal, Forbidden)
        remedy = f"Grant the application permission {permission}." if lacks else refusal.remedy
        if needed:
            return Finding("error", subject, refusal.message, remedy)
        return Finding("warning", subject, f"stay unknown: {refusal.message}", remedy)
    except TransportError as error:
        return Finding("error", subject, error.message, error.remedy)
    return Finding("ok", subject, "can be read")


def check_patterns(
    connection: str,
    option: str,
    patterns: Iterable[str],
    read_names: Callable[[], Iterable[str | None]],
    *,
    what: str = "group",
) -> Iterator[Finding]:
    """Warn of each pattern of a connection that fits no name.

    Names are read only where a pattern could fit none: `*` fits whatever there is.

    Args:
        connection: its name.
        option: the option that holds the patterns.
        patterns: as the connection states them.
        read_names: reads the names of all there are; what cannot be read is told by another check.
        what: what bears the names.
    """
    stated = [pattern for pattern in patterns if pattern.strip("*")]
    if not stated:
        return
    try:
        names = [name for name in read_names() if name]
    except TransportError:
        return
    for pattern in unmatched(stated, names):
        yield Finding(
            "warning",
            f"{connection}: {option}",
            f"pattern '{pattern}' fits no {what} of {connection}",
            f"Correct it under `{option}` of connection {connection}, or create such a {what}; "
            "until then it selects nobody.",
        )
