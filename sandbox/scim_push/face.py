"""The doors by which a rehearsal has the clients push."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from sandbox.kit.world import Face, Reply, Request, Route, World, json_reply
from sandbox.scim_push.client import Client, Pushed
from sandbox.scim_push.dialects import DIALECTS


@dataclass
class Jobs:
    """What the clients remember, by the address they push to, and how many cycles ended."""

    pushed: dict[str, Pushed] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)


def _jobs(world: World) -> Jobs:
    jobs: Jobs = world.hold("scim_push", lambda _company: Jobs())
    return jobs


def push(world: World, request: Request) -> Reply:
    """Start a cycle of a client beside all else: `{"client": "okta", "url": …, "token": …}`."""
    facts = request.json() or {}
    if facts.get("client") not in DIALECTS:
        return json_reply({"error": f"client: expected one of {', '.join(DIALECTS)}"}, 400)
    jobs, url = _jobs(world), str(facts["url"])
    client = Client(facts["client"], url, facts["token"], jobs.pushed.setdefault(url, Pushed()))

    def run() -> None:
        client.cycle(world.company)
        jobs.ended[url] = jobs.ended.get(url, 0) + 1

    threading.Thread(target=run, name="push", daemon=True).start()
    return json_reply({"started": True}, 202)


def tell(world: World, _request: Request) -> Reply:
    """Tell by address how many cycles ended, and what the last one was refused."""
    jobs = _jobs(world)
    return json_reply(
        {url: {"cycles": jobs.ended.get(url, 0), "refused": one.refused} for url, one in jobs.pushed.items()}
    )


FACE = Face(
    name="scim_push",
    prefix="/scim_push",
    routes=(),
    admin=(Route("POST", "/push", push), Route("GET", "/push", tell)),
)
