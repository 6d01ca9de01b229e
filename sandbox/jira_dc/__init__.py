"""Jira Data Center as one face, `/jira`: people, groups, application roles, anonymisation.

Options of the world: `jira_dc_version` ("10.3.24"; 9.x has no `user/list` and pages the search, 10.0 to
10.2 have neither, 11 takes no password), `jira_dc_asks` (how often an anonymisation is asked about
before it is done), `jira_dc_seats` ({role: seats, None without limit}), `jira_dc_search_ends` (results
of a search beyond which there is nothing), `jira_dc_groups_shown` (groups the picker shows at most).
"""

from sandbox.jira_dc.face import FACE
from sandbox.kit.connection import AGENTS, JIRA, Connection, Target

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="legacy-jira",
        kind="jira_dc",
        options={"url": "$base/jira", "token": "env:SANDBOX_DC_TOKEN"},
        secrets={"SANDBOX_DC_TOKEN": "sandbox-dc-token"},
        target=Target(JIRA | AGENTS),
        rank=5,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
