"""The routes of Atlassian's administration, gathered from its APIs."""

from __future__ import annotations

from sandbox.atlassian_org import events, truth, users, v1, v2
from sandbox.kit.cloud_wire import error, gate, organisation, seal
from sandbox.kit.world import Face, World


def _advance(world: World, _days: int) -> None:
    organisation(world)


FACE = Face(
    name="atlassian",
    prefix="/atlassian",
    routes=(*v2.ROUTES, *v1.ROUTES, *events.ROUTES, *users.ROUTES),
    gate=gate,
    seal=seal,
    error=error,
    advance=_advance,
    tell=truth.truth,
    admin=truth.DOORS,
)
