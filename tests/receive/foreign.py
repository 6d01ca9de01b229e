"""scim2-client over requests; it brings engines for other libraries only."""

from __future__ import annotations

from typing import Any

import requests
from scim2_client.client import BaseSyncSCIMClient

from tests.receive.service import Service


class Client(BaseSyncSCIMClient):
    """The client against a running service."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.base = service.base()
        self.session = service.session
        self.headers = {"Authorization": f"Bearer {service.tokens['idp']}"}

    def _stays_under_base_url(self, _endpoint: str) -> bool:
        return True

    def _parse_json(self, response: requests.Response) -> Any:
        return response.json()

    def request(self, method: str, url: str, **settings: Any) -> requests.Response:
        headers = {**self.headers, **settings.pop("headers", {})}
        return self.session.request(method, self.base + url, headers=headers, timeout=30, **settings)
