"""The report by mail, taken by a real mail server on this machine."""

from __future__ import annotations

import email
import gc
import io
import logging
import socket
from collections.abc import Iterator
from email import policy
from typing import Any

import openpyxl
import pypdf
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

PASSWORD = "correct-horse-battery"


class Post:
    """A mail server on this machine that asks for a password and keeps what it takes."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        # The library knocks at the port to see that it listens, so the system cannot choose it.
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.controller = Controller(
            self, "127.0.0.1", self.port, authenticator=_knows, auth_require_tls=False
        )

    async def handle_DATA(self, *told: Any) -> str:  # noqa: N802 (as the library calls it)
        self.taken.append(told[-1])
        return "250 OK"


def _knows(*told: Any) -> AuthResult:
    return AuthResult(success=told[-1].password == PASSWORD.encode(), handled=False)


@pytest.fixture
def post() -> Iterator[Post]:
    """The server, running."""
    post = Post()
    post.controller.start()
    yield post
    post.controller.stop()


def block(post: Post, password: str) -> None:
    """Keep a block with the way to the mail server at the Prefect server."""
    from prefect_email import EmailServerCredentials

    made = EmailServerCredentials(
        username="seatwise@acme.test", password=password, smtp_server="127.0.0.1", smtp_port=post.port,
        smtp_type="INSECURE",
    )  # fmt: skip
    made.save("finance-mail", overwrite=True, _sync=True)


def addressed(company) -> None:
    """Say in the policy to whom the report goes."""
    company.rewrite(
        "report: {", "report: {mail: {through: finance-mail, to: [finance@acme.test, cfo@acme.test]}, "
    )


def test_finance_gets_the_figures_the_pdf_and_the_workbook(company, post, caplog):
    """As written to the folder; the password is in no log and no parameter."""
    caplog.set_level(logging.DEBUG)
    block(post, PASSWORD)
    addressed(company)
    summary = company.run("licences", send=True)

    (taken,) = post.taken
    mail = email.message_from_bytes(taken.content, policy=policy.default)
    pdf, workbook = (part.get_content() for part in mail.iter_attachments())
    assert taken.rcpt_tos == ["finance@acme.test", "cfo@acme.test"]
    assert f"{summary['waste']['seats']} seats to free, USD" in mail["Subject"]
    assert f"USD {summary['cost']:,.2f}, without tax" in mail.get_body().get_content()
    assert pdf == (company.out / "licences.pdf").read_bytes()
    assert "Licence report" in pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "Summary" in openpyxl.load_workbook(io.BytesIO(workbook), read_only=True).sheetnames
    assert PASSWORD not in caplog.text


def test_a_mail_that_is_refused_says_so_and_leaves_the_report(company, post, caplog):
    """With what the server said, what to do next, and not a letter of the password."""
    block(post, "another-secret-word")
    addressed(company)
    state = company.end("licences", send=True)

    told = str(state.message) + caplog.text
    assert state.is_failed()
    assert "finance-mail did not take the report" in told
    assert "another-secret-word" not in told
    assert (company.out / "licences.pdf").exists()
    assert post.taken == []
    # The refused connection goes with the error that holds it, here and not at the end of all tests.
    del state
    gc.collect()


def test_nobody_is_named(company):
    """Then nothing is read: the policy is told what to name."""
    from tasks.mail import MailUnaddressed

    state = company.end("licences", send=True)

    assert state.is_failed()
    assert "to whom" in str(state.message)
    assert "report.mail" in str(MailUnaddressed("x"))
