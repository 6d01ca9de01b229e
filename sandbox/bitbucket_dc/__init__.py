"""Bitbucket Data Center as one face, `/bitbucket`: people, groups, global permissions, the licence.

Nobody can be disabled: a seat is freed by taking the groups and permissions that give it. Whoever may
not is told 401. Option of the world: `bitbucket_dc_seats` (seats bought; None without limit).
"""

from sandbox.bitbucket_dc.face import FACE
from sandbox.kit.connection import SEATS, Connection, Target

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="bitbucket",
        kind="bitbucket_dc",
        options={"url": "$base/bitbucket", "token": "env:SANDBOX_DC_TOKEN"},
        secrets={"SANDBOX_DC_TOKEN": "sandbox-dc-token"},
        target=Target({"atl-jira-dev": ["bitbucket-users", "developers"]}, leaver=SEATS),
        rank=8,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
