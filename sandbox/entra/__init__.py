"""The Entra face: the login authority and Microsoft Graph of one tenant under `/entra`.

    POST /entra/<tenant>/oauth2/v2.0/token     see `entra.auth`
    GET  /entra/v1.0/users?$select=…&$top=999  see `entra.query`; nested groups, see `entra.tree`
    GET  /entra/v1.0/users/delta               see `entra.delta`
    POST /entra/v1.0/$batch                    see `entra.batch`

It shows the company that Okta shows, as Graph has it: whoever left is a deleted user that can be
restored for 30 days and is gone afterwards, and whoever has not started or is suspended is disabled.
Options of the world: `entra_premium` (False: sign-in activity is refused for want of a licence),
`entra_untyped` (members of groups do not say whether they are users or groups), and those of the modules
above. Under rate limits Graph counts resource units, and requests for sign-in activity apart.
"""

from sandbox.entra.auth import CLIENT, TENANT
from sandbox.entra.face import FACE
from sandbox.kit.connection import Connection

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="entra",
        kind="entra",
        options={
            "tenant": TENANT,
            "client_id": CLIENT,
            "client_secret": "env:SANDBOX_ENTRA_SECRET",
            "authority": "$base/entra",
            "graph": "$base/entra",
            "sign_ins_per_minute": 6000,
        },
        secrets={"SANDBOX_ENTRA_SECRET": "sandbox-entra-secret"},
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
