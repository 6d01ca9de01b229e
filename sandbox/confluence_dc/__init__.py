"""Confluence Data Center as one face, `/confluence`: people, groups, the licence, long tasks.

Options of the world: `confluence_dc_version` ("10.2.14"; before 9.3 the active users are not listed),
`confluence_dc_asks` (how many requests later a deletion is done), `confluence_dc_limit` (rows of a page
at most).
"""

from sandbox.confluence_dc.face import FACE
from sandbox.kit.connection import CONFLUENCE, Connection, Target

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="legacy-confluence",
        kind="confluence_dc",
        options={"url": "$base/confluence", "token": "env:SANDBOX_DC_TOKEN"},
        secrets={"SANDBOX_DC_TOKEN": "sandbox-dc-token"},
        target=Target(CONFLUENCE),
        rank=6,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
