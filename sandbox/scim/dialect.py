"""What tells SCIM 2.0 and SCIM 1.1 apart: schemas, shapes of lists and errors, media types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.kit.world import Reply, Request, json_reply
from sandbox.scim.errors import ScimError
from sandbox.scim.xml import to_xml

XML = "application/xml"


@dataclass(frozen=True)
class Dialect:
    """One version of SCIM.

    Attributes:
        name: Name of the face.
        prefix: Where it is served.
        user, group: Schemas of the resources.
        enterprise: Schema of the enterprise extension.
        hr: Schema of the company's own extension (hireDate, terminationDate, lastLogin).
        lists: Schemas of a list.
        media: What JSON answers call themselves.
    """

    name: str
    prefix: str
    user: str
    group: str
    enterprise: str
    hr: str
    lists: tuple[str, ...]
    media: str

    @property
    def old(self) -> bool:
        """Whether this is SCIM 1.1."""
        return self.name == "scim1"

    def reply(self, request: Request, body: Any, status: int = 200, root: str = "Response") -> Reply:
        """Return an answer as JSON, or as XML where SCIM 1.1 is asked for it."""
        if self.old and XML in request.headers.get("accept", ""):
            return Reply(status, to_xml(root, body), kind=XML)
        reply = json_reply(body, status)
        reply.kind = self.media
        return reply

    def error(self, request: Request, problem: ScimError) -> Reply:
        """Return a refusal; both versions write the status as text."""
        status = str(problem.status)
        if self.old:
            errors = [{"description": problem.detail, "code": status}]
            body: dict[str, Any] = {"schemas": [self.user], "Errors": errors, "detail": problem.detail}
        else:
            schema = "urn:ietf:params:scim:api:messages:2.0:Error"
            body = {"schemas": [schema], "status": status, "detail": problem.detail}
            if problem.word:
                body["scimType"] = problem.word
        return self.reply(request, body, problem.status)


V2 = Dialect(
    name="scim2",
    prefix="/scim/v2",
    user="urn:ietf:params:scim:schemas:core:2.0:User",
    group="urn:ietf:params:scim:schemas:core:2.0:Group",
    enterprise="urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    hr="urn:ietf:params:scim:schemas:extension:acme:2.0:User",
    lists=("urn:ietf:params:scim:api:messages:2.0:ListResponse",),
    media="application/scim+json",
)
V1 = Dialect(
    name="scim1",
    prefix="/scim/v1",
    user="urn:scim:schemas:core:1.0",
    group="urn:scim:schemas:core:1.0",
    enterprise="urn:scim:schemas:extension:enterprise:1.0",
    hr="urn:scim:schemas:extension:acme:1.0",
    lists=("urn:scim:schemas:core:1.0", "urn:scim:schemas:core:1.0:ListResponse"),
    media="application/json",
)
