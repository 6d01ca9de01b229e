"""What a collector receives of a run: read by the protocol's own classes from a server on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import decompress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from sandbox import policy
from sandbox.running import Running
from tests.operations.commands import seatwise

pytestmark = pytest.mark.live


@contextmanager
def collector() -> Iterator[tuple[str, dict[str, list[bytes]]]]:
    """A server that keeps what is sent to each path."""
    kept: dict[str, list[bytes]] = {}

    class Keep(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers.get("Content-Encoding") == "gzip"
            kept.setdefault(self.path, []).append(decompress(body) if zipped else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keep)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def points(kept: dict[str, list[bytes]]) -> dict[str, list[tuple[dict[str, str], float]]]:
    """The last value of each measure by its attributes."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    message = ExportMetricsServiceRequest.FromString(kept["/v1/metrics"][-1])
    for scope in message.resource_metrics[0].scope_metrics:
        for metric in scope.metrics:
            data = getattr(metric, metric.WhichOneof("data"))
            for point in data.data_points:
                about = {pair.key: pair.value.string_value for pair in point.attributes}
                value = point.sum if hasattr(point, "sum") else point.as_int
                found.setdefault(metric.name, []).append((about, value))
    return found


def test_a_run_is_measured_and_traced(environment, tmp_path: Path):
    with Running(people=40, seed=7) as company, collector() as (address, kept):
        policy.write(tmp_path, company.url)
        env = environment | policy.SECRETS | {"OTEL_EXPORTER_OTLP_ENDPOINT": address}
        ran = seatwise(env, "sync", "--json", folder=tmp_path)

    summary = json.loads(ran.stdout)
    told = points(kept)
    about = {"policy": "policy", "flow": "sync"}
    assert told["seatwise.runs"] == [({**about, "verdict": "needs approval"}, 1)]
    assert told["seatwise.plans.waiting"] == [({"policy": "policy"}, 1)]
    seconds = {each["step"]: round(value, 3) for each, value in told["seatwise.step.duration"]}
    assert seconds == {step: round(value, 3) for step, value in summary["seconds"].items()}
    host = company.url.removeprefix("http://")
    requests = {each["kind"]: value for each, value in told["seatwise.requests"] if each["host"] == host}
    assert requests == summary["requests"][host]
    spans = {
        span.name
        for body in kept["/v1/traces"]
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    assert {"extract okta-main", "decide acme-cloud"} <= spans
    assert not [body for bodies in kept.values() for body in bodies if b"@acme.test" in body]


def test_without_a_collector_nothing_is_loaded(tmp_path: Path):
    code = "import sys, flows.cli, tasks.measures; sys.exit('opentelemetry.sdk' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_collector_that_is_away_costs_a_run_nothing(environment, folder):
    env = environment | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    }

    ran = seatwise(env, "reconcile", "--json", folder=folder)

    assert json.loads(ran.stdout)["verdict"] in (
        "done",
        "changes planned",
        "needs approval",
        "done, rows not read",
    )
