"""An answer that is not the listing is no listing, whatever its status says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioning.model import screening
from sandbox.running import Running
from sources import Source
from tests.sources.cases import CASES, connect
from transport.door import Door
from transport.errors import Malformed
from transport.retry_policy import RetryPolicy

REMOTE = [(kind, part) for kind, case in CASES.items() if case.http for part in case.paths]
ODD: dict[str, Any] = {
    "nothing": {},
    "text": "Please sign in",
    "login page": {"title": "Sign in", "html": "<form>…</form>"},
    "no rows": [1, None],
    "rows of texts": ["ann", "bob"],
    "another list": {"items": [{"id": "1"}]},
    "no list": {"value": {}, "Resources": {}, "data": {}, "responses": {}, "totalResults": 3},
}


def _read(source: Source, part: str) -> list[screening.Screened]:
    return list(getattr(source, part)())


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
@pytest.mark.parametrize(("kind", "part"), REMOTE)
def test_an_odd_page_is_refused_and_named(
    kind: str, part: str, body: Any, faulty: Running, tmp_path: Path
) -> None:
    """Nobody is taken for gone because a proxy answered; the error says where, and what to do."""
    # Entra's login authority stands below the same path; it is asked first and is no listing.
    path = "/entra/v1.0" if kind == "entra" else CASES[kind].paths[part]
    source = connect(
        kind, faulty, tmp_path, Door(retry_policy=RetryPolicy(attempts=2)), **CASES[kind].small_pages
    )
    faulty.world.faults.add(path=path, kind="status", status=200, skip=1, times=0, body=body)

    with pytest.raises(Malformed) as caught:
        _read(source, part)

    assert path in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("total", ["many", -1, {}, 1.5])
def test_a_total_that_is_no_number_is_refused(total: Any, faulty: Running, tmp_path: Path) -> None:
    """SCIM's own total: unreadable is not unknown."""
    body = {"totalResults": total, "Resources": [{"id": "1"}]}
    faulty.world.faults.add(path=CASES["scim"].paths["identities"], status=200, times=0, body=body)

    with pytest.raises(Malformed, match="totalResults"):
        _read(connect("scim", faulty, tmp_path, Door()), "identities")


@pytest.mark.parametrize("body", [ODD["text"], ODD["no rows"]], ids=["text", "list"])
@pytest.mark.parametrize("kind", ["entra", "onelogin"])
def test_an_odd_token_is_refused(kind: str, body: Any, faulty: Running, tmp_path: Path) -> None:
    """What answers in place of the login authority is not taken for a token, nor crashes its library."""
    faulty.world.faults.add(path=f"/{kind}", status=200, times=0, body=body)

    with pytest.raises(Malformed) as caught:
        _read(connect(kind, faulty, tmp_path, Door(retry_policy=RetryPolicy(attempts=2))), "identities")

    assert caught.value.remedy
