"""The policy: one file that says what is read, what is written and under which rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, model_validator

from provisioning.policy_file import Document, Mistake, PolicyError, mistake, nearest, read
from provisioning.rules import Approve, Limits, Protect, Report, SourceRules, Strict, TargetRules
from provisioning.values import is_reference

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
        """Hash of everything that decides: not the ledger, the report, prices, approvals or secrets."""
        deciding = self.model_dump(
            mode="json", include={"version", "sources", "targets", "protect", "limits"}, by_alias=True
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
    mistakes = list(_connection_mistakes(document, options))
    try:
        policy = Policy.model_validate(document.values)
    except ValidationError as error:
        schema = Policy.model_json_schema()
        mistakes += [mistake(document, problem, schema) for problem in map(dict, error.errors())]
        raise PolicyError(origin, mistakes) from None
    mistakes += _cross_mistakes(document, policy)
    if mistakes:
        raise PolicyError(origin, mistakes)
    return policy


def json_schema(connection_options: OptionModels | None = None) -> dict[str, Any]:
    """JSON Schema of the policy file, for editors; connections by kind when models are given."""
    schema = Policy.model_json_schema(by_alias=True)
    variants = []
    for kind, model in sorted((connection_options or {}).items()):
        part = model.model_json_schema(by_alias=True)
        schema["$defs"].update(part.pop("$defs", {}))
        part["properties"] = {"kind": {"const": kind}, **part.get("properties", {})}
        part["required"] = ["kind", *part.get("required", [])]
        variants.append({**part, "additionalProperties": False})
    loose = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
    schema["$defs"]["Connection"] = {"oneOf": variants} if variants else loose
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Seatwise policy"}


def _connection_mistakes(document: Document, options: OptionModels) -> Iterable[Mistake]:
    """What is wrong with the options of connections, by the model of their kind."""
    connections = document.values.get("connections")
    if not options or not isinstance(connections, dict):
        return
    for name, stated in connections.items():
        if not isinstance(stated, dict) or not isinstance(stated.get("kind"), str):
            continue
        place = ("connections", name)
        if stated["kind"] not in options:
            known = f"one of {', '.join(sorted(options))} is expected, not {stated['kind']!r}"
            yield Mistake(document.line((*place, "kind")), f"connections.{name}.kind", known,
                          nearest(stated["kind"], options))  # fmt: skip
            continue
        yield from _option_mistakes(document, place, stated, options[stated["kind"]])


def _option_mistakes(
    document: Document, place: tuple[str, ...], stated: dict[str, Any], model: type[BaseModel]
) -> Iterable[Mistake]:
    given = {key: value for key, value in stated.items() if key != "kind"}
    for key in _secret_fields(model) & set(given):
        if given[key] is not None and not is_reference(given[key]):
            where = ".".join((*place, key))
            yield Mistake(document.line((*place, key)), where, _REMEDY)
    try:
        model.model_validate(given)
    except ValidationError as error:
        schema = model.model_json_schema()
        for problem in map(dict, error.errors(include_input=False)):
            inner = {**problem, "input": None}
            found = mistake(document, inner, schema)
            path = (*place, *problem["loc"])
            yield found._replace(line=document.line(path), where=".".join(map(str, path)))


def _secret_fields(model: type[BaseModel]) -> set[str]:
    """Names, as the file writes them, of the fields that hold a secret."""
    return {
        field.alias or name for name, field in model.model_fields.items() if "SecretStr" in str(field.annotation)
        or field.annotation is SecretStr
    }  # fmt: skip


def _cross_mistakes(document: Document, policy: Policy) -> Iterable[Mistake]:
    """References inside the file that lead nowhere, and names that stand twice."""
    uses = [(("sources", n, "from"), rules.origin) for n, rules in enumerate(policy.sources)]
    uses += [(("targets", n, "to"), rules.to) for n, rules in enumerate(policy.targets)]
    for path, name in uses:
        where = f"{path[0]}[{path[1]}].{path[2]}"
        if name not in policy.connections:
            expected = f"a name from connections is expected, not {name!r}"
            yield Mistake(document.line(path), where, expected, nearest(name, policy.connections))
    for kind in ("sources", "targets"):
        named = [(path, name) for path, name in uses if path[0] == kind]
        seen: set[str] = set()
        for path, name in named:
            if name in seen:
                yield Mistake(document.line(path), f"{kind}[{path[1]}].{path[2]}", f"{name!r} already stands above")
            seen.add(name)
