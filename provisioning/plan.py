"""The plan: ordered changes under a fingerprint, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Plan:
    """What one run would write to one target.

    Attributes:
        target: connection that is written.
        changes: Changes frame in the order of execution.
        fingerprint: sha256 over the target, the policy's fingerprint and the changes, whatever their order.
        policy_fingerprint: `Policy.fingerprint()` of the policy that decided.
    """

    target: str
    changes: pd.DataFrame
    fingerprint: str
    policy_fingerprint: str
