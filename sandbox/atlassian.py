"""Atlassian Cloud's administration as one face: `/atlassian/admin` and `/atlassian/users`.

Options of the world: `atlassian_capacity` ({product: seats}), `atlassian_paid` (False: no invitations),
`atlassian_lag` (seconds until a search sees a new group), `atlassian_history` (`productAccess` keeps
products whose access is gone), `atlassian_narrow` (the directory lists people alone, as its
specification reads to the letter), `atlassian_disable_twice` (409: deactivating twice is a conflict).
"""

from __future__ import annotations

from sandbox import atlassian_org, atlassian_org1, atlassian_truth, atlassian_users
from sandbox.atlassian_wire import error, gate, organisation, seal
from sandbox.world import Face, World


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
