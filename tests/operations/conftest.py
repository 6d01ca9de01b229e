"""A Prefect server for the session's operations, and a company that its commands can work on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import server_environment, start_server


@pytest.fixture(scope="module", autouse=True)
def collected(sockets_collected: None) -> None:
    """Commands that run in this process speak to the server, too."""


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of commands that talk to a server of their own."""
    folder = tmp_path_factory.mktemp("server")
    env = server_environment(folder)
    with start_server(folder, env):
        yield env
