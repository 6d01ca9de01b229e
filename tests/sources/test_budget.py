"""Graph's limits in simulated time: nothing is refused, and no more is waited than the limit demands."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.entra import wire as entra_wire
from sandbox.running import Running
from sources.entra.source import Entra
from sources.kit.budget import Budget
from tests.sources.entra.test_source import entra, held, people
from tests.transport.service import SettableClock
from transport.clock import STOP, Clock, Stop
from transport.door import Door
from transport.errors import Abandoned
from transport.pace import Pacing


@pytest.fixture(autouse=True)
def _waiting(_at_once: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the simulated clock run: whoever waits moves it on."""
    monkeypatch.setattr(Clock, "waits", True)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every refusal, inside batches too, and give tenants 100 units in ten seconds."""
    noted: list[str] = []
    throttled = entra_wire._throttled

    def noting(world: Any, reset: float, why: str) -> Any:
        noted.append(why)
        return throttled(world, reset, why)

    monkeypatch.setattr(entra_wire, "_throttled", noting)
    monkeypatch.setattr(entra_wire, "SIZES", ((math.inf, 100),))
    return noted


@pytest.fixture
def limited(clock: SettableClock) -> Iterator[Running]:
    with Running(people=40, seed=3, limits="documented") as sandbox:
        sandbox.world.limits.clock = clock.wall
        yield sandbox


def on(sandbox: Running, clock: SettableClock, **options: Any) -> Entra:
    return entra(sandbox, Door(pacing=Pacing(clock)), **options)


def test_resource_units_are_never_exceeded(
    limited: Running, clock: SettableClock, refused: list[str]
) -> None:
    """Batches wait for units; what is waited is what the limit demands."""
    whole = held(on(limited, clock, resource_units=100, workers=1))
    units = 2 * len({*whole["group_id"]})

    assert units > 100
    assert refused == []
    assert clock.monotonic() <= 10.0 * (units // 100 + 1)


def test_refusals_inside_a_batch_are_obeyed(
    limited: Running, clock: SettableClock, refused: list[str]
) -> None:
    """A tenant that allows less than expected is asked again when it says so, and nothing is lost."""
    whole = held(on(limited, clock, resource_units=8_000, workers=2))

    assert refused
    assert clock.waited
    limited.world.limits.mode = "off"
    assert len(held(entra(limited))) == len(whole)


def test_sign_ins_keep_to_their_own_quota(limited: Running, clock: SettableClock, refused: list[str]) -> None:
    """Ten requests a minute, and not a second longer than that takes."""
    whole = people(on(limited, clock, sign_in_page_size=2))

    pages = -(-len(limited.world.company.present()) // 2)
    assert refused == []
    assert whole["last_sign_in"].notna().any()
    assert 60.0 * ((pages - 1) // 10) <= clock.monotonic() < 60.0 * ((pages - 1) // 10) + 10


def test_a_budget_holds_in_every_span(clock: SettableClock) -> None:
    """Whatever the costs and however many threads, no span of its length sees more than its units."""
    budget = Budget(10, 5.0, clock)
    spent: list[tuple[float, int]] = []

    def spend() -> None:
        for cost in (3, 1, 4, 1, 5, 9, 2, 6):
            with budget.spend(cost):
                spent.append((clock.monotonic(), cost))

    threads = [threading.Thread(target=spend) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for start, _ in spent:
        assert sum(cost for at, cost in spent if start <= at < start + 5.0) <= 10
    total = sum(cost for _, cost in spent)
    assert total == 3 * 31
    assert clock.monotonic() >= 5.0 * (total // 10 - 1)


def test_a_cost_beyond_the_budget_goes_alone(clock: SettableClock) -> None:
    """What costs more than all units is let through when nothing else counts."""
    budget = Budget(10, 5.0, clock)
    with budget.spend(4):
        pass
    with budget.spend(25):
        alone = clock.monotonic()

    assert alone == 5.0


def test_a_held_budget_waits(clock: SettableClock) -> None:
    """After `hold` nothing leaves before the time the service named."""
    budget = Budget(10, 5.0, clock)
    budget.hold(7.0)
    with budget.spend(1):
        assert clock.monotonic() == 7.0


def test_a_stopped_batch_spends_nothing(clock: SettableClock) -> None:
    """When another request of the batch failed, waiting ends with an error that says so."""
    stop = Stop()
    stop.set()
    told = STOP.set(stop)
    try:
        with pytest.raises(Abandoned), Budget(10, 5.0, clock).spend(1):
            pass
    finally:
        STOP.reset(told)
