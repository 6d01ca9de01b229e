"""One certificate in place of all, only where no connection is encrypted and nobody has said otherwise."""

from __future__ import annotations

import os
import ssl

import pytest

from flows.cli.authorities import SETTING, STATED, one_authority, spare_authorities


@pytest.fixture
def stated(monkeypatch):
    """State settings of Prefect; whatever is set meanwhile is gone afterwards."""
    for name in STATED:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch.setenv


@pytest.mark.parametrize(
    ("address", "spared"),
    [
        ("http://127.0.0.1:4200/api", True),
        ("http://[::1]:4200/api", True),
        ("http://prefect.acme.test/api", False),
        ("https://127.0.0.1:4200/api", False),
        ("", False),
    ],
)
def test_authorities_are_spared_on_this_machine_alone(address, spared, stated, tmp_path):
    """Another machine may send its clients on to an encrypted address."""
    stated("PREFECT_API_URL", address)

    spare_authorities(tmp_path)

    assert (SETTING in os.environ) == spared


@pytest.mark.parametrize("name", STATED)
def test_what_somebody_said_counts(name, stated, tmp_path):
    stated("PREFECT_API_URL", "http://127.0.0.1:4200/api")
    stated(name, "mine")

    spare_authorities(tmp_path)

    assert os.environ.get(SETTING, "mine") == "mine"


def test_the_file_holds_one_certificate_that_can_be_read(tmp_path):
    path = one_authority(tmp_path)

    assert len(ssl.create_default_context(cafile=str(path)).get_ca_certs()) == 1
    assert one_authority(tmp_path).read_bytes() == path.read_bytes()
    assert list(tmp_path.iterdir()) == [path]
