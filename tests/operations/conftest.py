"""A Prefect server for the session's operations, and a company that its commands can work on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import server_environment, start_server


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of commands that talk to a server of their own."""
    folder = tmp_path_factory.mktemp("server")
    env = server_environment(folder)
    with start_server(folder, env):
        yield env


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy of two files, read once."""
    from sandbox.atlassian_export import face
    from sandbox.kit.world import make_world

    world = make_world(people=30, seed=2)
    for style in ("groups", "people"):
        face.write(world, tmp_path, style=style)
    (tmp_path / "policy.yaml").write_text(
        "version: 1\n"
        "connections:\n"
        "  people: {kind: csv, path: people.csv}\n"
        "  export: {kind: atlassian_export, path: export-users.csv}\n"
        "sources: [{from: people}]\n"
        "targets: [{to: export}]\n"
    )
    return tmp_path
