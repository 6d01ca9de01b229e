"""Who approves: one person, in however many spellings of the name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.approver import approver_key, approver_name


@pytest.mark.parametrize(
    "spelling",
    [
        "Ada Larsen",
        "  ADA \t larsen\n",
        "Ada\N{NO-BREAK SPACE}\N{EM SPACE}Larsen",
        "Ada\N{ZERO WIDTH SPACE} Lar\N{SOFT HYPHEN}sen",
        "\N{RIGHT-TO-LEFT OVERRIDE}Ada Larsen\x00",
        "\N{FULLWIDTH LATIN CAPITAL LETTER A}da Larsen\N{VARIATION SELECTOR-16}",
    ],
)
def test_every_spelling_of_a_name_is_one_person(spelling):
    """Neither case nor blanks nor what nobody sees makes another person of somebody."""
    assert approver_key(spelling) == "ada larsen"


@pytest.mark.parametrize(
    "text", ["", " \n", "\N{ZERO WIDTH SPACE}", "\N{HANGUL FILLER}\N{BRAILLE PATTERN BLANK}\x1b"]
)
def test_what_nobody_sees_is_no_name(text):
    """It names nobody, however many letters it has."""
    assert (approver_name(text), approver_key(text)) == ("", "")


def test_a_name_is_kept_as_it_is_written():
    """With its case and its accents, in one line."""
    assert approver_name(" J\N{LATIN SMALL LETTER U WITH DIAERESIS}rgen\r\nO'Neil-Smith ") == (
        "J\N{LATIN SMALL LETTER U WITH DIAERESIS}rgen O'Neil-Smith"
    )


@given(st.text(max_size=8))
def test_a_name_that_is_kept_is_the_same_person_later(text):
    """What stands in the ledger is read as what was given."""
    assert approver_name(approver_name(text)) == approver_name(text)
    assert approver_key(approver_name(text)) == approver_key(text)
