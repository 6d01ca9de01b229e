"""Atlassian's user provisioning (SCIM 2.0), under `/atlassian/scim/directory/{id}`.

Its records are linked to accounts of the organisation, which follow what is written here. From its first
use on the directory is everybody's, and contractors' accounts follow the company no more by themselves.
Options of the world: `scim_lag` (seconds until the organisation follows), `scim_locks` (the administration
can only read linked accounts, as at Atlassian; left out, one rehearsal can drive both), `scim_users` and
`scim_members` (the limits), `scim_guard` (False: no subscription, all is forbidden), `scim_hides`
(attributes left out, such as `groups` of users and `members` in the list of groups).
"""

from sandbox.atlassian_scim.face import FACE
from sandbox.atlassian_scim.state import DIRECTORY
from sandbox.kit.connection import AGENTS, CONFLUENCE, JIRA, Connection, Target

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="acme-scim",
        kind="atlassian_scim",
        options={"url": "$base/atlassian", "directory": DIRECTORY, "key": "env:SANDBOX_SCIM_KEY"},
        secrets={"SANDBOX_SCIM_KEY": "sandbox-scim-key"},
        target=Target(
            {name: [name] for name in (*JIRA, *CONFLUENCE, *AGENTS)},
            leaver=("{after: 0d, do: deactivate}", "{after: 90d, do: delete}"),
            default=False,
            another_way=True,
        ),
        rank=2,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
