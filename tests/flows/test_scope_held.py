"""A loss by a group of the scope waits until a person has seen it, whatever else is approved meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox import policy
from sandbox.kit.world import World, make_world
from tasks.clock import SIMULATED
from tests.chaos import bare, truth
from tests.chaos.company import found, scope_to_cities
from tests.chaos.staging import free_port, served

CITY = "loc-tokyo"
HOUR = timedelta(hours=1)


class Company:
    """Forty people in step, scoped to the groups of their cities; an hour goes by between runs."""

    def __init__(self, world: World, folder: Path) -> None:
        """Bring it in step."""
        self.world, self.folder, self.now = world, folder, world.company.now
        while (done := self.sync())["exit_code"] == 3:
            self.approve(done)
        world.advance(1)
        self.now = world.company.now

    def sync(self) -> dict[str, Any]:
        """Run a sync an hour later."""
        self.now += HOUR
        return bare.sync(self.folder, self.now)

    def approve(self, done: dict[str, Any]) -> None:
        """Release the plan of a run."""
        bare.approve(self.folder, done["fingerprints"]["acme-cloud"], self.now)

    def empty(self, group: str) -> list[str]:
        """Take everybody out of a group of the identity provider; the addresses of those at work."""
        members = list(self.world.company.members(group))
        for person in members:
            self.world.company.quit(person, [group])
        return [person.email for person in members if person.state == "active"]

    @property
    def held(self) -> set[Any]:
        """What everybody has at the organisation."""
        return set(truth.possessions(self.world))


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    for name, value in policy.SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(SIMULATED, "2027-01-01T00:00:00+00:00")
    world, port = make_world(40, 5), free_port()
    scope_to_cities(policy.write(tmp_path, f"http://127.0.0.1:{port}", 40))
    with served(world, port), bare.without_prefect():
        found(world)
        yield Company(world, tmp_path)


def test_what_was_approved_before_does_not_release_what_is_lost_after(company):
    company.empty("atl-jsm-agents")
    company.approve(company.sync())
    assert company.sync()["exit_code"] == 0
    before = company.held
    company.empty(CITY)

    for _ in range(2):
        done = company.sync()

        assert done["exit_code"] == 3
        assert f"okta-main, group {CITY} of the scope: " in done["blocked_by"][0]
        assert before == company.held


def test_who_approves_for_one_person_has_not_released_the_others_and_who_sees_all_has(company):
    someone, *others = company.empty(CITY)
    assert company.sync()["exit_code"] == 3
    company.now += HOUR
    some = bare.run("sync", company.folder, only=(someone,), as_of=company.now)
    company.approve(some)
    done = company.sync()

    assert done["exit_code"] == 3
    assert all(email in done["blocked_by"][0] for email in others)
    company.approve(done)
    assert [company.sync()["exit_code"] for _ in range(2)] == [0, 0]
