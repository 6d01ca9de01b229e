"""The remedy of an error stands wherever its message stands: terminal, Prefect state, log and summary."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator

import pytest

MESSAGE = "there is no file"
REMEDY = "Write the secret into it and run again."


class Lines(logging.Handler):
    """Keeps every record as it is printed, traceback included."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def log() -> Iterator[Lines]:
    """What Prefect logs of runs; it sets its loggers up when it is imported as a whole."""
    import prefect.main  # noqa: F401
    from prefect.logging import get_logger

    handler, loggers = Lines(), [get_logger(name) for name in ("flow_runs", "task_runs")]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.INFO)
    yield handler
    for each, level in zip(loggers, levels, strict=True):
        each.removeHandler(handler)
        each.setLevel(level)


@pytest.fixture
def without_secret(company):
    """The company, and a policy whose secret is nowhere."""
    company.rewrite("'env:SANDBOX_OKTA_TOKEN'", "'file:nowhere'")
    return company


def test_state_log_summary_and_ledger_hold_the_remedy(without_secret, log: Lines):
    from flows.cli.show import describe
    from flows.reconcile import reconcile

    parameters = {"config": str(without_secret.policy), "out": str(without_secret.out)}
    state = asyncio.run(reconcile(**parameters, return_state=True))

    summary = json.loads((without_secret.out / "summary.json").read_text())
    shown = describe(without_secret.policy, None, rows=1, json=False)
    assert state.is_failed()
    for channel in (state.message, "\n".join(log.lines), summary["error"], shown):
        assert MESSAGE in channel
        assert REMEDY in channel


def test_the_terminal_holds_the_remedy(without_secret, monkeypatch, capsys):
    from flows.cli import main

    out = str(without_secret.out)
    monkeypatch.setattr("sys.argv", ["seatwise", "reconcile", "-c", str(without_secret.policy), "-o", out])

    with pytest.raises(SystemExit) as ended:
        main()

    told = capsys.readouterr().err
    assert ended.value.code == 1
    assert MESSAGE in told
    assert REMEDY in told


def test_a_target_that_fails_alone_is_told_with_its_remedy(company):
    """The others go on; the run says what to do about the one."""
    from flows.cli.summary_lines import describe_summary
    from sandbox import policy

    policy.write(company.policy.parent, company.url, 120, targets=["acme-cloud", "crowd"])
    company.fault(path="/crowd", times=0, kind="status", status=401)

    summary = company.run("reconcile")

    (line,) = [line for line in describe_summary(summary) if line.startswith("  failed")]
    assert "Renew the token of this connection" in line
