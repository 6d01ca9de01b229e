"""A loss of what is young waits for one more read, and no longer."""

from __future__ import annotations

from pathlib import Path

from tests.chaos import bare, reads
from tests.chaos.staging import apart, free_port, served, set_up


def lived(folder: Path) -> list[tuple[dict[str, int], int]]:
    """Changes and what is left for the next run: somebody is hired, loses a group, and three runs follow."""
    port = free_port()
    stage, world = set_up(folder, port, source="scim-2")
    with served(world, port), bare.without_prefect():
        reads.in_step(stage.folder)
        hired = world.company.hire({"groups": ["atl-jira-users"]})
        runs = [bare.sync(stage.folder)]
        world.company.move(hired.number, {"remove_groups": ["atl-jira-users"]})
        runs += [bare.sync(stage.folder) for _ in range(3)]
    return [(run["changes"], run["unconfirmed"]) for run in runs]


def test_the_second_read_takes_what_the_first_left(tmp_path):
    told = apart(lambda: lived(tmp_path / "stage"))

    assert told == [[{"grant": 2, "create": 1}, 0], [{}, 1], [{"revoke": 1}, 0], [{}, 0]]
