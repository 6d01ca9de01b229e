"""A plain client of the simulated Atlassian whose every answer is judged by the specification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

from sandbox.kit.cloud_model import DIRECTORY_ID, ORG_ID
from sandbox.running import Running
from tests.sandbox.specs import FOLDER, Spec

KEY, SCOPED = "sandbox-org-key", "sandbox-scoped-key"
ORG = f"/admin/v2/orgs/{ORG_ID}"
HOME = f"{ORG}/directories/{DIRECTORY_ID}"
V1 = f"/admin/v1/orgs/{ORG_ID}"
ALL = ["productAccess", "groups", "platformRoles", "counts.resources"]
# Groups and use are told of apps and customers too, whom the specification's narrow word leaves out.
BEYOND = ("app", "customer")


class Api:
    """Requests to the administration APIs with one key."""

    def __init__(self, sandbox: Running, key: str | None = KEY) -> None:
        """Prepare a session; nothing is sent."""
        self.sandbox = sandbox
        self.session = requests.Session()
        if key:
            self.session.headers["Authorization"] = f"Bearer {key}"
        self._specs = _specs()

    def call(self, method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        """Send one request and judge the answer."""
        answer = self.session.request(method, f"{self.sandbox.url}/atlassian{path}", json=json, **options)
        self._judge(method, path.partition("?")[0], answer)
        return answer

    def get(self, path: str, **options: Any) -> Any:
        """Read what must be there."""
        answer = self.call("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def search(self, what: str = "users", **body: Any) -> Any:
        """One page of a search that must succeed."""
        answer = self.call("POST", f"{HOME}/{what}/search", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self, what: str = "users", **body: Any) -> Iterator[Any]:
        """All pages of a search, by cursor alone from the second on."""
        page = self.search(what, **body)
        yield page
        while token := page["links"].get("next"):
            page = self.search(what, cursor=token)
            yield page

    def users(self, **body: Any) -> list[dict[str, Any]]:
        """All accounts a search finds."""
        return [row for page in self.pages(**{"limit": 100, **body}) for row in page["data"]]

    def user(self, email: str, **body: Any) -> dict[str, Any]:
        """The one account of an address."""
        (row,) = self.search(emails=[email], expand=ALL, **body)["data"]
        found: dict[str, Any] = row
        return found

    def group(self, name: str) -> dict[str, Any]:
        """The one group of a name, with its counts."""
        (row,) = self.search("groups", groupNames=[name], expand=["counts.users", "counts.resources"])["data"]
        found: dict[str, Any] = row
        return found

    def state(self) -> dict[str, Any]:
        """What is true of the organisation."""
        found: dict[str, Any] = requests.get(f"{self.sandbox.url}/_sandbox/state", timeout=30).json()[
            "atlassian"
        ]
        return found

    def _judge(self, method: str, path: str, answer: requests.Response) -> None:
        spec = self._specs.get(path.split("/")[1])
        if spec is None:
            return
        body = answer.json() if answer.content else None
        if path.endswith("/users/search") and answer.status_code == 200:
            body = {**body, "data": [row for row in body["data"] if row["accountType"] not in BEYOND]}
        spec.check(method, path.removeprefix("/admin"), answer.status_code, body)


def _specs() -> dict[str, Spec]:
    if not FOLDER.exists():
        return {}
    return {"admin": organizations(), "users": management()}


def organizations() -> Spec:
    """The Organizations API's specification."""
    return Spec.named("atlassian-admin-organizations-2026-08.json")


def management() -> Spec:
    """The User management API's specification."""
    return Spec.named("atlassian-admin-user-management-2026-08.json")


def code(answer: requests.Response) -> tuple[int, str]:
    """Status and application code of an error."""
    return answer.status_code, answer.json()["errors"][0]["code"]
