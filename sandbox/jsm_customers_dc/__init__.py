"""A Jira server of its own under `/desk`, whose people are customers of its service management.

Options of the world: `jsm_dc_no_listing` (desks do not tell their customers, and nobody can be taken out).
"""

from sandbox.jsm_customers_dc.face import FACE
from sandbox.kit.connection import SEATS, Connection, Target
from sandbox.kit.datacenter_wire import TOKEN

FACES = (FACE,)
CONNECTIONS = (
    Connection(
        name="legacy-customers",
        kind="jsm_customers_dc",
        options={"url": "$base/desk", "token": "env:SANDBOX_DC_TOKEN", "desks": ["SUP"]},
        secrets={"SANDBOX_DC_TOKEN": TOKEN},
        target=Target(
            {"dept-sales": ["Sales"], "dept-finance": ["Finance"], "dept-legal": ["Legal"]},
            update="",
            leaver=SEATS,
            default=False,
        ),
        rank=61,
    ),
)

__all__ = ["CONNECTIONS", "FACES"]
