"""A company, its policy and its ledger, to be played through again and again from the same start."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox import policy
from sandbox.kit.world import World, make_world
from sandbox.server import FACES, Server, bind

PEOPLE, SEED = 24, 5


@dataclass
class Stage:
    """Where a campaign starts from.

    Attributes:
        folder: policy, prices, ledger and snapshots.
        port: where the sandbox of this stage always listens, as the policy names it.
        frozen: the company and what each face holds, pickled.
        options: switches of single faces.
    """

    folder: Path
    port: int
    frozen: bytes = b""
    options: dict[str, Any] = field(default_factory=dict)

    def copy_to(self, folder: Path) -> Path:
        """Lay the stage's files out in a new folder."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return folder

    def world(self) -> World:
        """The company as it stood."""
        world = make_world(3, SEED, **self.options)
        thaw(world, self.frozen)
        return world


def freeze(world: World) -> bytes:
    """Everything that is true in a world, as bytes."""
    return pickle.dumps((world.company, world.held), protocol=5)


def thaw(world: World, frozen: bytes) -> None:
    """Put a world back to where it stood."""
    world.company, world.held = pickle.loads(frozen)
    world._caches.clear()
    world.faults.clear()
    world.counters.clear()


def set_up(
    folder: Path,
    port: int,
    *,
    source: str = "okta-main",
    target: str = "acme-cloud",
    share: str = "25%",
    people: int = PEOPLE,
    options: dict[str, Any] | None = None,
) -> tuple[Stage, World]:
    """Found a company and write a policy for it.

    Args:
        folder: gets the policy.
        port: where the sandbox will listen.
        source: the connection that is read.
        target: the connection that is written.
        share: how much of a target may be taken without approval; where it is all, of each group, too.
        people: size of the company.
        options: switches of single faces, such as the length of a page.
    """
    options = options or {}
    world = make_world(people, SEED, **options)
    base = f"http://127.0.0.1:{port}"
    path = policy.write(folder, base, people, sources=[source], targets=[target])
    limits = f"share: {share}}}"
    if share == "100%":
        limits += f"\n  group_drop: {{count: {people}, share: 100%}}"
    path.write_text(path.read_text().replace("share: 25%}", limits))
    os.environ.update(policy.SECRETS)
    return Stage(folder, port, options=options), world


@contextmanager
def served(world: World, port: int) -> Iterator[None]:
    """Serve a world in a thread of this process."""
    world.faces = world.faces or FACES
    world.base = f"http://127.0.0.1:{port}"
    ready = threading.Event()
    server = Server(world, ready.set)
    options = {"sockets": [bind(port)]}
    thread = threading.Thread(target=server.run, kwargs=options, daemon=True, name="sandbox")
    thread.start()
    if not ready.wait(30):
        raise RuntimeError("the sandbox did not start within 30 seconds")
    try:
        yield
    finally:
        server.stop()
        thread.join(30)


def free_port() -> int:
    """A port nobody listens on."""
    with bind() as found:
        return int(found.getsockname()[1])


class Waiting:
    """A process forked now, before there are threads, that does its work when it is told to."""

    def __init__(self, work: Callable[[], Any]) -> None:
        """Fork it."""
        told, self._tell = os.pipe()
        self._said, say = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(told)
            os.close(say)
            return
        os.close(self._tell)
        _live(work, told, say)

    def go(self) -> Any:
        """Let it work; what it came to, None where it died."""
        self.start()
        return self.answer()

    def start(self) -> None:
        """Let it work."""
        os.write(self._tell, b"!")
        os.close(self._tell)

    def answer(self) -> Any:
        """What it came to, None where it died."""
        with os.fdopen(self._said, "rb") as pipe:
            said = pipe.read()
        os.waitpid(self.pid, 0)
        return json.loads(said) if said else None


def _live(work: Callable[[], Any], told: int, say: int) -> None:
    """Wait for the word, work, answer, and leave nothing else behind."""
    try:
        if os.read(told, 1):
            with os.fdopen(say, "wb") as pipe:
                pipe.write(json.dumps(work(), default=str).encode())
    except BaseException:  # noqa: BLE001 (a process that was forked must end here)
        traceback.print_exc()
    finally:
        os._exit(0)


def apart(work: Callable[[], Any]) -> Any:
    """Do some work in a process of its own, for it starts threads."""
    return Waiting(work).go()
