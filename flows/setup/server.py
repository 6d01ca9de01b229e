"""The server that is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import get_current_settings

from errors import SeatwiseError


class NoServer(SeatwiseError):
    """There is no Prefect server to talk to."""

    remedy = "Start one with `prefect server start`, and set PREFECT_API_URL to its address."


class ServerRefuses(SeatwiseError):
    """The Prefect server asks for a login and was not given it, or was given another."""

    remedy = "Set PREFECT_API_AUTH_STRING to the user:password that the server was started with."


@contextmanager
def open_server() -> Iterator[SyncPrefectClient]:
    """A client of the server that PREFECT_API_URL names.

    Raises:
        NoServer: no address is set, or nobody answers there.
        ServerRefuses: it wants another login.
    """
    address = get_current_settings().api.url
    if not address:
        raise NoServer("PREFECT_API_URL is not set")
    try:
        with get_client(sync_client=True) as client:
            client.hello().raise_for_status()
            yield client
    except httpx.HTTPStatusError as error:
        if error.response.status_code not in (401, 403):
            raise
        raise ServerRefuses(f"the Prefect server {address} refuses the login") from error
    except httpx.TransportError as error:
        raise NoServer(f"the Prefect server {address} does not answer") from error
