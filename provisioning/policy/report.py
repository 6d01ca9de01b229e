"""What a policy file says of the licence report."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from provisioning.policy.rules import Strict
from provisioning.policy.values import Duration

Address = Annotated[str, Field(pattern=r"^[^@\s,]+@[^@\s,]+$")]


class Mail(Strict):
    """To whom `seatwise licences --send` mails the report."""

    through: str = Field(
        min_length=1,
        description="Name of a block of type Email Server Credentials at the Prefect server: the mail "
        "server, and the password to it.",
        examples=["finance-mail"],
    )
    to: list[Address] = Field(min_length=1, description="Addresses.", examples=[["finance@acme.test"]])
    sender: Address | None = Field(
        None,
        description="Address it is sent from. Without the key it is the user name of the block.",
        examples=["seatwise@acme.test"],
    )


def _known_locale(name: str) -> str:
    """Refuse what no locale is called; Babel alone knows them all, and most policies name none."""
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(name.replace("-", "_"))
    except (ValueError, UnknownLocaleError) as error:
        raise ValueError("it must be a language and country such as de_DE or en_GB") from error
    return name


class Report(Strict):
    """How the licence report counts and groups. It changes nothing in a target."""

    idle: Duration = Field(
        timedelta(days=60),
        description="A seat last used this long ago, or longer, is reported as unused.",
        examples=["90d"],
    )
    never_used_after: Duration = Field(
        timedelta(days=30),
        description="A seat that was never used is reported as unused this long after its account was added.",
        examples=["60d"],
    )
    in_use: Duration = Field(
        timedelta(days=1),
        description="A seat used more recently than this is never reported as ready to be freed, whatever is "
        "said of its holder.",
        examples=["3d"],
    )
    evidence_within: Duration | None = Field(
        None,
        description="How old what is known of a seat may be. Seats known only from older evidence, such as "
        "an export that was kept, are left out of every figure, and the report says so. Without the key all "
        "count, and their age stands beside them.",
        examples=["30d"],
    )
    by: list[Literal["department", "cost_center", "organization", "user_type", "title", "manager"]] = Field(
        ["department", "cost_center"],
        description="Attributes of people by which seats and money are summed.",
        examples=[["department", "manager"]],
    )
    mail: Mail | None = Field(
        None,
        description="To whom `seatwise licences --send` mails the report.",
        examples=[{"through": "finance-mail", "to": ["finance@acme.test"]}],
    )
    locale: Annotated[str, AfterValidator(_known_locale)] | None = Field(
        None,
        description="How the page and the PDF write numbers, days and money: a language, or a language and a "
        "country. Without the key it is `1,234.50` and `2026-09-14`.",
        examples=["de_DE"],
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        None,
        description="Currency the price book must be in, three letters. Without the key it is the price "
        "book's; no money is converted.",
        examples=["USD"],
    )
