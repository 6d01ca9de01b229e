"""Where steps go: threads, unless the environment names a cluster."""

from __future__ import annotations

import sys

import pytest
from prefect.task_runners import ThreadPoolTaskRunner

from tasks.runner import SCHEDULER, DaskMissing, choose_runner


def test_steps_are_threads_unless_a_cluster_is_named(monkeypatch):
    monkeypatch.delenv(SCHEDULER, raising=False)

    assert isinstance(choose_runner(), ThreadPoolTaskRunner)


def test_a_cluster_without_the_library_for_it_is_told_with_the_remedy(monkeypatch):
    monkeypatch.setenv(SCHEDULER, "tcp://scheduler:8786")
    monkeypatch.setitem(sys.modules, "prefect_dask.task_runners", None)

    with pytest.raises(DaskMissing, match=r"tcp://scheduler:8786.*seatwise\[dask\]"):
        choose_runner()


def test_a_named_cluster_is_used(monkeypatch):
    runners = pytest.importorskip("prefect_dask.task_runners", reason="prefect-dask is not installed")
    monkeypatch.setenv(SCHEDULER, "tcp://scheduler:8786")

    chosen = choose_runner()

    assert isinstance(chosen, runners.DaskTaskRunner)
    assert chosen.address == "tcp://scheduler:8786"
