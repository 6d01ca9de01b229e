"""Connections are opened as the policy allows, each by itself."""

from __future__ import annotations

import pytest

from provisioning.policy.policy import Policy, load
from provisioning.policy.yaml_file import PolicyError
from tasks.connections import open_sink, open_source
from tasks.policy_file import ConnectorOptions
from transport.door import Door
from transport.errors import ACCEPTED, ClearText

POLICY = """
version: 1
connections:
  okta: {{kind: okta, url: 'http://okta.acme.test', token: 'env:TOKEN'{okta}}}
  jira:
    kind: jira_dc
    url: http://jira.acme.test
    token: env:TOKEN{jira}
sources: [{{from: okta}}]
targets: [{{to: jira}}]
"""
YES = f"insecure: {ACCEPTED}"


def policy(okta: str = "", jira: str = "") -> Policy:
    text = POLICY.format(okta=okta and f", {okta}", jira=jira and f"\n    {jira}")
    return load(text, origin="policy.yaml", connection_options=ConnectorOptions())


def test_clear_text_is_refused_for_every_kind_unless_the_connection_accepts_it(tmp_path, monkeypatch):
    """What one connection accepts, another does not."""
    monkeypatch.setenv("TOKEN", "a-made-up-token")
    door = Door()

    with pytest.raises(ClearText):
        open_source(policy(jira=YES), "okta", door, tmp_path).check()
    with pytest.raises(ClearText):
        open_sink(policy(okta=YES), "jira", door, tmp_path).check()
    assert open_source(policy(okta=YES), "okta", door, tmp_path)
    assert open_sink(policy(jira=YES), "jira", door, tmp_path)


@pytest.mark.parametrize("words", ["insecure: yes", "insecure: true", "insecure: I accept"])
def test_the_words_are_written_out(words):
    """What is accepted in passing is not accepted."""
    with pytest.raises(PolicyError) as refused:
        policy(jira=words)

    (mistake,) = refused.value.mistakes
    assert (mistake.line, mistake.where) == (9, "connections.jira.insecure")
    assert ACCEPTED in mistake.expected


def test_it_decides_nothing():
    """A plan stays the same plan, however its connections are carried."""
    assert policy().fingerprint() == policy(okta=YES, jira=YES).fingerprint()
