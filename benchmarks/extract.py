"""(b) Extract: rows per second beside a bare loop over the same pages, and pacing beside the bound.

The bare loop fetches the same pages with the same concurrency, calls `r.json()` and throws the rows
away; ours gives validated frames. The SDK's listing stands beside both.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from pydantic import SecretStr

from benchmarks.company import served
from sources.okta import Okta, OktaOptions
from transport.door import Door

TOKEN = "sandbox-okta-token"
HEADERS = {"Authorization": f"SSWS {TOKEN}"}
EVERYONE = 'lastUpdated gt "1970-01-01T00:00:00.000Z"'
ROUNDS = 3
PACED = (1_000,)
WINDOW = 20


def main(people: int = 20_000) -> dict[str, float]:
    """Print and return the ratios."""
    with served(people, "--limits", "off") as base:
        _ours(base), _bare(base)
        ours = min(_timed(lambda: _ours(base)) for _ in range(ROUNDS))
        bare = min(_timed(lambda: _bare(base)) for _ in range(ROUNDS))
        users = min(_timed(lambda: _users(base)) for _ in range(ROUNDS))
        sdk = _timed(lambda: asyncio.run(_sdk(base)))
        rows = _ours(base)
    found = {"bare over ours": bare / ours, "sdk over ours (users alone)": sdk / users}
    print(f"(b) extract, {people:,} people, {rows:,} rows: ours {ours:.2f} s, bare loop {bare:.2f} s")
    print(f"    rate beside the bare loop {found['bare over ours']:.2f} (at least 1.0)")
    print(f"    users alone {users:.2f} s, okta SDK {sdk:.2f} s: {sdk / users:.1f} times")
    return found | _paced()


def _ours(base: str) -> int:
    """Everything, as validated frames, both listings side by side."""
    okta = Okta("okta", OktaOptions(url=f"{base}/okta", token=SecretStr(TOKEN)), Door())
    with ThreadPoolExecutor(2) as pool:
        parts = [pool.submit(_count, part) for part in (okta.identities(), okta.memberships())]
        return sum(part.result() for part in parts)


def _users(base: str) -> int:
    okta = Okta("okta", OktaOptions(url=f"{base}/okta", token=SecretStr(TOKEN)), Door())
    return _count(okta.identities())


def _count(pages: Iterator[Any]) -> int:
    return sum(len(page.frame) for page in pages)


def _bare(base: str) -> None:
    """The same pages, the same concurrency, no frames."""
    api = f"{base}/okta/api/v1"
    with requests.Session() as session, ThreadPoolExecutor(9) as pool:
        session.headers.update(HEADERS)
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=16))
        users = pool.submit(_follow, session, f"{api}/users", {"limit": 200, "filter": EVERYONE})
        groups = _follow(session, f"{api}/groups", {"limit": 200, "expand": "stats"})
        full = [g["id"] for page in groups for g in page if g["_embedded"]["stats"]["usersCount"]]
        list(pool.map(lambda g: len(_follow(session, f"{api}/groups/{g}/users", {"limit": 1000})), full))
        users.result()


def _follow(session: requests.Session, url: str, params: dict[str, Any]) -> list[Any]:
    pages = []
    reply = session.get(url, params=params)
    while True:
        reply.raise_for_status()
        pages.append(reply.json())
        if "next" not in reply.links:
            return pages
        reply = session.get(reply.links["next"]["url"])


async def _sdk(base: str) -> None:
    os.environ["OKTA_TESTING_TESTINGDISABLEHTTPSCHECK"] = "true"
    from okta.client import Client
    from okta.pagination import paginate_all

    async with Client({"orgUrl": f"{base}/okta", "token": TOKEN}) as client:
        async for _ in paginate_all(client.list_users, limit=200):
            pass


def _paced() -> dict[str, float]:
    """Under the documented limits: the least time the limits allow, over ours."""
    with served(*PACED) as base:
        requests.post(f"{base}/_sandbox/limits", json={"mode": "documented", "seconds": WINDOW}, timeout=10)
        requests.delete(f"{base}/_sandbox/requests", timeout=10)
        token = SecretStr(TOKEN)
        okta = Okta("okta", OktaOptions(url=f"{base}/okta", token=token, member_page_size=5), Door())
        spent = _timed(lambda: _count(okta.memberships()))
        rows = requests.get(f"{base}/_sandbox/requests", timeout=10).json()["requests"]
    sent = sum(row["count"] for row in rows)
    refused = sum(row["count"] for row in rows if row["status"] == 429)
    # Half of the documented 500 a window is one token's; a window opens with its first request.
    bound = ((sent - refused - 1) // 250) * WINDOW
    found = {"pacing efficiency": bound / spent, "refused share": refused / sent}
    print(f"    pacing, {sent} requests under the documented limits in windows of {WINDOW} s:")
    print(f"    bound {bound:.0f} s, ours {spent:.1f} s: efficiency {bound / spent:.2f} (at least 0.9), "
          f"refused {refused / sent:.1%} (under 2 %)")  # fmt: skip
    return found


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
