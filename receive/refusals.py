"""What the service says no with; an administrator reads it in the console of the identity provider.

Each names the field and what to do, in one sentence, and nothing of how the service is made.
"""

from __future__ import annotations

from typing import Any, NamedTuple

ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"


class Refusal(Exception):
    """A request that is not done.

    Attributes:
        status: of the answer.
        kind: SCIM's word for it, such as `uniqueness`; None where it has none.
        headers: further headers of the answer.
    """

    def __init__(
        self, status: int, detail: str, kind: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Keep what the answer says."""
        super().__init__(detail)
        self.status, self.detail, self.kind, self.headers = status, detail, kind, headers or {}


class Shape(NamedTuple):
    """How the two versions write an error."""

    old: bool

    def body(self, refusal: Refusal) -> dict[str, Any]:
        """The body of an answer."""
        if self.old:
            # Okta reads `detail`, other clients of the old version the list.
            errors = [{"description": refusal.detail, "code": refusal.status}]
            return {"schemas": ["urn:scim:schemas:core:1.0"], "Errors": errors, "detail": refusal.detail}
        kind = {"scimType": refusal.kind} if refusal.kind else {}
        # The status is a text by the standard, and Okta compares it with one.
        return {
            "schemas": [ERROR_SCHEMA],
            "status": str(refusal.status),
            **kind,
            "detail": refusal.detail,
        }


def bad_value(detail: str) -> Refusal:
    """A value that cannot be taken."""
    return Refusal(400, detail, "invalidValue")


def bad_path(detail: str) -> Refusal:
    """A path of a PATCH that leads nowhere."""
    return Refusal(400, detail, "invalidPath")


def bad_filter(detail: str) -> Refusal:
    """A filter that cannot be answered."""
    return Refusal(400, detail, "invalidFilter")


def bad_syntax(detail: str) -> Refusal:
    """A body that is no JSON object."""
    return Refusal(400, detail, "invalidSyntax")
