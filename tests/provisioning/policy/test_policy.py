"""The policy file: read whole or refused whole, with the line of every mistake."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from pydantic import BaseModel, ConfigDict, SecretStr

from provisioning.policy.json_schema import json_schema
from provisioning.policy.policy import Policy, PolicyError, load

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / "config" / "policy.yaml").read_text(encoding="utf-8")
SMALL = """\
version: 1
connections:
  idp: {kind: okta, url: https://acme.okta.test, token: 'env:TOKEN'}
  cloud: {kind: okta, url: https://cloud.test}
sources:
  - from: idp
targets:
  - to: cloud
"""


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str
    token: SecretStr | None = None


def mistakes(text: str, **options: type[BaseModel]) -> list[str]:
    """The lines of the refusal, without the name of the file."""
    with pytest.raises(PolicyError) as refusal:
        load(text, origin="policy.yaml", connection_options=options)
    return refusal.value.message.replace("policy.yaml, ", "").splitlines()


def test_the_example_says_what_it_says():
    """The example in config reads as its comments promise."""
    policy = load(EXAMPLE, origin="policy.yaml")
    rules = policy.target("acme-cloud")

    assert [timedelta(0), timedelta(days=7), timedelta(days=90)] == [stage.after for stage in rules.leaver]
    assert policy.limits.destructive.share == 0.05
    assert rules.groups.map["atl-jira-dev"][1:] == ["developers"]
    assert policy.connections["okta-main"].kind == "okta"
    assert policy.connections["okta-main"].options["token"] == "env:OKTA_TOKEN"


def test_the_smallest_file_has_safe_defaults():
    """Without a word about it nothing is taken, and apps and customers are protected."""
    policy = load(SMALL, origin="policy.yaml")
    rules = policy.target("cloud")

    assert (rules.leaver, rules.inactive, rules.groups.may_remove) == ([], [], [])
    assert policy.protect.kinds == ["app", "customer"]
    assert policy.limits.destructive.count == 50


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        ("protcet:", "protect:", "line 45: protcet: unknown key"),
        ("do: delet}", "do: delete}", "did you mean delete?"),
        ("after: 7 days", "after: 7d", "a duration is expected, such as 7d, 24h or 30m, not '7 days'"),
        ("share: 5}", "share: 5%}", "a share is expected, such as 5% or 40%, not 5"),
        (
            "to: acme-clod",
            "to: acme-cloud",
            "targets[0].to: a name from connections is expected, not 'acme-clod'",
        ),
        ("from: okta-min", "from: okta-main", "did you mean okta-main?"),
        ("[usr_name, email]", "[user_name, email]", "did you mean user_name?"),
        ("'{givn_name} {", "'{given_name} {", "did you mean given_name?"),
        ("usertyp eq", "userType eq", "usertyp is no attribute of an identity; did you mean user_type?"),
        ("[trm, lower", "[trim, lower", "transform[0]: trim or lower or upper is expected, not 'trm'"),
        ("to: '$2'}]}", "to: '$1'}]}", "the regular expression has no group 2"),
        ("regex: '(.*@", "regex: '(.*)@", "a regular expression is expected"),
        ("version: 2", "version: 1", "line 4: version: 1 is expected, not 2"),
        ("count: many", "count: 50", "limits.destructive.count: a valid integer is expected, not 'many'"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_nearest_word(wrong, right, told):
    """One wrong word gives one line that names the place and what was expected."""
    assert right in EXAMPLE

    found = mistakes(EXAMPLE.replace(right, wrong, 1))

    assert len(found) == 1, found
    assert told in found[0]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file():
    """A file with several mistakes is corrected in one go."""
    wrong = EXAMPLE.replace("do: delete}", "do: delet}").replace("to: acme-cloud", "too: acme-cloud")

    lines = [int(line.split(":")[0].removeprefix("line ")) for line in mistakes(wrong)]

    assert sorted(lines) == lines
    assert len(lines) == 3


def test_a_key_that_stands_twice_is_refused():
    """YAML would keep the last one in silence."""
    expected = "line 9: version: the key already stands in line 1; remove one of the two"
    assert mistakes(SMALL + "version: 1\n") == [expected]


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "a: !!python/object:os.system {}\n"])
def test_what_is_no_policy_is_refused_and_never_run(text):
    """Broken YAML, other YAML and YAML that wants to be code are refused with a line."""
    assert "line " in mistakes(text)[0]


def test_a_secret_in_the_file_is_refused_without_repeating_it():
    """A literal secret is an error; the message tells where secrets go, and not the secret."""
    found = mistakes(SMALL.replace("env:TOKEN", "00aBcDsEcReT"), okta=Options)

    remedy = "write env:NAME, block:NAME or file:PATH and keep it there"
    assert found == [f"line 3: connections.idp.token: a secret never stands in the file; {remedy}"]


def test_options_are_checked_by_the_model_of_their_kind():
    """An unknown kind, an unknown option and a missing one are told with their lines."""
    wrong = SMALL.replace("{kind: okta, url: https://cloud.test}", "{kind: okat, url: https://cloud.test}")
    wrong = wrong.replace("url: https://acme.okta.test", "ulr: https://acme.okta.test")

    found = mistakes(wrong, okta=Options)

    assert found == [
        "line 3: connections.idp.ulr: unknown key; token, url are known here; did you mean url?",
        "line 3: connections.idp.url: this key is required; add `url`",
        "line 4: connections.cloud.kind: one of okta is expected, not 'okat'; did you mean okta?",
    ]


def test_a_connection_is_a_target_once():
    """Two sets of rules for one target would contradict each other."""
    expected = "line 9: targets[1].to: 'cloud' already stands above; join the two"
    assert mistakes(SMALL + "  - to: cloud\n") == [expected]


def test_leaver_stages_come_in_order():
    """A stage that comes later in the list does not happen earlier."""
    wrong = SMALL + "    leaver: [{after: 7d, do: suspend}, {after: 1d, do: delete}]\n"

    assert "leaver stages are expected in the order of their days" in mistakes(wrong)[0]


def test_the_fingerprint_covers_what_decides_and_nothing_else():
    """Other rules are another policy; another ledger, report, price book or secret is not."""
    policy = load(SMALL, origin="p").fingerprint()

    same = SMALL + "ledger: sqlite:///other.db\nprices: p.yaml\nreport: {idle: 9d}\n"
    assert policy == load(same.replace("env:TOKEN", "env:OTHER"), origin="p").fingerprint()
    assert policy != load(SMALL + "limits: {source_drop: 9%}\n", origin="p").fingerprint()
    assert policy != load(SMALL.replace("acme.okta", "other.okta"), origin="p").fingerprint()


def test_the_schema_and_the_page_are_up_to_date():
    """config/policy.schema.json and docs/policy.md are what the models say now."""
    from tasks.schema import written

    for path, text in written().items():
        up_to_date = text == path.read_text(encoding="utf-8")
        assert up_to_date, f"the models changed: run `make schema` and commit {path.name}"


def test_the_schema_accepts_the_example_and_refuses_mistakes():
    """An editor sees what `seatwise check` sees."""
    from tasks.policy_file import ConnectorOptions

    checker = jsonschema_rs.validator_for(json_schema(ConnectorOptions()))
    checker.validate(yaml.safe_load(EXAMPLE))
    for wrong in (
        EXAMPLE.replace("protect:", "protcet:"),
        EXAMPLE.replace("'env:OKTA_TOKEN'", "00abc"),
        EXAMPLE.replace("after: 7d", "after: soon"),
    ):
        assert not checker.is_valid(yaml.safe_load(wrong))


def test_the_example_is_good_for_the_connectors_there_are():
    """The example loads with the options of the real connectors."""
    from tasks.policy_file import ConnectorOptions

    assert load(EXAMPLE, origin="policy.yaml", connection_options=ConnectorOptions())


def test_the_schema_without_connectors_takes_any_connection():
    """Without models the schema still knows everything else."""
    checker = jsonschema_rs.validator_for(json_schema())

    checker.validate(yaml.safe_load(SMALL))


def test_rules_of_an_unknown_target_are_a_key_error():
    """Asking for a target the policy does not write is a mistake of the caller."""
    with pytest.raises(KeyError):
        Policy.model_validate(yaml.safe_load(SMALL)).target("nowhere")


@pytest.mark.parametrize(
    ("retention", "expected"),
    [
        ("{snapshots: 7d}", "30d"),
        ("{undo: 60d, runs: 50d}", "as long as undo"),
        ("{undo: 60d, people: 59d}", "as long as undo"),
    ],
)
def test_what_later_runs_need_cannot_be_pruned(retention, expected):
    """Losses are judged over thirty days of reads, and a run that can be taken back is whole."""
    with pytest.raises(PolicyError, match=expected):
        load(f"{SMALL}\nretention: {retention}\n", origin="policy.yaml")
