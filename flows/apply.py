"""The only flow that writes: exactly the plan that was read."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from prefect import flow

from ledger import StoredPlan
from tasks.consent import require_consent
from tasks.load import holding, load_batch, settle
from tasks.progress import current
from tasks.publish import publish
from tasks.run import Picture, running
from tasks.session import Session
from tasks.turns import load
from tasks.verify import verify


@flow(name="seatwise-apply", flow_run_name="apply {plan}")
async def apply(
    plan: str, config: str = "policy.yaml", out: str = "out", as_of: datetime | None = None
) -> dict[str, Any]:
    """Make the changes of one plan, and nothing else.

    Args:
        plan: Fingerprint of the plan, or its beginning.
        config: The policy file.
        out: Folder for the files people read.
        as_of: Judge as of this moment instead of now.
    """
    with running("apply", config, out, as_of=as_of) as session:
        stored = session.ledger.plan(plan)
        require_consent(session, stored)
        picture = Picture(plans={stored.target: stored})
        await loaded(session, stored, picture)
        return await publish(session, picture)


async def loaded(session: Session, plan: StoredPlan, picture: Picture) -> None:
    """Write a plan, read back, and keep what came of it, also of a plan that ends half-way."""
    target, ledger = plan.target, session.ledger
    advance = current().step(f"{target}: changes", len(plan.changes))
    begin = partial(load_batch.submit, session, plan, target, advance=advance)
    with holding(session, target):
        settle(session, target)
        # Now, not at the end: a plan of the rest is not the first one of this policy that a person sees.
        ledger.policy_applied(target, plan.policy_fingerprint, session.moment())
        try:
            picture.outcomes[target] = verify(session, plan, target, load(session, plan, begin))
        except Exception:
            picture.outcomes[target] = ledger.outcomes(plan.fingerprint, session.run_id)
            raise
