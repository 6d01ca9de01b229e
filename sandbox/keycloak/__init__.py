"""The Keycloak face: the realm `acme` under `/keycloak`, its users, tree of groups, and short tokens.

The teams of a department stand below its group. Options of the world: `keycloak_minutes` (a token lives so
long, one minute by default), `keycloak_shrinks` (somebody is removed between the pages of users).
"""

from sandbox.keycloak.face import CLIENT, FACE, REALM, SECRET
from sandbox.kit.connection import Connection

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="keycloak",
        kind="keycloak",
        options={
            "url": "$base/keycloak",
            "realm": REALM,
            "client_id": CLIENT,
            "client_secret": "env:SANDBOX_KEYCLOAK_SECRET",
        },
        secrets={"SANDBOX_KEYCLOAK_SECRET": SECRET},
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
