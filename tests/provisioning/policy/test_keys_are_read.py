"""Every key of the policy does something: what a file may say and nobody reads is a promise broken.

The test follows values of the policy's models through the product's code: parameters and attributes by their
annotations, names by what is assigned to them. A read of `agreed.currency`, where `agreed` is no part of the
policy, is no read of `report.currency`.
"""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from provisioning.policy.policy import Connection, Policy
from tests.provisioning.policy.key_reads import Model, models, reads

ROOT = Path(__file__).parents[3]
ROOMS = ("flows", "tasks", "sources", "sinks", "ledger", "reports", "provisioning")
DECLARING = {
    "policy.py",
    "rules.py",
    "retention.py",
    "values.py",
    "yaml_file.py",
    "mistakes.py",
    "json_schema.py",
    "reference.py",
}
"""Modules of provisioning/policy that state or check keys; what they read has no effect on a run."""


def keys(model: Model, seen: set[Model]) -> Iterator[tuple[Model, str]]:
    """Every field of a model and of the models in it."""
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        yield model, name
        for below in models(field.annotation):
            yield from keys(below, seen)


def matters(model: Model, name: str) -> bool:
    """Whether a field can have more than one value; a key with one word says the same in every file."""
    annotation = model.model_fields[name].annotation
    return typing.get_origin(annotation) is not typing.Literal or len(typing.get_args(annotation)) > 1


STATED = {(model.__name__, name): model for model, name in keys(Policy, set()) if matters(model, name)}
MODELS = {
    base.__name__: base
    for model in STATED.values()
    for base in model.__mro__
    if issubclass(base, BaseModel) and base.model_fields
}


def trees() -> Iterator[ast.Module]:
    """The product's modules, without those that only state and check keys."""
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    files = [path for path in files if path.parent.name != "policy" or path.name not in DECLARING]
    return (ast.parse(path.read_text(encoding="utf-8")) for path in files)


@pytest.fixture(scope="module")
def read() -> set[tuple[str, str]]:
    """The keys that the product reads."""
    return reads(trees(), MODELS)


@pytest.mark.parametrize("key", sorted(STATED), ids=".".join)
def test_every_key_of_the_policy_is_read_by_something(key, read):
    """Wire the key or remove it; a key that is accepted and ignored deceives whoever wrote it."""
    assert key in read


def test_a_read_of_the_same_word_elsewhere_is_no_read_of_the_key():
    """What is called currency in a price book, or count on a list, says nothing of the policy."""
    code = """
def bill(policy: Policy, agreed, names):
    rules = policy.report
    names.count(agreed.currency)
    return rules.by, [rule.idle for target in policy.targets for rule in target.inactive]
"""
    assert {("Report", "by"), ("Inactive", "idle"), ("Policy", "report")} <= reads([ast.parse(code)], MODELS)
    assert not {("Report", "currency"), ("Destructive", "count")} & reads([ast.parse(code)], MODELS)


def test_connections_are_known_to_the_test():
    """The walk reaches what lies deepest."""
    assert {("Connection", "kind"), ("Lookup", "otherwise"), ("Destructive", "share")} <= set(STATED)
    assert Connection in MODELS.values()
