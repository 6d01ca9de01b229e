"""The service as a process: waitress before the application, stopped by a signal without losing a request.

TLS ends at a proxy. Without one the service listens on this machine alone; where a proxy on another machine
stands before it, that proxy's address says whose word on the scheme and the client is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from waitress.server import create_server
from waitress.wasyncore import close_all

from receive.body import GROUP_BYTES

THREADS = 8
STOP_SECONDS = 10
IDLE_SECONDS = 90
"""Longer than a proxy's own, so that the proxy closes first and never writes into a closed connection."""


class Server:
    """A listening service.

    Attributes:
        address: host and port it listens at.
    """

    def __init__(
        self,
        app: Callable[..., Iterable[bytes]],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        proxy: str | None = None,
        threads: int = THREADS,
    ) -> None:
        """Listen; nothing is answered before `run`.

        Args:
            app: the application.
            host: address to listen at, not a name.
            port: 0 takes a free one.
            proxy: address of the proxy before it, whose X-Forwarded headers are taken.
            threads: requests answered side by side.
        """
        # A request that waits for a thread is no fault; whoever sends many waits for its answers.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        trust: dict[str, Any] = {}
        if proxy is not None:
            headers = {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}
            trust = {"trusted_proxy": proxy, "trusted_proxy_count": 1, "trusted_proxy_headers": headers}
        server: Any = create_server(
            app,
            host=host,
            port=port,
            threads=threads,
            ident="seatwise",
            max_request_body_size=GROUP_BYTES + 1,
            channel_timeout=IDLE_SECONDS,
            clear_untrusted_proxy_headers=True,
            **trust,
        )
        self._server = server
        self.address = f"{host}:{server.effective_port}"

    def run(self) -> None:
        """Answer until `stop` is called."""
        self._server.run()

    def stop(self) -> None:
        """End `run`, from whatever thread or signal, when what was begun is done."""
        # Awake for another reason, the loop may have closed everything before it is woken for this one.
        with suppress(OSError):
            self._server.trigger.pull_trigger(self._close)

    def _close(self) -> None:
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=STOP_SECONDS)
        close_all(self._server._map, ignore_all=True)  # noqa: SLF001 - the loop ends when nothing is open
