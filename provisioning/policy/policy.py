"""The policy: one file that says what is read, what is written and under which rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import orjson
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, model_validator

from provisioning.policy.policy_file import (
    Document,
    Mistake,
    Path,
    PolicyError,
    dotted,
    mistakes,
    nearest,
    read,
)
from provisioning.policy.rules import Approve, Limits, Protect, Report, SourceRules, Strict, TargetRules
from provisioning.policy.values import REFERENCE, is_reference

__all__ = ["Connection", "Policy", "PolicyError", "json_schema", "load"]

OptionModels = Mapping[str, type[BaseModel]]
_REMEDY = "a secret never stands in the file; write env:NAME, block:NAME or file:PATH and keep it there"


class Connection(BaseModel):
    """One system to read or write: its kind, and the options that kind has."""

    model_config = ConfigDict(frozen=True)

    kind: str
    options: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: Any) -> Any:
        if isinstance(value, dict) and set(value) != {"kind", "options"}:
            return {"kind": value.get("kind"), "options": {k: v for k, v in value.items() if k != "kind"}}
        return value


class Policy(Strict):
    """The whole policy file."""

    version: Literal[1]
    ledger: str = "sqlite:///seatwise.db"
    connections: dict[str, Connection]
    sources: list[SourceRules]
    targets: list[TargetRules]
    protect: Protect = Protect()
    limits: Limits = Limits()
    approve: Approve = Approve()
    prices: str | None = None
    report: Report = Report()

    def target(self, name: str) -> TargetRules:
        """Rules of one target.

        Raises:
            KeyError: the policy writes no such target.
        """
        for rules in self.targets:
            if rules.to == name:
                return rules
        raise KeyError(name)

    def fingerprint(self) -> str:
        """Hash of what decides: not how often is read, ledger, report, prices, approvals or secrets."""
        deciding = self.model_dump(
            mode="json",
            include={"version", "sources", "targets", "protect", "limits"},
            exclude={"sources": {"__all__": {"full_every"}}},
            by_alias=True,
        )
        deciding["connections"] = {
            name: {"kind": it.kind, **{k: v for k, v in it.options.items() if not is_reference(v)}}
            for name, it in self.connections.items()
        }
        packed = orjson.dumps(deciding, option=orjson.OPT_SORT_KEYS, default=str)
        return hashlib.sha256(packed).hexdigest()


def load(text: str, *, origin: str, connection_options: OptionModels | None = None) -> Policy:
    """Read a policy file.

    Args:
        text: the YAML.
        origin: name of the file, for messages.
        connection_options: model of the options of each kind of connection; their `SecretStr`
            fields hold a reference. Without models the options are taken as they stand.

    Raises:
        PolicyError: all the mistakes, each with its line and what was expected.
    """
    document = read(text, origin)
    options = connection_options or {}
    found = list(_connection_mistakes(document, options))
    try:
        policy = Policy.model_validate(document.values)
    except ValidationError as error:
        found += [it for _, it in mistakes(document, error.errors(), Policy.model_json_schema())]
        raise PolicyError(origin, found) from None
    found += _cross_mistakes(document, policy)
    if found:
        raise PolicyError(origin, found)
    return policy


def json_schema(connection_options: OptionModels | None = None) -> dict[str, Any]:
    """JSON Schema of the policy file, for editors; connections by kind when models are given."""
    schema = Policy.model_json_schema(by_alias=True)
    variants = []
    for kind, model in sorted((connection_options or {}).items()):
        # Two connectors, or a connector and the policy, may use one name for different models.
        part = model.model_json_schema(by_alias=True, ref_template=f"#/$defs/{kind}.{{model}}")
        schema["$defs"].update({f"{kind}.{name}": one for name, one in part.pop("$defs", {}).items()})
        part["properties"] = {"kind": {"const": kind}, **part.get("properties", {})}
        part["required"] = ["kind", *part.get("required", [])]
        variants.append(_with_references({**part, "additionalProperties": False}))
    loose = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
    schema["$defs"]["Connection"] = {"oneOf": variants} if variants else loose
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Seatwise policy"}


def _with_references(part: Any) -> Any:
    """Say of every secret in a schema that it is a reference."""
    if isinstance(part, list):
        return [_with_references(child) for child in part]
    if not isinstance(part, dict):
        return part
    found = {key: _with_references(child) for key, child in part.items()}
    return {**found, "pattern": f"^({REFERENCE.pattern})$"} if found.get("format") == "password" else found


def _connection_mistakes(document: Document, options: OptionModels) -> Iterable[Mistake]:
    """What is wrong with the options of connections, by the model of their kind."""
    connections = document.values.get("connections")
    if not options or not isinstance(connections, dict):
        return
    for name, stated in connections.items():
        if not isinstance(stated, dict) or not isinstance(stated.get("kind"), str):
            continue
        place: Path = ("connections", str(name))
        if stated["kind"] not in options:
            known = f"one of {', '.join(sorted(options))} is expected, not {stated['kind']!r}"
            path = (*place, "kind")
            yield Mistake(document.line(path), dotted(path), known, nearest(stated["kind"], options))
            continue
        yield from _option_mistakes(document, place, stated, options[stated["kind"]])


def _option_mistakes(
    document: Document, place: Path, stated: dict[str, Any], model: type[BaseModel]
) -> Iterable[Mistake]:
    given = {key: value for key, value in stated.items() if key != "kind"}
    for key in _secret_fields(model) & set(given):
        if given[key] is not None and not is_reference(given[key]):
            path = (*place, key)
            yield Mistake(document.line(path), dotted(path), _REMEDY)
    try:
        model.model_validate(given)
    except ValidationError as error:
        # Inputs stay out: an option may hold what its author took for a place to keep a secret.
        found = mistakes(document, error.errors(include_input=False), model.model_json_schema())
        for path, it in found:
            yield it._replace(line=document.line(place + path), where=dotted(place + path))


def _secret_fields(model: type[BaseModel]) -> set[str]:
    """Names, as the file writes them, of the fields that hold a secret."""
    return {
        field.alias or name
        for name, field in model.model_fields.items()
        if SecretStr in {field.annotation, *get_args(field.annotation)}
    }


def _cross_mistakes(document: Document, policy: Policy) -> Iterable[Mistake]:
    """References inside the file that lead nowhere, and names that stand twice."""
    sources = [("from", rules.origin) for rules in policy.sources]
    targets = [("to", rules.to) for rules in policy.targets]
    for kind, named in (("sources", sources), ("targets", targets)):
        seen: set[str] = set()
        for number, (key, name) in enumerate(named):
            path: Path = (kind, number, key)
            if name not in policy.connections:
                expected = f"a name from connections is expected, not {name!r}"
                found = nearest(name, policy.connections)
                yield Mistake(document.line(path), dotted(path), expected, found)
            if name in seen:
                yield Mistake(document.line(path), dotted(path), f"{name!r} already stands above")
            seen.add(name)
