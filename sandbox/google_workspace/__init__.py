"""The Google faces: users, groups and members under `/google`, tokens under `/google-oauth`.

The group `everyone` has the whole customer for its one member. Options of the world: `google_children`
(by name of a group, names of groups that are members in place of their people), `google_members` (by name
of a group, further rows in its list of members), `google_counts` (by name of a group, what is counted in
place of its people), `google_refuses` (reasons a 403 gives, by end of the path). Under rate limits a user
has 2,400 queries a minute, refused by a 403 that bears a reason and no moment to come back.
"""

from sandbox.google_workspace.auth import ADMIN, OAUTH
from sandbox.google_workspace.face import FACE
from sandbox.google_workspace.key import KEY
from sandbox.kit.connection import Connection

FACES = (FACE, OAUTH)
CONNECTIONS = (
    Connection(
        name="google",
        kind="google_workspace",
        options={
            "url": "$base/google",
            "token_url": "$base/google-oauth/token",
            "key": "env:SANDBOX_GOOGLE_KEY",
            "subject": ADMIN,
            # Here the primary address is what people sign in with.
            "attributes": {
                "email": "emails.work",
                "hired_on": "customSchemas.Employment.start",
                "leaves_on": "customSchemas.Employment.end",
            },
        },
        secrets={"SANDBOX_GOOGLE_KEY": KEY},
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
