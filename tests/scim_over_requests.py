"""scim2-client over requests; it brings engines for other libraries only."""

from __future__ import annotations

from typing import Any

import requests
from scim2_client.client import BaseSyncSCIMClient

PATIENCE = 30
"""Seconds an answer may take on a busy machine."""


class ForeignClient(BaseSyncSCIMClient):
    """The client against the server at an address."""

    def __init__(self, base: str, headers: dict[str, str], session: requests.Session) -> None:
        super().__init__()
        self.base, self.headers, self.session = base, headers, session

    def _stays_under_base_url(self, _endpoint: str) -> bool:
        return True

    def _parse_json(self, response: requests.Response) -> Any:
        return response.json()

    def request(self, method: str, url: str, **settings: Any) -> requests.Response:
        headers = {**self.headers, **settings.pop("headers", {})}
        return self.session.request(method, self.base + url, headers=headers, timeout=PATIENCE, **settings)
