"""The step that mails the report: to whom the policy says, through the server that a Prefect block names."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from smtplib import SMTPException
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from errors import SeatwiseError
from provisioning.policy.report import Mail
from tasks.blocks import BlockMissing
from tasks.files import PRINTED, WORKBOOK
from tasks.progress import tell
from tasks.session import Session
from transport.redact import conceal

LARGEST = 10_000_000
"""Bytes of a file that is attached; many servers refuse a mail of more than twice as many."""


class MailUnaddressed(SeatwiseError):
    """The report is to be mailed, and the policy does not say to whom."""

    remedy = "Name `report.mail` in the policy: `through`, an Email Server Credentials block, and `to`."


class MailRefused(SeatwiseError):
    """The mail server was not reached, or did not take the mail."""

    remedy = "The report is in the folder of the run. Correct the block or the addresses, and run again."


def mail_of(session: Session) -> Mail:
    """To whom the policy has the report mailed.

    Raises:
        MailUnaddressed: to nobody.
    """
    if (mail := session.policy.report.mail) is None:
        raise MailUnaddressed("the policy does not say to whom the report is mailed")
    return mail


@task(name="send", task_run_name="send", cache_policy=NO_CACHE, timeout_seconds=300)
def send_report(session: Session, summary: dict[str, Any]) -> None:
    """Mail the PDF and the workbook with the figures of the whole.

    Args:
        session: the open session, whose report is written.
        summary: of the run.

    Raises:
        MailRefused: the server was not reached, or did not take it for everybody.
    """
    mail = mail_of(session)
    block = _load_block(mail.through)
    conceal(block.password.get_secret_value())
    message = compose(mail.sender or block.username or mail.to[0], mail.to, summary, session.out)
    try:
        with block.get_server() as server:
            refused = server.send_message(message)
    except (OSError, SMTPException) as error:
        raise MailRefused(f"the server of block {mail.through} did not take the report: {error}") from error
    if refused:
        raise MailRefused(f"the mail server did not take the report for {', '.join(sorted(refused))}")
    tell(f"The report was mailed to {len(mail.to)} addresses.")


def compose(sender: str, to: list[str], summary: dict[str, Any], folder: Path) -> EmailMessage:
    """The mail: what is to be saved, and the files that are not too large."""
    message = EmailMessage()
    waste, currency = summary["waste"], summary["waste"]["currency"]
    message["Subject"] = f"Licence report: {waste['seats']:,} seats to free{_money(', ', waste, ' a month')}"
    message["From"], message["To"] = sender, ", ".join(to)
    files = [folder / name for name in (PRINTED, WORKBOOK)]
    fitting = [path for path in files if path.stat().st_size <= LARGEST]
    lines = [
        f"Seats paid for: {sum(summary['seats'].values()):,}",
        f"Ready to be freed: {waste['seats']:,}; to review: {waste['review']:,}",
        *([] if currency is None else [f"Cost a month: {currency} {summary['cost']:,.2f}, without tax"]),
        *([] if currency is None else [f"Saved from the next cycle: {_money('', waste, ' a month')}"]),
        *(f"{path.name} is too large for a mail: {path}" for path in files if path not in fitting),
    ]
    message.set_content("\n".join(lines))
    for path in fitting:
        kind = "pdf" if path.name == PRINTED else "vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        message.add_attachment(path.read_bytes(), "application", kind, filename=path.name)
    return message


def _money(before: str, waste: dict[str, Any], after: str) -> str:
    return "" if waste["currency"] is None else f"{before}{waste['currency']} {waste['monthly']:,.2f}{after}"


def _load_block(name: str) -> Any:
    from prefect_email import EmailServerCredentials

    # Within a flow the method would give a coroutine unless told otherwise, which its type does not know.
    load: Callable[..., Any] = EmailServerCredentials.load
    try:
        return load(name, _sync=True)
    except ValueError as error:
        remedy = "Create it in the Prefect UI under Blocks; `seatwise deploy` registers the type."
        raise BlockMissing(f"Prefect has no Email Server Credentials block {name}", remedy) from error
