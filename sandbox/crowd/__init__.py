"""Crowd as one face, `/crowd`: users, groups, memberships and attributes for one application.

An application signs in with its name and password. Writing a user replaces it whole: what the body
leaves out is blanked. Nothing tells the number of users, so a listing is over at a short page. The option
`crowd_children` puts groups into groups: {"jira-software-users": ["developers"]}.
"""

from sandbox.crowd.face import FACE
from sandbox.kit.connection import CONFLUENCE, JIRA, Connection, Target

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="crowd",
        kind="crowd",
        options={
            "url": "$base/crowd",
            "application": "seatwise",
            "password": "env:SANDBOX_CROWD_PASSWORD",
        },
        secrets={"SANDBOX_CROWD_PASSWORD": "sandbox-crowd-password"},
        target=Target(JIRA | CONFLUENCE),
        rank=7,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
