"""The PingOne faces: users and groups of one environment under `/pingone`, tokens under `/pingone-auth`.

Whoever has left is disabled. Options of the world: `pingone_page_size` (no page is longer),
`pingone_silent` (users do not name their groups, whatever is asked for). Under rate limits an environment
has 600 requests a minute, and a refusal says when to come back.
"""

from sandbox.kit.connection import Connection
from sandbox.pingone.face import AUTH, CLIENT, ENVIRONMENT, FACE, SECRET

FACES = (FACE, AUTH)
CONNECTIONS = (
    Connection(
        name="pingone",
        kind="pingone",
        options={
            "url": "$base/pingone/v1",
            "auth_url": "$base/pingone-auth",
            "environment": ENVIRONMENT,
            "client_id": CLIENT,
            "client_secret": "env:SANDBOX_PINGONE_SECRET",
        },
        secrets={"SANDBOX_PINGONE_SECRET": SECRET},
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
