"""The SCIM faces: the same directory as SCIM 2.0 under `/scim/v2` and as SCIM 1.1 under `/scim/v1`.

Both take a bearer token (`sandbox-scim-token`) or HTTP Basic with it as the password, and both read
and write: users, groups, PUT, PATCH, DELETE, ETags. The options that make them misbehave stand in
`sandbox.scim.list`. A client gets the token at `/oauth2/v1/token` below either. Under rate limits a token
has 600 requests a minute.
"""

from sandbox.kit.connection import Connection
from sandbox.scim.face import V1, V2

FACES = (V1, V2)
CONNECTIONS = tuple(
    Connection(
        name=f"scim-{version}",
        kind="scim",
        options={"url": f"$base/scim/v{version}", "token": "env:SANDBOX_SCIM_TOKEN"},
        secrets={"SANDBOX_SCIM_TOKEN": "sandbox-scim-token"},
    )
    for version in (2, 1)
)

__all__ = ["CONNECTIONS", "FACES"]
