"""Report seats, money and waste to finance. Writes nothing outside."""

from __future__ import annotations

from typing import Any

from prefect import State, flow

from flows.forms import titled
from flows.parameters import AsOf, Compare, Config, Out, Send
from flows.reconcile import read_and_decide
from tasks.aftermath import show_killed
from tasks.ending import as_state
from tasks.mail import mail_of, send_report
from tasks.past import recall_earlier, refuse_day_to_come
from tasks.publish import publish
from tasks.run import open_run
from tasks.runner import choose_runner
from tasks.schedule import skip_if_missed


@titled
@flow(
    name="seatwise-licences",
    task_runner=choose_runner(),
    on_crashed=[show_killed],
    on_cancellation=[show_killed],
)
async def licences(
    config: Config = "policy.yaml",
    out: Out = "out",
    as_of: AsOf = None,
    compare: Compare = None,
    send: Send = False,
) -> State[dict[str, Any]]:
    """Report every seat, what it costs and what is wasted."""
    if (missed := await skip_if_missed()) is not None:
        return missed
    with open_run("licences", config, out, as_of=as_of) as session:
        refuse_day_to_come(session, compare)
        if send:
            # Whoever is to get it is named before hours are spent on reading.
            mail_of(session)
        read_and_decide(session)
        recall_earlier(session, compare)
        summary = publish(session)
        if send:
            send_report(session, summary)
        return as_state(session, summary)
