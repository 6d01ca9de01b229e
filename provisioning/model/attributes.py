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
