"""A few lines to call the Okta face with."""

from __future__ import annotations

from typing import Any

import requests

from sandbox.running import Running

TOKEN = {"Authorization": "SSWS sandbox-okta-token"}


def call(
    sandbox: Running, path: str, params: dict[str, Any] | None = None, token: str = "sandbox-okta-token"
) -> requests.Response:
    """Return the answer to one GET below `/okta/api/v1`; redirects and retries there are none."""
    headers = {"Authorization": f"SSWS {token}", "Connection": "close"}
    return requests.get(f"{sandbox.url}/okta/api/v1{path}", params=params, headers=headers, timeout=10)


def walk(sandbox: Running, path: str, params: dict[str, Any] | None = None) -> list[list[dict[str, Any]]]:
    """Return every page of a listing, following the next links to their end."""
    answer = call(sandbox, path, params)
    pages = [answer.json()]
    with requests.Session() as session:
        while "next" in answer.links:
            answer = session.get(answer.links["next"]["url"], headers=TOKEN, timeout=10)
            answer.raise_for_status()
            pages.append(answer.json())
    return pages


def rows(sandbox: Running, path: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return every row of a listing."""
    return [row for page in walk(sandbox, path, params) for row in page]


def admin(sandbox: Running, method: str, path: str, json: Any = None) -> requests.Response:
    """Return the answer of one of the sandbox's own doors."""
    return requests.request(method, f"{sandbox.url}/_sandbox{path}", json=json, timeout=30)
