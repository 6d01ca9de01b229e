"""The JumpCloud face: both versions of the API under `/jumpcloud/api`.

Whoever has left is suspended, as nobody is deleted for it. Rows come in no order unless one is asked for.
Options of the world: `jumpcloud_nested` (by name of a group, names of groups that are members in place of
their people).
"""

from sandbox.jumpcloud.face import FACE, KEY
from sandbox.kit.connection import Connection

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="jumpcloud",
        kind="jumpcloud",
        options={"url": "$base/jumpcloud/api", "key": "env:SANDBOX_JUMPCLOUD_KEY"},
        secrets={"SANDBOX_JUMPCLOUD_KEY": KEY},
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
