"""The part of `seatwise demo` for sources that push: the service as a process, and the company sent to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from errors import SeatwiseError

START = "from flows.cli import main; main()"
QUIET_SECONDS = 2


class PushFailed(SeatwiseError):
    """The service did not start, or what was pushed never came to rest."""

    remedy = "Run `seatwise receive serve` on the demo's policy to see why."


@contextmanager
def push_company(policy: Path, sandbox: str, say: Callable[[str], None]) -> Iterator[None]:
    """Have the simulated identity providers push, and go on by itself when they have come to rest.

    Nothing happens where the policy has no source that is pushed to.

    Args:
        policy: the policy file.
        sandbox: address of the simulated company.
        say: says what happens.
    """
    from tasks.policy_file import read_policy

    names = [name for name, one in read_policy(policy).connections.items() if one.kind == "scim_push"]
    if not names:
        yield
        return
    tokens = _make_tokens(policy, names)
    command = [sys.executable, "-c", START, "receive", "serve", "--config", str(policy), "--port", "0"]
    # A server of the reader's own has nothing to do with a demo.
    env = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    with (
        (policy.parent / "receive.log").open("w") as log,
        subprocess.Popen(  # noqa: S603  our own module
            [*command, "--quiet", str(QUIET_SECONDS)], stdout=subprocess.PIPE, stderr=log, text=True, env=env
        ) as service,
    ):
        try:
            assert service.stdout is not None
            address = _wait(service.stdout, "listening on ")
            for name in names:
                say(f"{name} pushes to {address}/{name}/scim/v2")
                _push(sandbox, name.partition("-")[0], f"{address}/{name}/scim/v2", tokens[name])
            _wait(service.stdout, "pushes have come to rest")
            say("The pushes have come to rest, so a sync starts by itself.\n")
            yield
        finally:
            service.terminate()


def _make_tokens(policy: Path, names: list[str]) -> dict[str, str]:
    from flows.cli.receive import open_inbox

    with open_inbox(policy) as (inbox, _connections):
        return {name: inbox.make_token(name, datetime.now(UTC)) for name in names}


def _push(sandbox: str, client: str, url: str, token: str) -> None:
    """Have one of the simulated clients begin its cycle."""
    import requests

    body = {"client": client, "url": url, "token": token}
    requests.post(f"{sandbox}/_sandbox/scim_push/push", json=body, timeout=30).raise_for_status()


def _wait(lines: IO[str], words: str) -> str:
    """What follows these words on the line that begins with them."""
    for line in lines:
        if line.startswith(words):
            return line.removeprefix(words).strip()
    raise PushFailed("the service for pushes ended before it had anything to say")
