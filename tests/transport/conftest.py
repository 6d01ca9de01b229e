"""What every test of the transport opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from tests.transport.service import SettableClock
from transport.auth import Bearer
from transport.client import Client
from transport.door import Door
from transport.pace import Pacing

SECRET = "s3cr3t-T0ken-Value"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def secret() -> str:
    return SECRET


@pytest.fixture
def door(clock: SettableClock) -> Door:
    return Door(pacing=Pacing(clock))


@pytest.fixture
def writable(clock: SettableClock) -> Door:
    return Door(writable=True, pacing=Pacing(clock))


@pytest.fixture
def open_client() -> Callable[..., Client]:
    def opened(door: Door, url: str, **more: Any) -> Client:
        return door.client(url, Bearer(SecretStr(SECRET)), token_id="test", **more)

    return opened
