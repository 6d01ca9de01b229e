"""Forms that offer a choice: what a JSON Schema validator of others takes and refuses."""

from __future__ import annotations

import jsonschema_rs
import pytest

from flows.apply import apply
from flows.sync import sync
from flows.undo import undo
from tasks.choices import with_choices, with_policies

PLAN = "3f2a9c1b77aa acme-cloud: 12 changes to approve"
RUN = "20261129-153831-gym7 sync: 12 changes applied"


def taken(form: dict, **values: object) -> bool:
    """Whether the server would start a run of these values."""
    return jsonschema_rs.is_valid(form, values)


def test_a_policy_is_one_that_the_deployment_knows():
    form = sync.parameters.model_dump()

    chosen = with_policies(form, "policy.yaml", ["acme.yaml", "block:bolt"])

    assert chosen["properties"]["config"]["enum"] == ["policy.yaml", "acme.yaml", "block:bolt"]
    assert chosen["properties"]["config"]["title"] == "Policy"
    assert taken(chosen, config="block:bolt")
    assert not taken(chosen, config="another.yaml")
    assert with_policies(form, "policy.yaml", []) == form


@pytest.mark.parametrize(
    ("flow", "field", "choice", "typed", "wrong"),
    [(apply, "plan", PLAN, "3f2a9c1b", "no plan"), (undo, "run_id", RUN, "20261129-15", "yesterday's")],
)
def test_what_is_offered_is_chosen_or_typed_and_nothing_else(flow, field, choice, typed, wrong):
    form = flow.parameters.model_dump()

    offered = with_choices(form, field, [choice])

    assert taken(offered, **{field: choice})
    assert taken(offered, **{field: typed})
    assert not taken(offered, **{field: wrong})
    assert not taken(offered, **{field: choice.replace("12", "13")})
    assert with_choices(offered, field, [choice]) == offered
    # Nothing left to choose: the form is as it was.
    assert not taken(with_choices(offered, field, []), **{field: choice})
    assert taken(with_choices(offered, field, []), **{field: typed})


def test_the_flow_takes_what_stands_first_in_a_choice():
    assert apply.validate_parameters({"plan": PLAN, "config": "p", "out": "o"})["plan"] == "3f2a9c1b77aa"
    assert undo.validate_parameters({"run_id": RUN})["run_id"] == "20261129-153831-gym7"
