"""A site of its own under `/cloud/desk`, whose people are customers of Jira Service Management.

Options of the world: `jsm_no_listing` (desks no longer tell their customers), `jsm_short_pages` (pages come
shorter than asked for).
"""

from sandbox.jsm_customers.face import CALLER, FACE, TOKEN
from sandbox.kit.connection import SEATS, Connection, Target

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="acme-customers",
        kind="jsm_customers",
        options={
            "url": "$base/cloud/desk",
            "email": CALLER,
            "token": "env:SANDBOX_DESK_TOKEN",
            "desks": ["SUP"],
        },
        secrets={"SANDBOX_DESK_TOKEN": TOKEN},
        target=Target(
            {"dept-sales": ["Sales"], "dept-finance": ["Finance"], "dept-legal": ["Legal"]},
            update="",
            leaver=SEATS,
            default=False,
        ),
        rank=60,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
