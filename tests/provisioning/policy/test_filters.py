"""SCIM filters over identities."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import TypeAdapter, ValidationError

from provisioning.model.frames import Identities
from provisioning.policy.filters import Filter, matches
from tests.provisioning.worlds import NOW, frame, identity

PEOPLE = frame(
    Identities,
    [
        identity(
            "ann", department="Finance", user_type="Employee", employee_number="7", hired_on="2026-01-05"
        ),
        identity("bob", department="Test", user_type="employee", hired_on="2024-03-01"),
        identity("cyd", department="Sales", user_type="Contractor", state="suspended"),
        identity("dan", user_type=None),
    ],
)


def found(text: str) -> list[str]:
    return PEOPLE.loc[matches(text, PEOPLE, NOW), "user_name"].tolist()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('userType eq "Employee" and not (department eq "Test")', ["ann"]),
        ('userName eq "ANN"', ["ann"]),
        ('department ne "Test"', ["ann", "cyd", "dan"]),
        ("department pr", ["ann", "bob", "cyd"]),
        ("not (department pr)", ["dan"]),
        ("department eq null", ["dan"]),
        ('department co "al"', ["cyd"]),
        ('department sw "fin" or userName ew "d"', ["ann", "cyd"]),
        ("active eq true", ["ann", "bob", "dan"]),
        ("active eq false", ["cyd"]),
        ('hiredate ge "2026-01-05"', ["ann"]),
        ('hiredate ge "200d ago"', ["ann"]),
        ('hired_on lt "2026-01-05T00:00:00Z"', ["bob"]),
        ('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Sales"', ["cyd"]),
        ('emails.value ew "@acme.test"', ["ann", "bob", "cyd", "dan"]),
        ('employeeNumber eq "7"', ["ann"]),
    ],
)
def test_a_filter_finds_whom_it_describes(text, names):
    """Every operator, whatever the case of names and values; unknown values satisfy ne alone."""
    assert names == found(text)


def test_and_binds_tighter_than_or():
    """`a or b and c` is `a or (b and c)`; brackets say otherwise."""
    text = 'userName eq "ann" or userName eq "bob" and department eq "Sales"'

    assert found(text) == ["ann"]
    assert found('(userName eq "ann" or userName eq "bob") and department eq "Sales"') == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "at the end"),
        ("userName eq", "at the end"),
        ("employeeNumber eq 12", "double quotes"),
        ('colour eq "red"', "colour is no attribute"),
        ('hireDate co "2026"', "is a time"),
        ('hireDate gt "soon"', "is not a time"),
        ('hireDate gt "a while ago"', "or 60d ago"),
        ('never_signed_in eq "true"', "is no attribute"),
        ('emails[type eq "work"] pr', "square brackets"),
        ("userName eq 'ann'", "Illegal character"),
        ('active gt "x"', "active compares"),
    ],
)
def test_a_filter_that_cannot_be_used_says_why(text, problem):
    """The policy refuses it when it is read, not when it runs."""
    with pytest.raises(ValidationError, match=problem):
        TypeAdapter(Filter).validate_python(text)


def test_nobody_satisfies_a_filter_over_nobody():
    """An empty frame gives an empty answer of booleans."""
    assert pd.Series([], dtype="boolean").equals(matches('userName eq "ann"', PEOPLE.iloc[:0], NOW))
