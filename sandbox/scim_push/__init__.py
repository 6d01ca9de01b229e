"""Identity providers that push: the same company, sent by clients like those of Okta, Entra and OneLogin.

There is nothing to read here. `POST /_sandbox/scim_push/push` with `{"client": "okta", "url": …, "token": …}`
has one of them push to a service once, as its provisioning job does in a cycle: whom it does not know yet it
looks up and makes, whoever changed it changes. `GET` of the same address tells how many cycles are done.
"""

from sandbox.kit.connection import Connection
from sandbox.scim_push.face import FACE
from sandbox.scim_push.rows import HR_COLUMNS

FACES = (FACE,)
CONNECTIONS = tuple(
    Connection(
        name=f"{client}-push", kind="scim_push", options={"attributes": HR_COLUMNS}, rank=60, pushed=True
    )
    for client in ("okta", "entra")
)

__all__ = ["CONNECTIONS", "FACES"]
