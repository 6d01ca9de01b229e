"""Attribute mapping and the names of groups."""

from __future__ import annotations

import pandas as pd
import pytest

from provisioning.model.frames import Identities
from provisioning.policy.transform import DEFAULT_ATTRIBUTES, Attribute, Rename, derive
from tests.provisioning.worlds import frame, identity

PEOPLE = frame(
    Identities,
    [
        identity("ann", given_name="Ann", family_name="Lee", display_name=None),
        identity("bob", given_name="Bob", user_name=" BOB@acme.test ", display_name="Bobby"),
    ],
)


def values(**rule) -> list[str | None]:
    value = derive(Attribute.model_validate(rule), PEOPLE)
    return value.astype(object).where(value.notna(), None).tolist()


@pytest.mark.parametrize("to", ["$1", r"\1"])
def test_a_regex_takes_both_notations_of_a_group(to):
    """The syntax people know from other tools works, and so does Python's."""
    steps = ["trim", "lower", {"regex": "(.*)@.*", "to": to}]

    assert values(**{"from": ["user_name"], "transform": steps}) == ["ann", "bob"]


def test_the_first_attribute_with_a_value_counts_and_then_the_template():
    """A fallback chain goes attribute by attribute, row by row."""
    assert values(**{"from": ["display_name"], "template": "{given_name} {family_name}"}) == [
        "Ann Lee",
        "Bobby",
    ]


def test_a_template_with_an_unknown_attribute_gives_nothing():
    """Half a name is no name."""
    assert values(template="{given_name} {family_name}") == ["Ann Lee", None]


def test_steps_follow_each_other():
    """Replace, look up and case changes apply in their order; unknown words stay or become `otherwise`."""
    table = {"lookup": {"ann": "a1"}, "otherwise": "rest"}

    assert values(**{"from": ["given_name"], "transform": ["upper"]}) == ["ANN", "BOB"]
    assert values(**{"from": ["given_name"], "transform": ["lower", {"replace": "n", "by": "X"}]}) == [
        "aXX",
        "bob",
    ]
    assert values(**{"from": ["given_name"], "transform": ["lower", table]}) == ["a1", "rest"]
    assert values(**{"from": ["given_name"], "transform": [{"lookup": {"Ann": "a1"}}]}) == ["a1", "Bob"]


def test_an_empty_result_is_no_value():
    """A step that leaves nothing leaves null, not an empty text."""
    assert values(**{"from": ["given_name"], "transform": [{"regex": "^Ann$", "to": ""}]}) == [None, "Bob"]


def test_a_constant_fills_what_is_missing():
    """`otherwise` is the end of the chain."""
    assert values(**{"from": ["family_name"], "otherwise": "?"}) == ["Lee", "?"]


def test_a_display_name_is_put_together_where_the_source_shows_none():
    """Many directories leave it empty."""
    assert derive(DEFAULT_ATTRIBUTES["display_name"], PEOPLE).tolist() == ["Ann Lee", "Bobby"]


def test_a_group_is_renamed_by_the_rule_that_fits():
    """A rename takes a group name apart; a name that does not fit has none."""
    rule = Rename.model_validate({"regex": "^APP-(.*)$", "to": "$1-users", "transform": ["lower"]})

    assert rule.name("APP-Jira") == "jira-users"
    assert rule.name("dept-sales") is None
    assert Rename.model_validate({"regex": "^same$"}).name("same") == "same"


def test_people_of_none_have_no_values():
    """An empty frame gives an empty column of text."""
    value = derive(DEFAULT_ATTRIBUTES["email"], PEOPLE.iloc[:0])

    assert pd.Series([], dtype="str").dtype == value.dtype
    assert len(value) == 0
