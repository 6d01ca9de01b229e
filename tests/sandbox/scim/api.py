"""A few lines to call the SCIM faces with."""

from __future__ import annotations

from typing import Any

import requests

from sandbox.running import Running

TOKEN = "sandbox-scim-token"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Scim:
    """Requests below one of the faces."""

    def __init__(self, sandbox: Running, version: str = "v2") -> None:
        """Choose the version, v1 or v2."""
        self.base = f"{sandbox.url}/scim/{version}"

    def __call__(
        self, method: str, path: str, json: Any = None, headers: dict[str, str] | None = None, **params: Any
    ) -> requests.Response:
        """Return the answer to one request."""
        head = {"Authorization": f"Bearer {TOKEN}", "Connection": "close", **(headers or {})}
        return requests.request(method, self.base + path, json=json, params=params, headers=head, timeout=10)

    def walk(self, path: str, count: int, **params: Any) -> list[dict[str, Any]]:
        """Return every resource of a list, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            page = self("GET", path, startIndex=len(found) + 1, count=count, **params).json()
            found += page.get("Resources", [])
            if len(found) >= page["totalResults"]:
                return found

    def patch(self, path: str, *operations: dict[str, Any]) -> requests.Response:
        """Send operations of SCIM 2.0."""
        return self("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})
