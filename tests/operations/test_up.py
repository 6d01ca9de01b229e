"""`seatwise up`: everything runs, a run works, and Ctrl-C leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.operations.commands import ENDS, processes, start_run, state_of
from tests.servers import SEATWISE, healthy, server_environment, until

pytestmark = pytest.mark.live


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are counted in /proc")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_first_look_works_and_ends_clean(sent, tmp_path: Path):
    env = server_environment(tmp_path)
    env["SEATWISE_MARK"] = mark = f"mark-of-{tmp_path.name}"
    port = env["PREFECT_SERVER_API_PORT"]
    command = [*SEATWISE, "up", "--out", "look", "--port", port, "--people", "40"]
    with (tmp_path / "said").open("w") as said:
        up = subprocess.Popen(
            command, cwd=tmp_path, env=env, stdout=said, stderr=said, start_new_session=True
        )
        try:
            until(
                lambda: "Everything is running" in (tmp_path / "said").read_text() or up.poll(), "the start"
            )
            assert up.poll() is None, (tmp_path / "said").read_text()
            if sent is signal.SIGINT:
                assert run_one(env) == "COMPLETED"
            os.kill(up.pid, sent)
            up.wait(timeout=60)
        finally:
            up.kill()

    assert up.returncode == 0, (tmp_path / "said").read_text()
    assert "nothing is left running" in (tmp_path / "said").read_text()
    assert processes(mark) == set()
    assert not healthy(env["PREFECT_API_URL"])


def run_one(env: dict[str, str]) -> str:
    """Click Quick run on seatwise-reconcile and wait for its end."""
    run = start_run(env, "seatwise-reconcile")
    return until(lambda: state_of(env, run, *ENDS), "the end of the run")


def test_a_port_that_is_taken_is_told(environment, tmp_path):
    port = environment["PREFECT_SERVER_API_PORT"]
    ran = subprocess.run(
        [*SEATWISE, "up", "--port", port],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ran.returncode == 1
    assert f"port {port} is taken" in ran.stderr
