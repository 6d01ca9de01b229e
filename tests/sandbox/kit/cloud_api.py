"""Plain clients of the Cloud site and of user provisioning, whose every answer a specification judges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from sandbox.atlassian_scim.state import DIRECTORY
from sandbox.running import Running
from tests.sandbox.specs import FOLDER, Spec

ADMIN = ("admin@acme.test", "sandbox-api-token")
SCIM_KEY = "sandbox-scim-key"
Mend = Callable[[str, Any], Any]


class Judged:
    """Requests below one address, each answer held against one specification.

    Args:
        sandbox: what is asked.
        home: path of the face.
        spec: file of the specification.
        below: path at which the specification begins.
        mend: changes a body in the few places where the service is known to differ from its specification.
    """

    def __init__(
        self, sandbox: Running, home: str, spec: str, *, below: str = "", mend: Mend | None = None
    ) -> None:
        """Prepare a session; nothing is sent."""
        self.sandbox, self.home, self._below = sandbox, home, below
        self.session = requests.Session()
        self._spec = Spec.named(spec) if FOLDER.exists() else None
        self._mend = mend or (lambda _path, body: body)

    def call(self, method: str, path: str, json: Any = None, **options: Any) -> requests.Response:
        """Send one request and judge the answer."""
        answer = self.session.request(
            method, f"{self.sandbox.url}{self.home}{path}", json=json, timeout=30, **options
        )
        if self._spec is not None:
            kind = answer.headers.get("Content-Type", "")
            body = self._mend(path, answer.json()) if answer.content and "json" in kind else None
            whole = self._below + path.partition("?")[0]
            self._spec.check(method, whole, answer.status_code, body)
        return answer

    def get(self, path: str, **params: Any) -> Any:
        """Read what must be there."""
        answer = self.call("GET", path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def truth(self) -> dict[str, Any]:
        """What is true of the organisation."""
        found: dict[str, Any] = requests.get(f"{self.sandbox.url}/_sandbox/state", timeout=30).json()
        return found

    def account(self, email: str) -> dict[str, Any]:
        """One account as the organisation holds it."""
        found: dict[str, Any] = requests.get(
            f"{self.sandbox.url}/_sandbox/atlassian/account", params={"email": email}, timeout=30
        ).json()
        return found


def jira(sandbox: Running, who: tuple[str, str] | None = ADMIN) -> Judged:
    """A client of Jira Cloud."""
    found = Judged(
        sandbox,
        "/cloud/acme/rest/api/3",
        "atlassian-jira-cloud-platform-v3-2026-06.json",
        below="/rest/api/3",
    )
    found.session.auth = who
    return found


def confluence(sandbox: Running, who: tuple[str, str] | None = ADMIN) -> Judged:
    """A client of Confluence Cloud."""
    found = Judged(
        sandbox,
        "/cloud/acme/wiki/rest/api",
        "atlassian-confluence-cloud-v1-2026-02.json",
        below="/wiki/rest/api",
    )
    found.session.auth = who
    return found


def scim(sandbox: Running, key: str | None = SCIM_KEY, directory: str = DIRECTORY) -> Judged:
    """A client of the provisioning directory."""
    found = Judged(
        sandbox,
        f"/atlassian/scim/directory/{directory}",
        "atlassian-admin-user-provisioning-2024-11.json",
        below=f"/scim/directory/{directory}",
        mend=_scim_words,
    )
    if key:
        found.session.headers["Authorization"] = f"Bearer {key}"
    return found


def _scim_words(path: str, body: Any) -> Any:
    """Resource types are told as `User`, where the specification has `USER`."""
    if isinstance(body, dict):
        for row in [body, *(body.get("Resources") or [])]:
            meta = row.get("meta")
            if isinstance(meta, dict):
                row["meta"] = {**meta, "resourceType": meta["resourceType"].upper()}
    # What the directory says of itself is specified as a text.
    return "" if path.startswith(("/Service", "/Schemas", "/ResourceTypes")) else body
