"""Checking a connection: what its credential can read, and what this kind of target cannot do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from provisioning.model.findings import Finding, Refused
from transport.errors import TransportError

Probe: TypeAlias = Callable[[], object]
"""Reads a little; a Finding that it returns takes the place of `can be used`."""
Failure: TypeAlias = TransportError | Refused


class Limitation(NamedTuple):
    """What a kind of target cannot do, and what to do instead."""

    topic: str
    message: str
    remedy: str


def remedy_of(failure: Failure) -> str:
    """Return what the error itself advises."""
    return failure.remedy


def check_connection(
    name: str,
    probes: Mapping[str, Probe],
    limitations: Sequence[Limitation] = (),
    advise: Callable[[Failure], str] = remedy_of,
) -> list[Finding]:
    """Try every probe, and add what cannot be done there at all.

    Args:
        name: connection.
        probes: what to try, by topic.
        limitations: what this kind of target cannot do.
        advise: gives the remedy of a probe that failed.
    """
    findings = [_try(f"{name}: {topic}", probe, advise) for topic, probe in probes.items()]
    return findings + [
        Finding("warning", f"{name}: {topic}", message, remedy) for topic, message, remedy in limitations
    ]


def _try(subject: str, probe: Probe, advise: Callable[[Failure], str]) -> Finding:
    try:
        answer = probe()
    except (TransportError, Refused) as error:
        return Finding("error", subject, error.message, advise(error))
    return answer if isinstance(answer, Finding) else Finding("ok", subject, "can be used")
