"""Measures and traces for a collector, through OpenTelemetry; nothing is measured unless one is named.

The collector is the one of OTEL_EXPORTER_OTLP_ENDPOINT, as everywhere. Attributes name the policy, the flow,
steps, targets and hosts; they hold nothing personal. Traces are Prefect's own spans of runs and steps.
"""

from __future__ import annotations

import os
from typing import Any

from errors import SeatwiseError

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
TRACES = "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY"
"""Prefect traces its runs and steps only where this is set before it starts."""
EXPORTER = "opentelemetry.exporter.otlp.proto.http"
PATIENCE_MS = 5_000
"""What a collector that is away may cost a run at its end."""


class ExporterMissing(SeatwiseError):
    """A collector is named, and what sends to it is not installed."""

    remedy = f"Install `seatwise[server]`, or leave {ENDPOINT} unset."


def is_wanted() -> bool:
    """Whether a collector is named."""
    return bool(os.environ.get(ENDPOINT))


def start_measuring() -> None:
    """Send to the collector from now on, if one is named; once a process, before Prefect is imported.

    Raises:
        ExporterMissing: what sends is not installed.
    """
    if not is_wanted():
        return
    os.environ.setdefault(TRACES, "true")
    try:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.metrics import MeterProvider
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ExporterMissing(f"{ENDPOINT} is set, and {EXPORTER} is not installed") from error
    from opentelemetry import metrics, trace

    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "seatwise")})
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_timeout_millis=PATIENCE_MS)
    metrics.set_meter_provider(MeterProvider(metric_readers=[reader], resource=resource))
    tracing = TracerProvider(resource=resource)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(tracing)


def measure_run(policy: str, summary: dict[str, Any], refused: dict[str, int]) -> None:
    """Count a run that ended: its verdict, steps, requests, changes, and plans that wait.

    Args:
        policy: name of the policy.
        summary: of the run.
        refused: requests that were refused for being too many, by host.
    """
    if not is_wanted():
        return
    from opentelemetry import metrics

    meter = metrics.get_meter("seatwise")
    about = {"policy": policy, "flow": summary["flow"]}
    runs = meter.create_counter("seatwise.runs", unit="{run}", description="Runs that ended, by verdict.")
    runs.add(1, {**about, "verdict": summary["verdict"]})
    seconds = meter.create_histogram("seatwise.step.duration", unit="s", description="Time of each step.")
    for step, spent in summary["seconds"].items():
        seconds.record(spent, {**about, "step": step})
    _count_requests(meter, about, summary["requests"], refused)
    changes = meter.create_counter("seatwise.changes", unit="{change}", description="Changes, by outcome.")
    for outcome in ("applied", "failed", "stale", "propagating"):
        changes.add(summary[outcome], {**about, "outcome": outcome})
    waiting = meter.create_gauge(
        "seatwise.plans.waiting", unit="{plan}", description="Plans that need approval."
    )
    needing = sum(plan["needs_approval"] for plan in summary.get("waiting", {}).values())
    waiting.set(needing, {"policy": policy})
    flush: Any = metrics.get_meter_provider()
    flush.force_flush(PATIENCE_MS)


def _count_requests(
    meter: Any, about: dict[str, str], requests: dict[str, dict[str, int]], refused: dict[str, int]
) -> None:
    sent = meter.create_counter("seatwise.requests", unit="{request}", description="Requests sent, by host.")
    for host, counts in requests.items():
        for kind, count in counts.items():
            sent.add(count, {**about, "host": host, "kind": kind})
    refusals = meter.create_counter(
        "seatwise.requests.refused", unit="{request}", description="Requests refused for being too many."
    )
    for host, count in refused.items():
        refusals.add(count, {**about, "host": host})
