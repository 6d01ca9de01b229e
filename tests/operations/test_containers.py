"""Images, compose file and Kubernetes template: what can be held without a container engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from tests.operations.commands import ask, tell

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
POOL = json.loads((ROOT / "config" / "kubernetes-pool.json").read_text())


def test_the_image_is_locked_and_runs_as_nobody_in_particular():
    text = (ROOT / "Dockerfile").read_text()
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert "--require-hashes -r requirements-server.lock" in text
    assert re.search(r"^USER 10001:10001$", text, flags=re.MULTILINE)
    assert "DO_NOT_TRACK=1" in text
    assert "PREFECT_SERVER_ANALYTICS_ENABLED=false" in text
    assert all((ROOT / name).exists() for name in kept)
    assert not kept & {".git", "tests", ".env", "policies"}


def test_an_installed_package_finds_what_it_needs(tmp_path: Path):
    """Built as the image builds it: the deployments, the migrations, the pages of the report are inside."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    with ZipFile(wheel) as built:
        names = set(built.namelist())
        deployments = built.read("config/prefect.yaml")

    assert deployments == (ROOT / "prefect.yaml").read_bytes()
    assert {
        "ledger/migrations/env.py",
        "reports/templates/licences.html.j2",
        "config/kubernetes-pool.json",
    } <= names
    assert not [name for name in names if name.startswith("tests/")]


def test_no_service_is_open_to_a_network_or_without_a_password():
    ports = {name: service.get("ports", []) for name, service in COMPOSE["services"].items()}
    given = environment_values()

    assert {port for opened in ports.values() for port in opened} == {"127.0.0.1:4200:4200"}
    assert all("PASSWORD}" in value or "PASSWORD:?" in value for value in given if "://seatwise" in value)
    assert "${PREFECT_LOGIN}" in given
    for name in ("server", "worker", "deploy"):
        service = COMPOSE["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


def environment_values() -> list[str]:
    return [
        str(value)
        for service in COMPOSE["services"].values()
        for value in service.get("environment", {}).values()
    ]


def test_every_setting_of_prefect_is_one_that_it_knows():
    """A mistyped one would be passed over without a word."""
    from prefect.settings import Settings
    from prefect.settings.legacy import _get_valid_setting_names

    stated = {name for service in COMPOSE["services"].values() for name in service.get("environment", {})}
    asked = {name for name in stated if name.startswith("PREFECT_")}
    of_redis = {"PREFECT_REDIS_MESSAGING_HOST", "PREFECT_REDIS_MESSAGING_PORT"}

    # These are read past the settings: by the log's own file, and where secrets are encrypted.
    others = {"PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER", "PREFECT_SERVER_ENCRYPTION_KEY"}
    known = _get_valid_setting_names(Settings) | of_redis | others
    assert asked - known == set()


def test_the_kubernetes_template_asks_for_nothing_it_does_not_explain():
    placeholders = set(re.findall(r"{{ (\w+) }}", json.dumps(POOL["job_configuration"])))
    variables = POOL["variables"]["properties"]

    assert placeholders == set(variables)
    assert all(each.get("description") for each in variables.values())
    pod = POOL["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"]
    mounted = {mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_a_server_takes_the_kubernetes_template(environment):
    pool = {"name": "in-a-cluster", "type": "kubernetes", "base_job_template": POOL}
    tell(environment, "POST", "work_pools/", pool)

    (found,) = ask(environment, "work_pools", work_pools={"name": {"any_": ["in-a-cluster"]}})
    assert found["base_job_template"] == POOL
