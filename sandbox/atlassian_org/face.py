"""Atlassian Cloud's administration as one face: its routes and what they answer."""

from __future__ import annotations

from sandbox.atlassian_org import truth as atlassian_truth
from sandbox.atlassian_org import users as atlassian_users
from sandbox.atlassian_org import v1 as atlassian_org1
from sandbox.atlassian_org import v2 as atlassian_org
from sandbox.kit.cloud_wire import error, gate, organisation, seal
from sandbox.kit.world import Face, World


def _advance(world: World, _days: int) -> None:
    organisation(world)


FACE = Face(
    name="atlassian",
    prefix="/atlassian",
    routes=(*atlassian_org.ROUTES, *atlassian_org1.ROUTES, *atlassian_users.ROUTES),
    gate=gate,
    seal=seal,
    error=error,
    advance=_advance,
    tell=atlassian_truth.truth,
    admin=atlassian_truth.DOORS,
)
