"""Atlassian Cloud's administration as one face: `/atlassian/admin` and `/atlassian/users`.

Options of the world: `atlassian_capacity` ({product: seats}), `atlassian_paid` (False: no invitations),
`atlassian_lag` (seconds until a search sees a new group), `atlassian_history` (`productAccess` keeps
products whose access is gone), `atlassian_narrow` (the directory lists people alone, as its
specification reads to the letter), `atlassian_disable_twice` (409: deactivating twice is a conflict),
`atlassian_hides` (what a search leaves out although it is to be expanded, such as `groups`), `atlassian_log`
and `atlassian_log_lag` (see `events`).
"""

from sandbox.atlassian_org.face import FACE
from sandbox.kit.cloud_model import DIRECTORY_ID, ORG_ID
from sandbox.kit.connection import AGENTS, CONFLUENCE, JIRA, Connection, Target

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="acme-cloud",
        kind="atlassian_org",
        options={
            "url": "$base/atlassian",
            "org": ORG_ID,
            "directory": DIRECTORY_ID,
            "key": "env:SANDBOX_ORG_KEY",
        },
        secrets={"SANDBOX_ORG_KEY": "sandbox-org-key"},
        target=Target(
            JIRA | CONFLUENCE | AGENTS,
            rest=(
                "inactive:",
                "  - {product: jira-software, idle: 90d, never_used_after: 60d, do: revoke_seat}",
            ),
        ),
        rank=1,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
