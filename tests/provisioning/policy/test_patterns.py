"""Regular expressions of the policy: what they mean, what they may not be, and how long they take."""

from __future__ import annotations

import re
import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.policy.patterns import fits, group_count, replace_first
from provisioning.policy.policy import load
from provisioning.policy.yaml_file import PolicyError

HOSTILE = ["(a+)+$", "(a|aa)+$", "(a|a?)+$", "([a-z]+)*$", "(.*a){20}$", r"^(\w+\s?)*$"]
"""Expressions on which a search that goes back takes for ever."""


def one(text: str | None) -> pd.Series:
    return pd.Series([text], dtype="str")


@pytest.mark.parametrize("pattern", HOSTILE)
def test_an_expression_takes_no_longer_than_a_name_is_long(pattern):
    """Names come from outside: whoever may name a group may not hold up the run."""
    name = "a" * 20_000 + "!"

    start = time.monotonic()
    fits(pattern, one(name))
    replace_first(pattern, "$0", one(name))

    assert time.monotonic() - start < 5


@pytest.mark.parametrize("pattern", ["(?=a)b", "(?<!a)b", r"(a)\1", "(?P<n>a)(?P=n)", "(?>a)b"])
def test_what_looks_around_or_refers_back_is_a_mistake_with_its_line(pattern):
    """RE2 takes no such expression; the policy says where it stands and why."""
    text = f"""
version: 1
connections: {{hr: {{kind: csv}}, jira: {{kind: atlassian_export}}}}
sources: [{{from: hr}}]
targets:
  - to: jira
    groups:
      rename:
        - {{regex: '{pattern}', to: 'x'}}
"""
    with pytest.raises(PolicyError) as refused:
        load(text, origin="policy.yaml")

    (mistake,) = refused.value.mistakes
    assert mistake.line == 9
    assert "not supported" in mistake.expected


@pytest.mark.parametrize("pattern", ["[", "a{2000}", "*", "(a{1000}){1000}"])
def test_what_is_no_expression_or_too_large_is_refused(pattern):
    with pytest.raises(ValueError, match=r"\w"):
        group_count(pattern)


@pytest.mark.parametrize(
    ("pattern", "to", "text", "expected"),
    [
        ("(.*)@.*", "$1", "ann@acme.test", "ann"),
        ("(.*)@.*", r"\1", "ann@acme.test", "ann"),
        ("^APP-(.*)$", "$1-$1", "APP-Jira", "Jira-Jira"),
        ("a", "b", "aa", "ba"),
        ("", "x", "ab", "xab"),
        ("(x)?a", "<$1>", "a", "<>"),
        ("a", r"c:\temp", "a", r"c:\temp"),
        ("a", "$", "a", "$"),
        (r"^(\w+) (\w+)$", "$2, $1", "Zoë Müller", "Müller, Zoë"),
        (r"[\w.]+", "", "jürgen.weiß@acme.test", "@acme.test"),
        (r"\d+$", "", "team٣", "team"),
        (r"\W", "_", "a¦b", "a_b"),
        (r"[]\w]+", "-", "]ä!", "-!"),
        (r"a\Z", "b", "a", "b"),
        (r"(?i)^ÄRZTE", "x", "ärzte-1", "x-1"),
    ],
)
def test_the_first_place_is_replaced(pattern, to, text, expected):
    """Groups are named either way; letters and digits of every script are such."""
    assert replace_first(pattern, to, one(text)).tolist() == [expected]


def test_null_fits_nothing_and_stays():
    assert fits(".*", one(None)).tolist() == [False]
    assert replace_first(".*", "x", one(None)).isna().all()


@given(
    st.sampled_from([r"(\w+)@(.*)", "^(a|b)(.)?", r"\s+", "[^a-z]+", r"(\d*)x", "b*"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\n"), max_size=20),
)
def test_an_expression_means_what_it_means_in_python(pattern, text):
    """Where both take an expression, the first place that fits is the same."""
    if any(letter.isspace() and letter not in " \t\r\f" for letter in text):
        return
    expected = re.compile(pattern).sub(lambda found: f"<{found[0]}>", text, count=1)

    assert replace_first(pattern, "<$0>", one(text)).tolist() == [expected]
