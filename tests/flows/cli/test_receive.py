"""`seatwise receive`: tokens, guides, and the service as a process that ends when it is told to."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner, Result

from flows.cli import app, describe_error
from flows.cli.receive import Exposed, NobodyPushes
from ledger.pushed.tokens import NoToken
from receive.guide import VENDORS

README = (Path(__file__).parents[3] / "README.md").read_text()
POLICY = """\
version: 1
connections:
  okta-push: {kind: scim_push, url: 'https://scim.acme.test/', authentication: [bearer, raw]}
  entra-push: {kind: scim_push}
  export: {kind: atlassian_export, path: export.csv}
sources: [{from: okta-push}, {from: entra-push}]
targets: [{to: export}]
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["receive", *arguments])


@pytest.mark.parametrize("command", ["serve", "token", "guide"])
def test_every_command_has_help_and_stands_in_the_readme(command: str):
    shown = run(command, "--help")

    assert shown.exit_code == 0
    assert len(shown.output.splitlines()) > 8
    assert f"seatwise receive {command}" in README


def test_a_token_is_made_exchanged_and_revoked(policy: str):
    """Shown once; the list has numbers and times and no token."""
    made = run("token", "NEW", "okta-push", "--config", policy).output
    second = run("token", "rotate", "okta-push", "--config", policy).output
    third = run("token", "rotate", "okta-push", "--config", policy).output
    listed = run("token", "list", "--config", policy).output
    revoked = run("token", "revoke", "okta-push", "--number", "2", "--config", policy).output

    assert made.startswith("sw_scim_okta-push_")
    assert "Token 1 counts until you revoke it." in second
    assert "Token 2 counts until you revoke it." in third
    assert [line.split()[0] for line in listed.splitlines()] == ["1", "2", "3"]
    assert "revoked" in listed.splitlines()[0]
    assert "sw_scim" not in listed
    assert "1 of the tokens of okta-push counts no longer." in revoked


def test_mistakes_are_told_with_what_there_is(policy: str, tmp_path: Path):
    nobody = run("token", "new", "nobody", "--config", policy).exception
    none = run("token", "revoke", "entra-push", "--config", policy).exception
    unnamed = run("token", "new", "--config", policy).exception
    (tmp_path / "other.yaml").write_text(POLICY.replace("scim_push", "csv").replace("url", "path"))

    assert isinstance(nobody, NobodyPushes)
    assert "okta-push, entra-push" in describe_error(nobody)
    assert isinstance(none, NoToken)
    assert isinstance(unnamed, NobodyPushes)


@pytest.mark.parametrize("vendor", VENDORS)
def test_the_guide_names_this_connection_s_address(policy: str, vendor: str):
    said = run("guide", vendor, "okta-push", "--config", policy).output

    assert "https://scim.acme.test/okta-push/scim/v2" in said
    assert "seatwise receive token new okta-push" in said
    assert "{" not in said


def test_the_guide_asks_which_connection(policy: str):
    asked = run("guide", "okta", "--config", policy)

    assert "okta-push, entra-push" in describe_error(asked.exception)
    assert (
        "https://your-host/entra-push/scim/v2"
        in run("guide", "entra", "entra-push", "--config", policy).output
    )


def test_other_machines_need_a_proxy(policy: str):
    refused = run("serve", "--host", "0.0.0.0", "--config", policy)

    assert isinstance(refused.exception, Exposed)
    assert "--proxy" in describe_error(refused.exception)


def test_the_service_serves_every_connection_and_ends_in_order(policy: str, tmp_path: Path):
    """Both addresses are told; a signal ends it with exit code 0, and what was pushed is there."""
    token = run("token", "new", "okta-push", "--config", policy).output.split()[0]
    command = [sys.executable, "-c", "from flows.cli import main; main()", "receive", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--config", policy, "--quiet", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "", "PYTHONPATH": str(Path(__file__).parents[3]), "HOME": str(tmp_path)},
    ) as service:
        assert service.stdout
        assert service.stderr
        told = [service.stdout.readline() for _ in range(3)]
        address = told[0].split()[1]
        reply = requests.post(
            f"{address}/Users",
            json={"userName": "ada@acme.test"},
            headers={"Authorization": token, "Connection": "close"},
            timeout=30,
        )
        rest = service.stdout.readline()
        service.send_signal(signal.SIGTERM)
        ended, log = service.wait(30), service.stderr.read()

    assert [line.split(":")[0] for line in told] == ["okta-push", "entra-push", "listening on http"]
    assert reply.status_code == 201
    assert rest == "pushes have come to rest\n"
    assert (ended, "Traceback" in log) == (0, False)
    assert "POST /okta-push/scim/v2/Users 201" in log
    assert "ada" not in log
    assert "last used" in run("token", "list", "--config", policy).output
