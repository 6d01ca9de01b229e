"""What a write may ask of the target it writes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from provisioning.model.findings import Refused
from sinks import Observation


class TargetReader(Protocol):
    """Reads a few accounts and groups afresh; every sink does."""

    @property
    def name(self) -> str:
        """Connection."""

    def observe(
        self,
        account_ids: Sequence[str],
        emails: Sequence[str],
        groups: Sequence[str] = (),
        user_names: Mapping[str, str] | None = None,
    ) -> Observation:
        """Read a few accounts afresh, and find a few groups by name."""


def find_account(reader: TargetReader, email: str) -> str:
    """Find the account that an earlier, interrupted run created.

    Raises:
        Refused: there is none, or more than one.
    """
    account_ids = reader.observe([], [email]).accounts["account_id"].tolist()
    if len(account_ids) != 1:
        raise Refused(f"{email} has no account yet", remedy="Run again; the next plan creates the account.")
    return str(account_ids[0])
