"""Whether a plan is safe to make without a person looking at it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """The judgement of a plan, with its numbers.

    Attributes:
        held: whether nothing may be written before a person has looked.
        reasons: why it is held or what was withheld, one plain sentence each, with numbers.
        destructive: destructive changes in the plan.
        linked: accounts joined with an identity.
        share: accounts that lose something, of the linked ones.
        withheld: destructive changes left out because a read was not complete.
    """

    held: bool
    reasons: list[str]
    destructive: int
    linked: int
    share: float
    withheld: int
