"""Plain clients of the simulated Data Center whose every answer is judged by the product's specification."""

from __future__ import annotations

from typing import Any

import requests

from sandbox.running import Running
from tests.sandbox.specs import FOLDER, Spec

TOKEN, READER = "sandbox-dc-token", "sandbox-dc-reader"
CALLER, PASSWORD = "seatwise-svc", "sandbox-dc-password"
# Lists that the specification declares as a single item.
LISTS = ("/user/search", "/applicationrole")


class Api:
    """Requests to one product with one token."""

    def __init__(self, sandbox: Running, product: str, spec: str | None = None, token: str = TOKEN) -> None:
        """Prepare a session; nothing is sent."""
        self.sandbox, self.product = sandbox, product
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"
        self._spec = Spec.named(spec) if spec and FOLDER.exists() else None

    def call(
        self, method: str, path: str, json: Any = None, *, judge: bool = True, **more: Any
    ) -> requests.Response:
        """Send one request, its path below the product's own, and judge the answer."""
        url = f"{self.sandbox.url}/{self.product}{path}"
        answer = self.session.request(method, url, json=json, timeout=30, **more)
        if judge and self._spec:
            self._judge(method, path.partition("?")[0], answer)
        return answer

    def get(self, path: str, **query: Any) -> Any:
        """Read what must be there."""
        answer = self.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def state(self) -> Any:
        """What is true of the product."""
        return requests.get(f"{self.sandbox.url}/_sandbox/state", timeout=30).json()[self.product]

    def _judge(self, method: str, path: str, answer: requests.Response) -> None:
        assert self._spec is not None
        path = path if self.product == "confluence" else path.removeprefix("/rest")
        bodies = [answer.json() if answer.content else None]
        if isinstance(bodies[0], list) and path.endswith(LISTS):
            bodies = bodies[0]
        if isinstance(bodies[0], dict) and path.endswith("/group/member") and self.product == "jira":
            bodies = bodies[0].get("values", bodies)
        for body in bodies:
            self._spec.check(method, path, answer.status_code, _as_specified(body))


def _as_specified(body: Any) -> Any:
    """An error without what servers write otherwise than specified: an empty list, a null context."""
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("data"), dict):
        return {**body, "data": {**body["data"], "errors": {}}}
    if isinstance(body.get("errors"), list):
        return {"errors": [{**one, "context": one["context"] or ""} for one in body["errors"]]}
    return body
