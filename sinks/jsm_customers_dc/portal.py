"""The service management of one Data Center server: it names people by their user names."""

from __future__ import annotations

from typing import ClassVar

from sinks.kit.jira_server import Jira
from sinks.kit.service_desk import API, ServiceDesk
from transport.client import Client
from transport.errors import NotFound
from transport.shape import object_of, text_in

EXPERIMENTAL = {"X-ExperimentalApi": "opt-in"}
"""Without it the server answers 412 where a resource is an experiment."""


class ServerPortal(ServiceDesk):
    """One server.

    Args:
        client: requests go through it.
        page_size: rows a page.
        jira: knows the users.

    Attributes:
        names: user names by key, as last observed; a write goes by them.
    """

    key: ClassVar[str] = "key"

    def __init__(self, client: Client, page_size: int, jira: Jira) -> None:
        super().__init__(client, page_size)
        self._jira = jira
        self.names: dict[str, str] = {}

    def create(self, email: str, name: str) -> str:
        """Make a customer; the server makes a user name of the address."""
        reply = self.client.write("POST", f"{API}/customer", {"email": email, "fullName": name})
        made = object_of(reply)
        key = text_in(made, "key", reply)
        self.names[key] = text_in(made, "name", reply)
        return key

    def members(self, account_id: str) -> dict[str, list[str]]:
        """Name somebody by the user name.

        Raises:
            NotFound: there is no such user.
        """
        if account_id not in self.names:
            user = self._jira.user(key=account_id)
            if user is None:
                raise NotFound(f"there is no user {account_id}")
            self.names[account_id] = str(user["name"])
        return {"usernames": [self.names[account_id]]}
