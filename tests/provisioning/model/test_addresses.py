"""E-mail addresses: checked and brought to one form by the library, quickly where they are ordinary."""

from __future__ import annotations

import pandas as pd
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from provisioning.model.addresses import normalise
from provisioning.model.frames import Accounts, Identities
from provisioning.model.intake import screened

LETTERS = st.text(st.sampled_from("aZé0.-_+'@ ,;<\N{ZERO WIDTH SPACE}"), max_size=12)


def _one(value: str) -> tuple[str | None, bool]:
    found = normalise(pd.Series([value, None, "usual@acme.test"], dtype="str"))
    normal = found.normal.astype(object).where(found.normal.notna(), None).tolist()
    assert (normal[1:], found.wrong.tolist()[1:]) == ([None, "usual@acme.test"], [False, False])
    return normal[0], bool(found.wrong[0])


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        ("Ada.L@ACME.Test", "Ada.L@acme.test"),
        ("\N{NO-BREAK SPACE}ada@acme.test ", "ada@acme.test"),
        ("ada@xn--mnchen-3ya.de", "ada@m\N{LATIN SMALL LETTER U WITH DIAERESIS}nchen.de"),
        ("ze\N{COMBINING ACUTE ACCENT}@acme.test", "z\N{LATIN SMALL LETTER E WITH ACUTE}@acme.test"),
        ("o'neil+x@corp.local", "o'neil+x@corp.local"),
        ("ada@sub.example", "ada@sub.example"),
    ],
)
def test_an_address_has_one_form(value: str, normal: str) -> None:
    """Domains in lower case and their own script, letters composed, blanks dropped; test domains pass."""
    assert _one(value) == (normal, False)


@pytest.mark.parametrize(
    "value",
    [
        "NULL",
        "Ada Test <ada@acme.test>",
        "mailto:ada@acme.test",
        "ada@acme.test;bo@acme.test",
        "ada@acme",
        "ada@@acme.test",
        "ada@acme..test",
        ".ada@acme.test",
        "ada@acme.test.",
        "ad\N{ZERO WIDTH SPACE}a@acme.test",
    ],
)
def test_what_is_no_plain_address_is_none(value: str) -> None:
    """A name, a scheme, a second address or a slip makes it none; nothing is guessed out of it."""
    assert _one(value) == (None, True)


def test_an_empty_value_is_unknown_and_not_wrong() -> None:
    """Blanks state no address."""
    assert _one("  ") == (None, False)


@given(LETTERS)
def test_the_quick_way_agrees_with_the_library(local: str) -> None:
    """Whatever the expression lets pass, the library lets pass unchanged."""
    value = f"{local}@acme.test"
    normal, wrong = _one(value)
    try:
        expected = validate_email(value.strip(), check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError:
        expected = None

    assert (normal, wrong) == (expected, expected is None)


def test_an_address_of_a_person_that_is_none_is_reported() -> None:
    """It is null with its value and what to do; what an account's is, its target decides."""
    raw = {"state": "active", "email": ["NULL", "b@ACME.test"]}

    people = screened(
        Identities, {"source": "hr", "source_id": ["1", "2"], **raw}, origin="hr", key="source_id"
    )
    fixed = {"target": "t", "account_id": ["1", "2"], "kind": "person", "caller": False}
    accounts = screened(Accounts, fixed | raw, origin="t", key="account_id")

    assert people.frame["email"].astype(object).where(people.frame["email"].notna(), None).tolist() == [
        None,
        "b@acme.test",
    ]
    [told] = people.rejects.to_dict("records")
    assert (told["key"], told["field"], told["value"]) == ("1", "email", "NULL")
    assert "ada@example.com" in told["remedy"]
    assert (accounts.frame["email"].tolist(), len(accounts.rejects)) == (["NULL", "b@ACME.test"], 0)


def test_an_address_of_an_account_has_the_same_form_as_that_of_a_person() -> None:
    """A domain in its own script, letters composed; what is no address stays as the target shows it."""
    shown = [
        "a@xn--mnchen-3ya.de",
        "ze\N{COMBINING ACUTE ACCENT}@acme.test",
        None,
        "\N{EM DASH}",
        "C@ACME.test",
    ]
    fixed = {"target": "t", "kind": "person", "caller": False, "state": "active"}

    accounts = screened(
        Accounts, {**fixed, "account_id": list("12345"), "email": shown}, origin="t", key="account_id"
    )

    emails = accounts.frame["email"]
    assert emails.astype(object).where(emails.notna(), None).tolist() == [
        "a@m\N{LATIN SMALL LETTER U WITH DIAERESIS}nchen.de",
        "z\N{LATIN SMALL LETTER E WITH ACUTE}@acme.test",
        None,
        "\N{EM DASH}",
        "C@ACME.test",
    ]
    assert accounts.rejects.empty
