"""One fold and one kind of pattern for all names and addresses."""

from __future__ import annotations

import time
import unicodedata

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provisioning.model.text import fold, folded, matches, matching, unmatched

TEXTS = st.text(max_size=12)


@pytest.mark.parametrize("text", ["STRAẞE", "Straße", " straße ", "straßE\u00a0"])
def test_case_and_blanks_do_not_count(text):
    assert fold(text) == "straße"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@straße.test", "anna@strasse.test"),
        ("anna@xn--strae-oqa.test", "anna@strasse.test"),
        ("\N{LATIN SMALL LETTER LONG S}am", "sam"),
        ("\N{LATIN SMALL LIGATURE FI}n", "fin"),
        ("\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}da", "ida"),
        ("\N{LATIN SMALL LETTER DOTLESS I}da", "ida"),
    ],
)
def test_letters_that_only_look_or_sound_alike_are_not_the_same(one, other):
    """Domains and logins with them are registered apart, so they may be two people's."""
    assert fold(one) != fold(other)
    assert folded(pd.Series([one, other], dtype="str")).nunique() == 2


def test_letters_whose_ascii_part_alone_was_made_small_are_the_same():
    """So services do, and a capital sigma at the end of a word is the letter written there."""
    assert fold("MÜLLER") == fold("mÜller") == "müller"
    assert fold("ΟΔΟΣ") == fold("οδος")


def test_the_two_forms_of_an_accent_are_one_text():
    assert fold("Jose\u0301") == fold("JOS\u00c9")


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("Ada@XN--mller-kva.test", "ada@m\N{LATIN SMALL LETTER U WITH DIAERESIS}ller.test"),
        ("ada@mail.xn--strae-oqa.test", "ada@mail.stra\N{LATIN SMALL LETTER SHARP S}e.test"),
        ("*@xn--mller-kva.test", "*@M\N{LATIN CAPITAL LETTER U WITH DIAERESIS}LLER.test"),
    ],
)
def test_an_address_is_the_same_in_whichever_script_its_domain_is_written(address, same):
    """The letters of machines (`xn--`) and those of people are one address, also in a pattern."""
    assert fold(address) == fold(same)
    assert folded(pd.Series([address], dtype="str")).tolist() == [fold(same)]
    assert matches(same.replace("*", "a"), [address])


@pytest.mark.parametrize("text", ["ada@xn--zzzzzzzz99999.test", "ada@xn--plain-.test", "xn--mller-kva.test"])
def test_what_only_looks_like_another_script_stays_as_it_is(text):
    """A label that says nothing, and what is no address."""
    assert fold(text) == text


@given(TEXTS)
@example("@xn--xn---mller-kva")
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(TEXTS)
def test_a_text_folds_like_its_other_normal_form(text):
    composed = unicodedata.normalize("NFC", text.strip())

    assert fold(unicodedata.normalize("NFD", composed)) == fold(composed)


@given(st.lists(st.one_of(st.none(), TEXTS)))
@example(["\x1cA", " B\t", "É", "\u0130", "ǅ", None, ""])
def test_a_column_folds_as_its_texts_do_and_what_is_empty_is_null(texts):
    found = folded(pd.Series(texts, dtype="str"))

    assert [None if pd.isna(text) else text for text in found] == [
        fold(text) or None if text is not None else None for text in texts
    ]


@pytest.mark.parametrize(
    ("name", "globs", "expected"),
    [
        ("ATL-Jira", ["atl-*"], True),
        ("atl-jira", ["ATL-*"], True),
        ("Équipe", ["e\u0301*"], True),
        ("Straße 1", ["STRAẞE ?"], True),
        ("atl-jira", ["jira", "conf*"], False),
        ("atl-jira", [], False),
        (None, ["*"], False),
        ("", ["*"], True),
        ("line\nbreak", ["line*"], True),
        ("jira-a", ["jira-[ab]"], True),
        ("jira-c", ["jira-[!AB]"], True),
        ("jira-a", ["jira-[!AB]"], False),
        ("a.c", ["a.c"], True),
        ("abc", ["a.c"], False),
    ],
)
def test_a_glob_matches_whatever_the_case(name, globs, expected):
    assert matches(name, globs) is expected
    assert list(matching(pd.Series([name], dtype="str"), globs)) == [expected]


@given(TEXTS.filter(lambda text: not set(text) & set("*?[")))
def test_a_name_without_wildcards_matches_itself(name):
    assert matches(name, [name])
    assert matches(name.upper(), [name]) is (fold(name.upper()) == fold(name))


@pytest.mark.parametrize("glob", ["*a" * 40 + "*b", "*" * 200 + "b", "[a]*" * 40 + "b", "?*" * 60 + "b"])
def test_a_hostile_glob_takes_bounded_time(glob):
    """Going back over each star would take longer than the universe lasts."""
    began = time.perf_counter()

    assert not matches("a" * 5_000, [glob])
    assert time.perf_counter() - began < 5


def test_the_globs_that_match_nothing_are_named():
    assert unmatched(["atl-*", "ops-*", "ADMINS"], ["ATL-jira", "admins"]) == ["ops-*"]
    assert unmatched(["*"], []) == ["*"]
    assert unmatched([], ["a"]) == []
