"""Where the steps of a run go: threads of its process, or a Dask cluster that several machines make."""

from __future__ import annotations

import os
from typing import Any

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from errors import SeatwiseError

SCHEDULER = "SEATWISE_DASK"
"""Where the environment of a worker names the scheduler of a cluster, such as tcp://scheduler:8786."""


class DaskMissing(SeatwiseError):
    """A cluster is named, and what speaks to it is not installed."""

    remedy = f"Install seatwise[dask] wherever steps run, or take {SCHEDULER} out of the environment."


def choose_runner() -> TaskRunner[Any]:
    """Threads, unless the environment names a cluster.

    Raises:
        DaskMissing: the library for it is not installed.
    """
    address = os.environ.get(SCHEDULER)
    if not address:
        return ThreadPoolTaskRunner()
    try:
        from prefect_dask.task_runners import DaskTaskRunner
    except ImportError as absent:
        raise DaskMissing(f"{SCHEDULER} names {address}, and prefect-dask is not installed") from absent
    cluster: TaskRunner[Any] = DaskTaskRunner(address=address)
    return cluster
