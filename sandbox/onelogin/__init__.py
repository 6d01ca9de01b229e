"""The OneLogin face: users, roles, groups and events of one account under `/onelogin`, and its tokens.

Options of the world: `onelogin_wrapped` (tokens come in the old envelope), `onelogin_page_size` (no page
is longer), `onelogin_bare` (headers tell cursors but no totals), `onelogin_no_users` (roles do not tell
their members), `onelogin_v1_only` (only calls of version 1 count against the limit), `onelogin_silent`
(a 429 says nothing about when to come back). Under rate limits a credential has 5,000 calls an hour.
"""

from sandbox.kit.connection import Connection
from sandbox.onelogin.face import FACE

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="onelogin",
        kind="onelogin",
        options={
            "url": "$base/onelogin",
            "client_id": "sandbox-onelogin-id",
            "client_secret": "env:SANDBOX_ONELOGIN_SECRET",
            # The vendor documents no status 6, and somebody has it.
            "states": {"status 6": "staged"},
        },
        secrets={"SANDBOX_ONELOGIN_SECRET": "sandbox-onelogin-secret"},
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
