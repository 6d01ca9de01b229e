"""A sandbox in a thread, on a free loopback port, for tests.

with Running(people=50, seed=1) as sandbox:
    requests.get(f"{sandbox.url}/okta/api/v1/users", headers=sandbox.okta_headers)
    sandbox.world.company.leave(...)     # between requests the world may be changed in place
"""

from __future__ import annotations

import threading
from typing import Any, Self

from sandbox.kit.world import Face, World, make_world
from sandbox.server import Server, bind


class Running:
    """A served world; takes the arguments of `sandbox.kit.world.make_world`.

    Attributes:
        url: Scheme, host and port, no slash at the end.
        world: What is served.
    """

    def __init__(
        self, people: int = 500, seed: int = 1, *, faces: tuple[Face, ...] = (), **settings: Any
    ) -> None:
        """Found the world; nothing is served before the context is entered.

        Args:
            people: How many are present.
            seed: Decides everything random.
            faces: Serve these instead of all.
            settings: Passed on to `make_world`.
        """
        self.world: World = make_world(people, seed, **settings)
        self.world.faces = faces
        self._listening = threading.Event()

    @property
    def url(self) -> str:
        """Return where the sandbox listens."""
        return self.world.base

    def __enter__(self) -> Self:
        """Start serving and wait until connections are accepted."""
        self._socket = bind()
        self.world.base = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = Server(self.world, self._listening.set)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="sandbox", daemon=True
        )
        self._thread.start()
        if not self._listening.wait(30):
            raise RuntimeError("the sandbox did not start within 30 seconds")
        return self

    def __exit__(self, *_: object) -> None:
        """Stop at once, whatever is still held open."""
        self._server.stop()
        self._thread.join(30)
