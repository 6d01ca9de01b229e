"""Who approves: one person, in however many spellings of the name."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.approver import approver_key, approver_name

UNSEEN = [
    "\u2065", "\ufff0", "\U000e0080", "\U000e1000", "\ue000", "\ud800", "\u0378", "\U0001d159", "\U00016fe4",
]  # fmt: skip
"""Letters that nobody sees or that mean nothing, whatever Python's own tables know of them."""


@pytest.mark.parametrize(
    "spelling",
    [
        "Ada Larsen",
        "  ADA \t larsen\n",
        "Ada\N{NO-BREAK SPACE}\N{EM SPACE}Larsen",
        "Ada\N{ZERO WIDTH SPACE} Lar\N{SOFT HYPHEN}sen",
        "\N{RIGHT-TO-LEFT OVERRIDE}Ada Larsen\x00",
        "\N{FULLWIDTH LATIN CAPITAL LETTER A}da Larsen\N{VARIATION SELECTOR-16}",
        # Ignorable and unassigned, private, half a letter, a note without a head, a filler.
        *(f"Ada{one} Larsen{one}" for one in UNSEEN),
    ],
)
def test_every_spelling_of_a_name_is_one_person(spelling):
    """Neither case nor blanks nor what nobody sees makes another person of somebody."""
    assert approver_key(spelling) == "ada larsen"


@pytest.mark.parametrize(
    "text",
    ["", " \n", "\N{ZERO WIDTH SPACE}", "\N{HANGUL FILLER}\N{BRAILLE PATTERN BLANK}\x1b", *UNSEEN],
)
def test_what_nobody_sees_is_no_name(text):
    """It names nobody, however many letters it has."""
    assert (approver_name(text), approver_key(text)) == ("", "")


def test_a_name_is_kept_as_it_is_written():
    """With its case and its accents, in one line."""
    assert approver_name(" J\N{LATIN SMALL LETTER U WITH DIAERESIS}rgen\r\nO'Neil-Smith ") == (
        "J\N{LATIN SMALL LETTER U WITH DIAERESIS}rgen O'Neil-Smith"
    )


@pytest.mark.parametrize(
    "name",
    ["Łukasz Żak", "Ңұрсұлтан", "محمد علي", "दीपिका शर्मा", "சுந்தர்", "สมชาย ใจดี", "山田 太郎", "김 철수",
     "Ναυσικά", "የሺ", "გიორგი", "\U00010d50\U00010d51"],
)  # fmt: skip
def test_a_name_in_any_script_stays_whole(name):
    """Also in one that Python's own tables do not know yet, such as Garay."""
    assert approver_name(name) == unicodedata.normalize("NFKC", name)
    assert approver_key(name) != ""


@given(st.text(max_size=8))
def test_a_name_that_is_kept_is_the_same_person_later(text):
    """What stands in the ledger is read as what was given."""
    assert approver_name(approver_name(text)) == approver_name(text)
    assert approver_key(approver_name(text)) == approver_key(text)
