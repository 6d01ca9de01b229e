"""Jira Cloud's REST API of the site, under `/cloud/acme`: people, groups, roles, seats.

It shows the same organisation as the administration does. Removing someone takes them out of the
directory, for the directory has this one site. Listings hold everyone the site knows, apps and customers
too; addresses of people the organisation does not manage are hidden. No use is told anywhere.
"""

from sandbox.jira_cloud.face import FACE
from sandbox.kit.connection import AGENTS, JIRA, SEATS, Connection, Target

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="acme-jira",
        kind="jira_cloud",
        options={
            "url": "$base/cloud/acme",
            "email": "admin@acme.test",
            "token": "env:SANDBOX_SITE_TOKEN",
        },
        secrets={"SANDBOX_SITE_TOKEN": "sandbox-api-token"},
        target=Target(JIRA | AGENTS, update="", leaver=SEATS, another_way=True),
        rank=3,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
