"""A sandbox in a process of its own, so that serving and reading do not share a core's time."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox import vendors
from sandbox.entra.auth import CLIENT, TENANT
from sources import Source, connector
from transport.door import Door

SOURCES = ("okta", "entra", "onelogin", "scim", "google_workspace", "keycloak", "jumpcloud", "pingone")
PARTS = ("identities", "memberships")


@contextmanager
def served(people: int, *options: str) -> Iterator[str]:
    """The address of a sandbox with that many people and no malformed records."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        command = [sys.executable, "-m", "sandbox", "--people", str(people), "--port", "0", "--plain"]
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready), "--write", folder, *options], stdout=subprocess.DEVNULL
        )
        try:
            while not (ready.exists() and ready.read_text()):
                if process.poll() is not None:
                    raise RuntimeError("the sandbox did not start")
                time.sleep(0.05)
            yield ready.read_text().strip()
        finally:
            process.terminate()
            process.wait(timeout=10)


def connect(kind: str, base: str, door: Door | None = None, **more: Any) -> Source:
    """Open a source on a sandbox without limits; what is said more takes precedence."""
    options: dict[str, dict[str, Any]] = {
        "okta": {"url": f"{base}/okta", "token": "sandbox-okta-token"},
        "entra": {
            "tenant": TENANT,
            "client_id": CLIENT,
            "client_secret": "sandbox-entra-secret",
            "authority": f"{base}/entra",
            "graph": f"{base}/entra",
            # No header tells these limits, so the client keeps to them by itself, also where there are none.
            "sign_ins_per_minute": 1_000_000,
            "resource_units": 1_000_000,
        },
        "onelogin": {
            "url": f"{base}/onelogin",
            "client_id": "sandbox-onelogin-id",
            "client_secret": "sandbox-onelogin-secret",
        },
        "google_workspace": vendors.connections()["google"].resolved(base)
        | {"queries_per_minute": 1_000_000},
        "keycloak": vendors.connections()["keycloak"].resolved(base),
        "jumpcloud": vendors.connections()["jumpcloud"].resolved(base),
        "pingone": vendors.connections()["pingone"].resolved(base),
        "scim": {"url": f"{base}/scim/v2", "token": "sandbox-scim-token"},
    }
    made = connector(kind)
    return made(kind, made.Options(**options[kind] | more), door or Door())


def streamed(source: Source) -> dict[str, int]:
    """Read both parts side by side and keep no page; return their numbers of rows."""

    def count(part: str) -> int:
        return sum(len(page.frame) for page in getattr(source, part)())

    with ThreadPoolExecutor(len(PARTS)) as pool:
        return dict(zip(PARTS, pool.map(count, PARTS), strict=True))
