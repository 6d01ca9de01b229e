"""The Okta face: the Management API of one org under `/okta`, and its token endpoint.

Options of the world: `okta_clients` (service applications), `okta_tokens` (API token → scopes),
`okta_page_size` (no page is longer), `okta_empty_last_page` (the last page too announces a next one,
which is empty), `okta_users_count` (what the statistics of every group say). Under rate limits each org
bucket has its documented number a minute, and each token half of it.
"""

from sandbox.kit.connection import Connection
from sandbox.okta.face import FACE

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="okta-main",
        kind="okta",
        options={"url": "$base/okta", "token": "env:SANDBOX_OKTA_TOKEN"},
        secrets={"SANDBOX_OKTA_TOKEN": "sandbox-okta-token"},
        rank=0,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
