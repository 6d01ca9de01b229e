"""User names that would break single sign-on are reported."""

from __future__ import annotations

import pytest

from tests.provisioning.worlds import account, identity, messages, policy, source, target, think

RULES = {"sso_name_id": "email", "attributes": {"user_name": {"from": ["user_name"]}}}


def told(user_name: str, *, held: str | None = None, **rules: object) -> str:
    """The notes about one identity, with an account of its own if `held` names one."""
    accounts = [account("ada", user_name=held)] if held else []
    idp = source([identity("ada", user_name=user_name)])
    return messages(think(idp, target(accounts), policy(**{**RULES, **rules})))


@pytest.mark.parametrize("user_name", ["ada@acme.test", "ADA@acme.test"])
def test_a_name_that_equals_the_name_id_is_fine(user_name: str):
    assert "SAML" not in told(user_name)


def test_a_name_an_account_would_get_is_reported_with_the_person():
    """The account would be created, and its holder could not sign in."""
    assert "1 person cannot sign in by SAML" in told("ada")
    assert "ada@acme.test" in told("ada")


def test_a_name_an_account_has_counts_more_than_the_one_it_would_get():
    assert "SAML" in told("ada@acme.test", held="ada")
    assert "SAML" not in told("ada", held="ada@acme.test")


def test_nothing_is_said_where_the_policy_does_not_name_the_name_id():
    assert "SAML" not in told("ada", sso_name_id=None)
