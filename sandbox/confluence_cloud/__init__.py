"""Confluence Cloud's REST API of the site, under `/cloud/acme/wiki`: people and groups.

People cannot be made or ended here. A search finds those who may use Confluence; members of a group are
listed without the ones who are suspended or deactivated, and nothing says so.
"""

from sandbox.confluence_cloud.face import FACE
from sandbox.kit.connection import CONFLUENCE, SEATS, Connection, Target

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="acme-confluence",
        kind="confluence_cloud",
        options={
            "url": "$base/cloud/acme",
            "email": "admin@acme.test",
            "token": "env:SANDBOX_SITE_TOKEN",
        },
        secrets={"SANDBOX_SITE_TOKEN": "sandbox-api-token"},
        target=Target(CONFLUENCE, update="", leaver=SEATS, create=False, another_way=True),
        rank=4,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
