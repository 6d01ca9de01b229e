"""The names of what is known of an identity: the columns of `frames.Identities`, in their order.

A policy names them and is read without any frame; a test holds these names to those of the frame.
"""

from __future__ import annotations

TEXTS = (
    "source",
    "source_id",
    "user_name",
    "email",
    "state",
    "source_state",
    "given_name",
    "family_name",
    "display_name",
    "department",
    "cost_center",
    "organization",
    "title",
    "user_type",
    "employee_number",
    "manager",
)
TIMES = ("hired_on", "leaves_on", "created_on", "last_sign_in")
ATTRIBUTES = (*TEXTS, *TIMES)
LAST, NEVER, STALENESS = "last_sign_in", "never_signed_in", "sign_in_staleness"
SIGN_IN = (LAST, NEVER, STALENESS)
"""What says when somebody last signed in; a policy names the first, which stands for all three."""
